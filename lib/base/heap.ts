/**
 * A priority queue of whole numbers: a binary heap in two lists of numbers, so that
 * millions of entries cost no object each.
 */

/** Numbers by priority, the highest first; of equal ones the lower number comes first. */
export class NumberHeap {
  readonly #priorities: number[] = [];
  readonly #items: number[] = [];

  /** How many entries there are. */
  get size(): number {
    return this.#items.length;
  }

  /** Adds a number; one that is in it already is not moved, but added again. */
  push(item: number, priority: number): void {
    const priorities = this.#priorities, items = this.#items;
    let place = items.length;
    priorities.push(priority);
    items.push(item);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(item, priority, parent)) break;
      priorities[place] = priorities[parent]!;
      items[place] = items[parent]!;
      place = parent;
    }
    priorities[place] = priority;
    items[place] = item;
  }

  /** The first entry, left where it is; undefined when there is none. */
  peek(): { readonly item: number; readonly priority: number } | undefined {
    if (this.#items.length === 0) return undefined;
    return { item: this.#items[0]!, priority: this.#priorities[0]! };
  }

  /** Takes out the first entry; undefined when there is none. */
  pop(): { readonly item: number; readonly priority: number } | undefined {
    const priorities = this.#priorities, items = this.#items;
    if (items.length === 0) return undefined;
    const top = { item: items[0]!, priority: priorities[0]! };
    const item = items.pop()!, priority = priorities.pop()!;
    const size = items.length;
    if (size === 0) return top;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#isBefore(items[child + 1]!, priorities[child + 1]!, child)) {
        child++;
      }
      if (this.#isBefore(item, priority, child)) break;
      priorities[place] = priorities[child]!;
      items[place] = items[child]!;
      place = child;
    }
    priorities[place] = priority;
    items[place] = item;
    return top;
  }

  /** Whether an entry comes before the one at a place. */
  #isBefore(item: number, priority: number, place: number): boolean {
    const other = this.#priorities[place]!;
    return priority > other || (priority === other && item < this.#items[place]!);
  }
}
