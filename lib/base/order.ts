/** Orders: of text the same on every machine, and of things after those that they need. */

/** Compares texts by UTF-16 code units, whatever the language of the machine; for `sort`. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Names in an order, and those that have none. */
export interface Ordered {
  /** Each name after those that it needs, otherwise as given; whole only without circles. */
  readonly sorted: readonly string[];
  /** Each circle once, from the name of it that was met first: the first needs the second, the last the first. */
  readonly circles: readonly (readonly string[])[];
}

/**
 * Puts names in an order in which each comes after those that it needs.
 *
 * Takes time and memory in proportion to names and needs, and no stack.
 *
 * @param needs the names that a name needs, all of them among `names`
 * @throws Error for a need that is not among the names, a bug of the caller
 */
export function sortTopologically(
  names: Iterable<string>,
  needs: (name: string) => Iterable<string>,
): Ordered {
  const known = new Set(names);
  const sorted: string[] = [], circles: string[][] = [];
  const done = new Set<string>();
  /** Names being sorted, by their place on the way to the present one. */
  const open = new Map<string, number>();
  const path: { readonly name: string; readonly left: Iterator<string> }[] = [];
  const enter = (name: string) => {
    if (!known.has(name)) throw new Error(`nothing is called "${name}"`);
    open.set(name, path.length);
    path.push({ name, left: needs(name)[Symbol.iterator]() });
  };
  for (const root of known) {
    if (done.has(root)) continue;
    enter(root);
    while (path.length > 0) {
      const { name, left } = path.at(-1)!;
      const { value: need, done: isLast } = left.next();
      if (isLast === true) {
        path.pop();
        open.delete(name);
        done.add(name);
        sorted.push(name);
      } else if (open.has(need)) {
        circles.push(path.slice(open.get(need)!).map((each) => each.name));
      } else if (!done.has(need)) enter(need);
    }
  }
  return { sorted, circles };
}
