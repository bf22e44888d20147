/**
 * The tasks that may start, the most urgent first.
 *
 * Those that need a device wait in a row of their own, since it may be taken while there is
 * room for others. Of that row none passes the first, though it might find a place: a task that
 * takes all places would never get them.
 */
import { NumberHeap } from "../base/heap.ts";

/** A queue of keys by priority, the highest first; equal ones in the order of the map. */
export class ReadyQueue {
  readonly #places = new Map<string, number>();
  readonly #keys: string[];
  readonly #priorities: number[];
  readonly #takes: (key: string) => number;
  /** Places of the keys that need no device, and of those that do. */
  readonly #free = new NumberHeap();
  readonly #bound = new NumberHeap();

  /**
   * Starts empty.
   *
   * @param priorities of every key that may ever be pushed
   * @param takes how many places of the device a key takes; none if absent
   */
  constructor(
    priorities: ReadonlyMap<string, number>,
    takes: (key: string) => number = () => 0,
  ) {
    this.#takes = takes;
    this.#keys = [...priorities.keys()];
    this.#priorities = [...priorities.values()];
    for (const [place, key] of this.#keys.entries()) this.#places.set(key, place);
  }

  /** Adds a key. */
  push(key: string): void {
    const place = this.#places.get(key)!;
    const row = this.#takes(key) > 0 ? this.#bound : this.#free;
    row.push(place, this.#priorities[place]!);
  }

  /**
   * Takes the most urgent key that may start; undefined when there is none.
   *
   * @param options free: places of the device that are free; absent: all
   */
  pop({ free: places = Infinity }: { readonly free?: number } = {}): string | undefined {
    const free = this.#free.peek(), bound = this.#bound.peek();
    const hasPlaces = bound !== undefined && this.#takes(this.#keys[bound.item]!) <= places;
    const isBoundFirst = hasPlaces &&
      (free === undefined || bound.priority > free.priority ||
        (bound.priority === free.priority && bound.item < free.item));
    const top = (isBoundFirst ? this.#bound : this.#free).pop();
    return top === undefined ? undefined : this.#keys[top.item];
  }
}
