/** Fits as a study with several forms of the same points has them. */
import type { FitRow } from "../../lib/store/database/rows.ts";

/** A law of a loss, fitted to nine points. */
export function lawFit(fit: string, form: string, heldOutRmse?: number): FitRow {
  return {
    fit,
    cell: {},
    stage: "train",
    benchmark: "mlm",
    metric: "lossNats",
    split: "validation",
    against: ["parameters", "seenTokens"],
    form,
    points: 9,
    parameters: { E: 1 },
    goodness: { rmse: 0.01, ...(heldOutRmse === undefined ? {} : { heldOutRmse }) },
    warnings: [],
  };
}
