/**
 * Which form of law foretells best: each is fitted without the largest runs and asked for
 * those. A form with more parameters describes its points better; whether it says more
 * about larger ones, only held-out ones tell.
 */
import { fitLaw, type FitLawOptions, type LawData } from "./fit_law.ts";
import type { Law } from "./laws/law.ts";

/** How a form did. */
export interface ComparedLaw {
  /** The form. */
  readonly law: Law;
  /** Root mean square of the residuals of the points that it was fitted to. */
  readonly fitError: number;
  /** The same of the largest runs, which it was not fitted to; infinite if it fails there. */
  readonly heldOutError: number;
  /** The mean residual there: above 0, it foretells too much. */
  readonly heldOutBias: number;
}

/** A comparison. */
export interface Comparison {
  /** Places of the points that were held out. */
  readonly heldOut: readonly number[];
  /** The forms, the best at foretelling first; those that too few points are left for are absent. */
  readonly laws: readonly ComparedLaw[];
}

/** The least share of points that is held out. */
const HELD_OUT_SHARE = 0.2;

/**
 * Compares forms by what they foretell of the largest runs.
 *
 * @param data the columns of each law, in the order of `laws`, and the values
 * @param options.sizes how large the run of a point is, such as its FLOPs: those of the
 *   largest sizes are held out together until they are a fifth of the points
 * @returns undefined where all runs are of one size
 */
export function compareLaws(
  laws: readonly { readonly law: Law; readonly columns: readonly Float64Array[] }[],
  ys: Float64Array,
  options: FitLawOptions & { readonly sizes: Float64Array },
): Comparison | undefined {
  const heldOut = largest(options.sizes);
  if (heldOut.length === ys.length) return undefined;
  const isHeldOut = new Set(heldOut);
  const kept = Array.from(ys, (_, i) => i).filter((i) => !isHeldOut.has(i));
  const pick = (places: readonly number[]) => (column: Float64Array) =>
    Float64Array.from(places, (i) => column[i]!);
  const compared = laws.flatMap(({ law, columns }): ComparedLaw[] => {
    if (kept.length <= law.parameters.length) return [];
    const data: LawData = { columns: columns.map(pick(kept)), ys: pick(kept)(ys) };
    const fit = fitLaw(law, data, options);
    const said = fit.predict(columns.map(pick(heldOut)));
    const residuals = heldOut.map((place, i) =>
      law.residual === "log" ? Math.log(said[i]! / ys[place]!) : said[i]! - ys[place]!
    );
    const squares = residuals.reduce((sum, each) => sum + each * each, 0);
    const error = Math.sqrt(squares / residuals.length);
    return [{
      law,
      fitError: fit.rmse,
      heldOutError: Number.isFinite(error) ? error : Infinity,
      heldOutBias: residuals.reduce((sum, each) => sum + each, 0) / residuals.length,
    }];
  });
  return { heldOut, laws: compared.sort((a, b) => a.heldOutError - b.heldOutError) };
}

/** Places of the largest, all of one size together. */
function largest(sizes: Float64Array): number[] {
  const least = Math.ceil(HELD_OUT_SHARE * sizes.length);
  const sorted = Array.from(sizes).sort((a, b) => b - a);
  const from = sorted[least - 1]!;
  return Array.from(sizes, (_, i) => i).filter((i) => sizes[i]! >= from);
}
