/** A law of one variable with the robust loss, for what is true of laws of any number. */
import type { Law, LawAtPoints } from "../../lib/analysis/laws/law.ts";

/** E + A / x^alpha. */
export const oneVariableLaw: Law = {
  name: "one variable",
  form: "E + A / x^alpha",
  variables: ["x"],
  parameters: ["E", "A", "alpha"],
  residual: "log",
  at: ([column]) => atPoints(column!),
};

/** Inside: ln E, ln A at the points' mean, and alpha. */
function atPoints(column: Float64Array): LawAtPoints {
  const logs = column.map(Math.log);
  const centre = logs.reduce((sum, each) => sum + each, 0) / logs.length;
  const value = (inner: Float64Array, log: number, gradient?: Float64Array) => {
    const limit = Math.exp(inner[0]!), term = Math.exp(inner[1]! - inner[2]! * (log - centre));
    const share = term / (limit + term);
    gradient?.set([1 - share, share, -share * (log - centre)]);
    return Math.log(limit + term);
  };
  return {
    predict: (inner, point, gradient) => value(inner, logs[point]!, gradient),
    starts(ys) {
      const least = ys.reduce((a, b) => Math.min(a, b));
      return [0.3, 0.7, 0.95].flatMap((share) =>
        [0.1, 0.3, 0.6, 1.2].map((alpha) =>
          Float64Array.of(Math.log(share * least), Math.log((1 - share) * least), alpha)
        )
      );
    },
    outward: ([limit, term, alpha]) => [
      Math.exp(limit!),
      Math.exp(term! + alpha! * centre),
      alpha!,
    ],
    inward: ([limit, term, alpha]) =>
      Float64Array.of(Math.log(limit!), Math.log(term!) - alpha! * centre, alpha!),
    evaluate: (inner, [others]) => others!.map((x) => Math.exp(value(inner, Math.log(x)))),
  };
}
