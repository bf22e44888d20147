/** The law of repeated data as it was published: only the decays were fitted. */
import type { Law, LawAtPoints } from "../../../lib/analysis/laws/law.ts";
import type { ChinchillaParameters } from "../../../lib/analysis/laws/loss_laws.ts";
import { repeatedData } from "../../../lib/analysis/laws/repeated_data.ts";

/** With Chinchilla's parameters held, as fitted to text that is not repeated. */
export function repeatedDataGiven(held: ChinchillaParameters): Law {
  return {
    ...repeatedData,
    parameters: ["R*_D", "R*_N"],
    at: (columns) => heldAt(repeatedData.at(columns), held),
  };
}

const DECAYS = [1, 3, 10, 30];

/** The same law, of which only the decays may move. */
function heldAt(law: LawAtPoints, held: ChinchillaParameters): LawAtPoints {
  const { E, A, alpha, B, beta } = held;
  const whole = law.inward([E, A, alpha, B, beta, 1, 1]), gradients = new Float64Array(7);
  const put = (inner: Float64Array) => {
    whole[5] = inner[0]!;
    whole[6] = inner[1]!;
    return whole;
  };
  return {
    predict: (inner, point, gradient) => {
      const value = law.predict(put(inner), point, gradients);
      gradient[0] = gradients[5]!;
      gradient[1] = gradients[6]!;
      return value;
    },
    starts: () =>
      DECAYS.flatMap((data) =>
        DECAYS.map((size) => Float64Array.of(Math.log(data), Math.log(size)))
      ),
    outward: (inner) => [Math.exp(inner[0]!), Math.exp(inner[1]!)],
    inward: ([data, size]) => Float64Array.of(Math.log(data!), Math.log(size!)),
    evaluate: (inner, columns) => law.evaluate(put(inner), columns),
  };
}
