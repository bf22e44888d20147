/** Paths, among which those that hold or lie in a path are found at once. */
import { formatPath, joinPath, type Path } from "../../base/path.ts";

/** A set of paths. */
export class PathSet {
  readonly #paths: ReadonlySet<string>;
  /** Of every path all that it lies in, and itself. */
  readonly #holders = new Set<string>();

  /** The set of these paths. */
  constructor(paths: Iterable<Path>) {
    const all = new Set<string>();
    for (const path of paths) {
      all.add(formatPath(path));
      for (const each of holdersOf(path)) this.#holders.add(each);
    }
    this.#paths = all;
  }

  /** Whether the very path is among them. */
  has(path: Path): boolean {
    return this.#paths.has(formatPath(path));
  }

  /** Whether one of them is the path, lies in it, or holds it. */
  overlaps(path: Path): boolean {
    return this.#holders.has(formatPath(path)) ||
      holdersOf(path).some((each) => this.#paths.has(each));
  }
}

/** The texts of a path's beginnings, from the empty one to the whole. */
function holdersOf(path: Path): readonly string[] {
  const holders = [""];
  for (const step of path) holders.push(joinPath(holders.at(-1)!, step));
  return holders;
}
