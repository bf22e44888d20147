/**
 * The tasks that may start, the most urgent first.
 *
 * Those that need a device wait in a row of their own, since it may be taken while
 * there is room for others.
 */
import { NumberHeap } from "../base/heap.ts";

/** A queue of keys by priority, the highest first; equal ones in the order of the map. */
export class ReadyQueue {
  readonly #places = new Map<string, number>();
  readonly #keys: string[];
  readonly #priorities: number[];
  readonly #needsDevice: (key: string) => boolean;
  /** Places of the keys that need no device, and of those that do. */
  readonly #free = new NumberHeap();
  readonly #bound = new NumberHeap();

  /**
   * Starts empty.
   *
   * @param priorities of every key that may ever be pushed
   * @param needsDevice tells of a key whether it needs the device; none does if absent
   */
  constructor(
    priorities: ReadonlyMap<string, number>,
    needsDevice: (key: string) => boolean = () => false,
  ) {
    this.#needsDevice = needsDevice;
    this.#keys = [...priorities.keys()];
    this.#priorities = [...priorities.values()];
    for (const [place, key] of this.#keys.entries()) this.#places.set(key, place);
  }

  /** Adds a key. */
  push(key: string): void {
    const place = this.#places.get(key)!;
    const row = this.#needsDevice(key) ? this.#bound : this.#free;
    row.push(place, this.#priorities[place]!);
  }

  /** Takes the most urgent key that may start; undefined when there is none. */
  pop({ isDeviceTaken = false }: { readonly isDeviceTaken?: boolean } = {}): string | undefined {
    const free = this.#free.peek(), bound = isDeviceTaken ? undefined : this.#bound.peek();
    const isBoundFirst = bound !== undefined &&
      (free === undefined || bound.priority > free.priority ||
        (bound.priority === free.priority && bound.item < free.item));
    const top = (isBoundFirst ? this.#bound : this.#free).pop();
    return top === undefined ? undefined : this.#keys[top.item];
  }
}
