/** Laws of a loss in several variables: Chinchilla's, Kaplan's, that of a share of domain text. */
import type { Law, LawAtPoints } from "./law.ts";
import { combinations, logOf, mean, sumOfTerms } from "./_terms.ts";

/** The parameters of Chinchilla's law, by its names. */
export interface ChinchillaParameters {
  /** The loss that is left. */
  readonly E: number;
  /** What the size is missing, at one parameter. */
  readonly A: number;
  /** How that falls with parameters. */
  readonly alpha: number;
  /** What the corpus is missing, at one token. */
  readonly B: number;
  /** How that falls with tokens. */
  readonly beta: number;
}

/**
 * Loss against parameters and tokens.
 *
 * @see Hoffmann et al., "Training compute-optimal large language models", approach 3
 */
export const chinchilla: Law = {
  name: "chinchilla",
  form: "E + A / N^alpha + B / D^beta",
  variables: ["parameters", "tokens"],
  parameters: ["E", "A", "alpha", "B", "beta"],
  residual: "log",
  at: (columns) =>
    sumOfTerms(
      [{ of: [{ column: 0 }] }, { of: [{ column: 1 }] }],
      (each) => each.map(logOf),
      columns,
    ),
};

/** What is added to a share of domain text before its logarithm is taken. */
const SHARE_OFFSET = 1e-3;

/**
 * Domain loss against parameters, tokens and the share of domain text in them, from 0 to 1.
 *
 * @see Que et al., "D-CPT law", NeurIPS 2024; its epsilon is held at 0.001
 */
export const domainShare: Law = {
  name: "domain-share",
  form: "E + A / N^alpha + B r^eta / D^beta + C / (r + 0.001)^gamma",
  variables: ["parameters", "tokens", "share"],
  parameters: ["E", "A", "alpha", "B", "eta", "beta", "C", "gamma"],
  residual: "log",
  at: (columns) =>
    sumOfTerms(
      [
        { of: [{ column: 0 }] },
        { of: [{ column: 2, rises: true }, { column: 1 }] },
        { of: [{ column: 3 }] },
      ],
      ([parameters, tokens, share]) => [
        logOf(parameters!),
        logOf(tokens!),
        share!.map((each) => Math.log(Math.max(each, 1e-9))),
        share!.map((each) => Math.log(each + SHARE_OFFSET)),
      ],
      columns,
    ),
};

/**
 * Loss against parameters and tokens, the older form.
 *
 * @see Kaplan et al., "Scaling laws for neural language models", equation 1.5
 */
export const kaplan: Law = {
  name: "kaplan",
  form: "[(Nc / N)^(alphaN / alphaD) + Dc / D]^alphaD",
  variables: ["parameters", "tokens"],
  parameters: ["Nc", "alphaN", "Dc", "alphaD"],
  residual: "log",
  at: kaplanAt,
};

/** Inside: the logarithms of Nc and Dc from the means of those of N and D, and of the exponents. */
function kaplanAt(columns: readonly Float64Array[]): LawAtPoints {
  const [logN, logD] = [logOf(columns[0]!), logOf(columns[1]!)];
  const [centreN, centreD] = [mean(logN), mean(logD)];
  const value = (
    inner: Float64Array,
    [n, d]: readonly [number, number],
    gradient?: Float64Array,
  ): number => {
    const alphaN = Math.exp(inner[1]!), alphaD = Math.exp(inner[3]!);
    const first = alphaN / alphaD * (inner[0]! - n), second = inner[2]! - d;
    const most = Math.max(first, second);
    const [a, b] = [Math.exp(first - most), Math.exp(second - most)];
    const logSum = most + Math.log(a + b), share = a / (a + b);
    if (gradient !== undefined) {
      gradient[0] = alphaN * share;
      gradient[1] = alphaD * share * first;
      gradient[2] = alphaD * (1 - share);
      gradient[3] = alphaD * (logSum - share * first);
    }
    return alphaD * logSum;
  };
  return {
    predict: (inner, point, gradient) =>
      value(inner, [logN[point]! - centreN, logD[point]! - centreD], gradient),
    starts: (ys) => {
      const log = Math.log(mean(ys));
      return combinations([[0.05, 0.1, 0.3], [0.05, 0.1, 0.3], [0.5, 1, 2]]).map((
        [alphaN, alphaD, size],
      ) =>
        Float64Array.of(
          log / alphaN!,
          Math.log(alphaN!),
          log / alphaD! * size!,
          Math.log(alphaD!),
        )
      );
    },
    outward: (inner) => [
      Math.exp(inner[0]! + centreN),
      Math.exp(inner[1]!),
      Math.exp(inner[2]! + centreD),
      Math.exp(inner[3]!),
    ],
    inward: ([nc, alphaN, dc, alphaD]) =>
      Float64Array.of(
        Math.log(nc!) - centreN,
        Math.log(alphaN!),
        Math.log(dc!) - centreD,
        Math.log(alphaD!),
      ),
    evaluate: (inner, [n, d]) =>
      n!.map((each, i) =>
        Math.exp(value(inner, [Math.log(each) - centreN, Math.log(d![i]!) - centreD]))
      ),
  };
}
