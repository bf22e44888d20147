/** The tasks that may start, the most urgent first: a binary heap over their keys. */

/** A queue of keys by priority, the highest first; equal ones in the order of the map. */
export class ReadyQueue {
  readonly #rank = new Map<string, number>();
  /** A heap of ranks: each is below both of its children. */
  readonly #heap: number[] = [];
  readonly #keys: string[];

  /**
   * Starts empty.
   *
   * @param priorities of every key that may ever be pushed
   */
  constructor(priorities: ReadonlyMap<string, number>) {
    const sorted = [...priorities].map(([key, priority], index) => ({ key, priority, index }))
      .sort((a, b) => b.priority - a.priority || a.index - b.index);
    this.#keys = sorted.map(({ key }) => key);
    for (const [rank, key] of this.#keys.entries()) this.#rank.set(key, rank);
  }

  /** Adds a key. */
  push(key: string): void {
    const heap = this.#heap;
    heap.push(this.#rank.get(key)!);
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= heap[at]!) break;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  /** Takes the most urgent key; undefined when there is none. */
  pop(): string | undefined {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    return this.#keys[top];
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && heap[child]! < heap[least]!) least = child;
      }
      if (least === at) return;
      [heap[least], heap[at]] = [heap[at]!, heap[least]!];
      at = least;
    }
  }
}
