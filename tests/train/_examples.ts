/** Examples and a head, for tests of batches. */
import type { Example, Head } from "../../lib/benchmarks/benchmark.ts";

/** A head on every piece. */
export const TOKENS: Head = { kind: "tokens", labels: 3 };

/** An example of these ids, a label by each; of 2 and 3, which begin and end it, nothing is learned. */
export const example = (...ids: number[]): Example => ({
  ids: Int32Array.from(ids),
  targets: Int32Array.from(ids, (id) => id === 2 || id === 3 ? -1 : id % 3),
});
