/** A binary heap of pairs by count; the pair that was numbered first wins a tie. */
export class PairHeap {
  readonly #counts: number[] = [];
  readonly #pairs: number[] = [];

  /** Adds a pair; one that is in it already is not moved, but added again. */
  push(pair: number, count: number): void {
    const counts = this.#counts, pairs = this.#pairs;
    let place = counts.length;
    counts.push(count);
    pairs.push(pair);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore({ count, pair }, parent)) break;
      counts[place] = counts[parent]!;
      pairs[place] = pairs[parent]!;
      place = parent;
    }
    counts[place] = count;
    pairs[place] = pair;
  }

  /** Takes out the pair with the highest count. */
  pop(): { readonly pair: number; readonly count: number } | undefined {
    const counts = this.#counts, pairs = this.#pairs;
    if (counts.length === 0) return undefined;
    const top = { pair: pairs[0]!, count: counts[0]! };
    const last = { count: counts.pop()!, pair: pairs.pop()! };
    const size = counts.length;
    if (size === 0) return top;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (
        child + 1 < size &&
        this.#isBefore({ count: counts[child + 1]!, pair: pairs[child + 1]! }, child)
      ) {
        child++;
      }
      if (this.#isBefore(last, child)) break;
      counts[place] = counts[child]!;
      pairs[place] = pairs[child]!;
      place = child;
    }
    counts[place] = last.count;
    pairs[place] = last.pair;
    return top;
  }

  #isBefore(each: { readonly count: number; readonly pair: number }, place: number): boolean {
    const count = this.#counts[place]!;
    return each.count > count || (each.count === count && each.pair < this.#pairs[place]!);
  }
}
