/**
 * Loss where text is repeated: what a repetition is worth decays, and so do parameters
 * beyond what the distinct text can fill.
 *
 * Tokens D over U distinct ones count as D' = U + U R* (1 - exp(-R / R*)), R = D/U - 1
 * repetitions; likewise parameters beyond those that are best for U. In D' and N' it is
 * Chinchilla's law.
 *
 * @see Muennighoff et al., "Scaling data-constrained language models", equations 5 to 7
 */
import { chinchilla } from "./loss_laws.ts";
import type { Law, LawAtPoints } from "./law.ts";
import { combinations, mean } from "./_terms.ts";

/** Loss against parameters, tokens and the distinct ones among them. */
export const repeatedData: Law = {
  name: "repeated-data",
  form: "E + A / N'^alpha + B / D'^beta, D' = U + U R*_D (1 - exp(-(D/U - 1) / R*_D)), N' alike",
  variables: ["parameters", "tokens", "uniqueTokens"],
  parameters: [...chinchilla.parameters, "R*_D", "R*_N"],
  residual: "log",
  at: (columns) => repeatedAt(columns),
};

/** The repetitions that a decay makes of so many, and its derivative by the decay's logarithm. */
function worth(repetitions: number, decay: number): { value: number; byLog: number } {
  const share = Math.exp(-repetitions / decay);
  const value = decay * (1 - share);
  return { value, byLog: value - repetitions * share };
}

/**
 * Inside, in order: ln E, ln A and ln B in units amidst the points, alpha and beta, and
 * the logarithms of both decays.
 */
function repeatedAt(columns: readonly Float64Array[]): LawAtPoints {
  const [centreN, centreD] = [mean(columns[0]!.map(Math.log)), mean(columns[1]!.map(Math.log))];
  const count = columns[0]!.length;
  const value = (
    inner: Float64Array,
    [n, d, unique]: readonly [number, number, number],
    gradient?: Float64Array,
  ): number => {
    const [e, a, alpha, b, beta, logD, logN] = inner as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const [decayD, decayN] = [Math.exp(logD), Math.exp(logN)];
    const ofData = worth(Math.max(0, d / unique - 1), decayD);
    const logData = Math.log(unique) + Math.log1p(ofData.value) - centreD;
    // ln of the parameters that are best for the distinct text:
    // (U G)^(beta / alpha) G, where G = (alpha A / (beta B))^(1 / (alpha + beta)).
    const logRatio = (Math.log(alpha / beta) + a - b + alpha * centreN - beta * centreD) /
      (alpha + beta);
    const logBest = beta / alpha * (Math.log(unique) + logRatio) + logRatio;
    const isBeyond = Math.log(n) > logBest;
    const logBase = isBeyond ? logBest : Math.log(n);
    const ofSize = worth(Math.max(0, n / Math.exp(logBase) - 1), decayN);
    const logSize = logBase + Math.log1p(ofSize.value) - centreN;
    const terms = [e, a - alpha * logSize, b - beta * logData] as const;
    const most = Math.max(terms[0], terms[1], terms[2]);
    const shares = terms.map((term) => Math.exp(term - most));
    const sum = shares[0]! + shares[1]! + shares[2]!;
    if (gradient !== undefined) {
      const [shareE, shareA, shareB] = shares.map((each) => each / sum) as [number, number, number];
      gradient[0] = shareE;
      gradient[1] = shareA;
      gradient[2] = -shareA * logSize;
      gradient[3] = shareB;
      gradient[4] = -shareB * logData;
      gradient[5] = -shareB * beta * ofData.byLog / (1 + ofData.value);
      gradient[6] = -shareA * alpha * ofSize.byLog / (1 + ofSize.value);
      if (isBeyond) {
        // N' moves with its base: d ln N' / d ln base = 1 - (R + 1) exp(-R / R*) / (1 + worth).
        const excess = n / Math.exp(logBase) - 1;
        const moves = 1 - (excess + 1) * Math.exp(-excess / decayN) / (1 + ofSize.value);
        const by = -shareA * alpha * moves;
        const perRatio = beta / alpha + 1, total = alpha + beta;
        gradient[1]! += by * perRatio / total;
        gradient[3]! -= by * perRatio / total;
        gradient[2]! += by *
          (perRatio * (1 / alpha + centreN - logRatio) / total -
            beta / alpha ** 2 * (Math.log(unique) + logRatio));
        gradient[4]! += by *
          (perRatio * (-1 / beta - centreD - logRatio) / total +
            (Math.log(unique) + logRatio) / alpha);
      }
    }
    return most + Math.log(sum);
  };
  const pointOf = (of: readonly Float64Array[], i: number) =>
    [of[0]![i]!, of[1]![i]!, of[2]![i]!] as const;
  const plain = chinchilla.at(columns.slice(0, 2));
  return {
    predict: (inner, point, gradient) => value(inner, pointOf(columns, point), gradient),
    starts: (ys) =>
      plain.starts(ys).flatMap((start) =>
        combinations([[3, 15], [3, 15]]).map((decays) =>
          Float64Array.of(...start, ...decays.map(Math.log))
        )
      ),
    outward: (inner) => [
      ...plain.outward(inner.subarray(0, 5)),
      Math.exp(inner[5]!),
      Math.exp(inner[6]!),
    ],
    inward: (parameters) =>
      Float64Array.of(
        ...plain.inward(parameters.slice(0, 5)),
        Math.log(parameters[5]!),
        Math.log(parameters[6]!),
      ),
    evaluate: (inner, others) =>
      Float64Array.from(
        { length: others[0]?.length ?? count },
        (_, i) => Math.exp(value(inner, pointOf(others, i))),
      ),
  };
}
