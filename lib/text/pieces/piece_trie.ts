/**
 * The longest piece that a text goes on with, found one character at a time.
 *
 * A trie over UTF-16 code units whose edges live in one open-addressing table, so
 * that a step costs an array access or two and no string is made.
 */

const NONE = -1;

/** Pieces by their characters. */
export class PieceTrie {
  /** By node, the id of the piece that ends there. */
  readonly #ids: number[] = [NONE];
  /** By slot: the node an edge leaves (NONE if the slot is free), its code unit, where it leads. */
  #from = new Int32Array(1024).fill(NONE);
  #unit = new Uint16Array(1024);
  #to = new Int32Array(1024);

  /** The end of the match that `longest` found last. */
  end = 0;

  /** Adds a piece; one without characters is never found. */
  add(piece: string, id: number): void {
    let node = 0;
    for (let i = 0; i < piece.length; i++) {
      const unit = piece.charCodeAt(i);
      const next = this.#step(node, unit);
      node = next === NONE ? this.#grow(node, unit) : next;
    }
    this.#ids[node] = id;
  }

  /** The id of the longest piece that stands in a text at a place, and sets `end`; -1 if none. */
  longest(text: string, start: number): number {
    let found = NONE;
    let node = 0;
    for (let i = start; i < text.length; i++) {
      node = this.#step(node, text.charCodeAt(i));
      if (node === NONE) break;
      const id = this.#ids[node]!;
      if (id !== NONE) {
        found = id;
        this.end = i + 1;
      }
    }
    return found;
  }

  #step(node: number, unit: number): number {
    const from = this.#from, mask = from.length - 1;
    let slot = hash(node, unit) & mask;
    while (from[slot] !== NONE) {
      if (from[slot] === node && this.#unit[slot] === unit) return this.#to[slot]!;
      slot = (slot + 1) & mask;
    }
    return NONE;
  }

  #grow(node: number, unit: number): number {
    // At most half of the slots are taken, so that a search soon meets a free one.
    if (2 * this.#ids.length > this.#from.length) this.#rehash();
    const next = this.#ids.push(NONE) - 1;
    this.#put(node, unit, next);
    return next;
  }

  #put(node: number, unit: number, next: number): void {
    const mask = this.#from.length - 1;
    let slot = hash(node, unit) & mask;
    while (this.#from[slot] !== NONE) slot = (slot + 1) & mask;
    this.#from[slot] = node;
    this.#unit[slot] = unit;
    this.#to[slot] = next;
  }

  #rehash(): void {
    const from = this.#from, unit = this.#unit, to = this.#to;
    this.#from = new Int32Array(2 * from.length).fill(NONE);
    this.#unit = new Uint16Array(2 * from.length);
    this.#to = new Int32Array(2 * from.length);
    for (let slot = 0; slot < from.length; slot++) {
      if (from[slot] !== NONE) this.#put(from[slot]!, unit[slot]!, to[slot]!);
    }
  }
}

function hash(node: number, unit: number): number {
  const mixed = Math.imul(node, 0x9E3779B1) + Math.imul(unit, 0x85EBCA6B);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
