/** The tasks that may start, the most urgent first. */
import { NumberHeap } from "../base/heap.ts";

/** A queue of keys by priority, the highest first; equal ones in the order of the map. */
export class ReadyQueue {
  readonly #places = new Map<string, number>();
  readonly #keys: string[];
  readonly #priorities: number[];
  /** Places of the keys. */
  readonly #heap = new NumberHeap();

  /**
   * Starts empty.
   *
   * @param priorities of every key that may ever be pushed
   */
  constructor(priorities: ReadonlyMap<string, number>) {
    this.#keys = [...priorities.keys()];
    this.#priorities = [...priorities.values()];
    for (const [place, key] of this.#keys.entries()) this.#places.set(key, place);
  }

  /** Adds a key. */
  push(key: string): void {
    const place = this.#places.get(key)!;
    this.#heap.push(place, this.#priorities[place]!);
  }

  /** Takes the most urgent key; undefined when there is none. */
  pop(): string | undefined {
    const top = this.#heap.pop();
    return top === undefined ? undefined : this.#keys[top.item];
  }
}
