/** Laws of what follows from a loss or from text: a task's score, and what transfer is worth. */
import { greatestOf, leastOf } from "../../base/extremes.ts";
import type { Law, LawAtPoints } from "./law.ts";
import { combinations, mean } from "./_terms.ts";

/**
 * A task's score against a loss, from the level of chance to a ceiling.
 *
 * @see Bhagia et al., "Establishing task scaling laws via compute-efficient model ladders"
 */
export const lossToTask: Law = {
  name: "loss-to-task",
  form: "a / (1 + exp(-k (L - L0))) + b",
  variables: ["loss"],
  parameters: ["a", "k", "L0", "b"],
  residual: "plain",
  at: sigmoidAt,
};

function sigmoidAt([losses]: readonly Float64Array[]): LawAtPoints {
  const value = (inner: Float64Array, loss: number, gradient?: Float64Array): number => {
    const [a, k, centre, b] = inner as unknown as [number, number, number, number];
    const share = 1 / (1 + Math.exp(-k * (loss - centre)));
    if (gradient !== undefined) {
      const slope = a * share * (1 - share);
      gradient[0] = share;
      gradient[1] = slope * (loss - centre);
      gradient[2] = -slope * k;
      gradient[3] = 1;
    }
    return a * share + b;
  };
  return {
    predict: (inner, point, gradient) => value(inner, losses![point]!, gradient),
    starts: (ys) => {
      const least = leastOf(ys), most = greatestOf(ys);
      const [low, high] = [leastOf(losses!), greatestOf(losses!)];
      // A score falls as the loss rises: a below 0 from the ceiling, or k below 0 from the floor.
      return combinations([[1, 4], [2, 6, 15], [0.2, 0.5, 0.8]]).map(([size, steep, at]) =>
        Float64Array.of(
          -size! * (most - least),
          steep! / (high - low),
          low + at! * (high - low),
          most,
        )
      );
    },
    outward: (inner) => Array.from(inner),
    inward: (parameters) => Float64Array.from(parameters),
    evaluate: (inner, [others]) => others!.map((loss) => value(inner, loss)),
  };
}

/**
 * How much domain text a pre-training elsewhere is worth, against the domain text that there
 * is and the parameters.
 *
 * @see Hernandez et al., "Scaling laws for transfer", equation 1
 */
export const transfer: Law = {
  name: "transfer",
  form: "k D^alpha N^beta",
  variables: ["tokens", "parameters"],
  parameters: ["k", "alpha", "beta"],
  residual: "log",
  at: ([tokens, parameters]) => {
    const logs = [tokens!.map(Math.log), parameters!.map(Math.log)] as const;
    const [centreD, centreN] = [mean(logs[0]), mean(logs[1])];
    const of = (inner: Float64Array, d: number, n: number) =>
      inner[0]! + inner[1]! * (d - centreD) + inner[2]! * (n - centreN);
    return {
      predict: (inner, point, gradient) => {
        gradient[0] = 1;
        gradient[1] = logs[0][point]! - centreD;
        gradient[2] = logs[1][point]! - centreN;
        return of(inner, logs[0][point]!, logs[1][point]!);
      },
      // Linear in its logarithms: one start is enough.
      starts: (ys) => [Float64Array.of(mean(ys.map(Math.log)), 0.5, 0.5)],
      outward: (inner) => [
        Math.exp(inner[0]! - inner[1]! * centreD - inner[2]! * centreN),
        inner[1]!,
        inner[2]!,
      ],
      inward: ([k, alpha, beta]) =>
        Float64Array.of(Math.log(k!) + alpha! * centreD + beta! * centreN, alpha!, beta!),
      evaluate: (inner, [d, n]) =>
        d!.map((each, i) => Math.exp(of(inner, Math.log(each), Math.log(n![i]!)))),
    };
  },
};
