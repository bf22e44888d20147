/**
 * Measured points -> a fitted curve of the form that a spec names, with what to be wary of.
 *
 * The saturating law of one variable has its own intervals and shapes (`scaling.ts`); laws
 * of several variables are fitted by a robust loss, with intervals by drawing repetitions.
 */
import { greatestOf } from "../base/extremes.ts";
import { compareLaws } from "./compare_laws.ts";
import { fitLaw, type LawData } from "./fit_law.ts";
import type { FitForm } from "./fit_forms.ts";
import { extrapolation, unidentified } from "./identify.ts";
import { numbered, type SharingPoint } from "./intervals.ts";
import { bootstrapLaw, LEAST_CLUSTERS } from "./law_bootstrap.ts";
import type { Law } from "./laws/law.ts";
import { chinchilla, domainShare, kaplan } from "./laws/loss_laws.ts";
import { repeatedData } from "./laws/repeated_data.ts";
import { lossToTask, transfer } from "./laws/task_laws.ts";
import { fitScaling, type ScalingFit, type ScalingOptions } from "./scaling.ts";

/** The laws of several variables by the forms that name them. */
const LAWS: Readonly<Record<Exclude<FitForm, "saturating">, Law>> = {
  chinchilla,
  kaplan,
  "repeated-data": repeatedData,
  transfer,
  "domain-share": domainShare,
  "loss-to-task": lossToTask,
};

/** A measured point at one or several x. */
export interface FitPoint extends Omit<SharingPoint, "x"> {
  /** One for each variable of the form, in its order. */
  readonly xs: readonly number[];
}

/** Draws of an interval: enough for two digits of its ends. */
const DRAWS = 1000;

/**
 * Fits points.
 *
 * @param options.form the saturating law unless given
 */
export function fitPoints(
  points: readonly FitPoint[],
  options: ScalingOptions & { readonly form?: FitForm | undefined } = {},
): ScalingFit {
  const { form = "saturating", ...metric } = options;
  if (form === "saturating") {
    return fitScaling(points.map(({ xs, ...point }) => ({ ...point, x: xs[0]! })), metric);
  }
  return fitSeveral(points, LAWS[form]);
}

function fitSeveral(points: readonly FitPoint[], law: Law): ScalingFit {
  const usable = points.filter((point) => hasPlace(point, law));
  const leftOut = points.length - usable.length;
  const warnings = leftOut === 0
    ? []
    : [`${leftOut} of ${points.length} points left out: at 0, or no number`];
  const base = { form: law.form, points: usable.length };
  if (usable.length <= law.parameters.length) {
    const why = `not fitted: ${usable.length} points; a law of ${law.parameters.length} ` +
      `parameters needs at least ${law.parameters.length + 1}`;
    return { ...base, warnings: [...warnings, why] };
  }
  const data: LawData = {
    columns: law.variables.map((_, i) => Float64Array.from(usable, ({ xs }) => xs[i]!)),
    ys: Float64Array.from(usable, ({ y }) => y),
  };
  const fit = fitLaw(law, data);
  const said = fit.predict(data.columns);
  const rmse = Math.sqrt(
    said.reduce((sum, each, i) => sum + (each - data.ys[i]!) ** 2, 0) / said.length,
  );
  const doubled = nextDoubling(law, data);
  const at = doubled?.map((value) => Float64Array.of(value));
  const draws = bootstrapLaw(fit, data, {
    draws: DRAWS,
    clusters: clustersOf(usable),
    ...(at === undefined ? {} : { at }),
  });
  const compared = compare(law, data);
  return {
    ...base,
    parameters: fit.parameters,
    ...(draws === undefined ? {} : { intervals: draws.intervals }),
    ...(at === undefined ? {} : {
      next: {
        at: doubled!,
        x: doubled![law.variables.indexOf("tokens")]!,
        value: fit.predict(at)[0]!,
        ...(draws === undefined ? {} : { interval: draws.values[0]! }),
      },
    }),
    goodness: { rmse, ...(compared.error === undefined ? {} : { heldOutRmse: compared.error }) },
    warnings: [
      ...warnings,
      ...unidentified(fit, data),
      ...compared.warnings,
      ...(doubled === undefined ? [] : [extrapolation(fit, data, doubled) ?? []].flat()),
      ...(draws === undefined
        ? [
          `no intervals: fewer than ${
            Math.max(LEAST_CLUSTERS, 2 * law.parameters.length)
          } points that vary by themselves`,
        ]
        : []),
    ],
  };
}

/** Whether a point can stand on a law: logarithms are taken of all but a share, which may be 0. */
function hasPlace({ xs, y }: FitPoint, { variables, residual }: Law): boolean {
  const isThere = xs.every((x, i) =>
    x < Infinity && (variables[i] === "share" ? x >= 0 && x <= 1 : x > 0)
  );
  return isThere && (residual === "log" ? y > 0 && y < Infinity : Number.isFinite(y));
}

/** The largest run with twice its tokens; undefined of a law that knows none. */
function nextDoubling(law: Law, { columns, ys }: LawData): number[] | undefined {
  const tokens = law.variables.indexOf("tokens");
  if (tokens === -1) return undefined;
  const sizes = sizesOf(columns, ys.length);
  const largest = sizes.indexOf(greatestOf(sizes));
  return columns.map((column, i) => (i === tokens ? 2 : 1) * column[largest]!);
}

/** How large runs are: their parameters times tokens; by one variable, a loss, the inverse of that. */
function sizesOf(columns: readonly Float64Array[], count: number): Float64Array {
  const [first, second] = columns;
  return Float64Array.from(
    { length: count },
    (_, i) => second === undefined ? 1 / first![i]! : first![i]! * second[i]!,
  );
}

/**
 * What is drawn together: all points of a training. Seeds are not: a grid of sizes has too few,
 * so that what all trainings of a seed have in common is not in the intervals.
 */
function clustersOf(points: readonly FitPoint[]): Int32Array {
  return numbered(points.map(({ trajectory }, i) => trajectory ?? `point ${i}`)).places;
}

/** Forms of the same variables that a law is compared with. */
const RIVALS: readonly Law[] = [chinchilla, kaplan];
/** A rival is named if its error is below this share of the law's. */
const CLEARLY_BETTER = 0.8;

/** How the law does at the largest runs, fitted without them, and whether a rival does better. */
function compare(law: Law, { columns, ys }: LawData): {
  readonly error?: number;
  readonly warnings: readonly string[];
} {
  const sizes = sizesOf(columns, ys.length);
  const rivals = law.variables[0] === chinchilla.variables[0] ? RIVALS : [];
  const laws = [law, ...rivals.filter((each) => each !== law)];
  const comparison = compareLaws(laws.map((each) => ({ law: each, columns })), ys, { sizes });
  const own = comparison?.laws.find((each) => each.law === law);
  if (comparison === undefined || own === undefined) return { warnings: [] };
  const [best] = comparison.laws;
  const percent = (error: number) => Number((100 * error).toPrecision(2));
  const mean = comparison.heldOut.reduce((sum, i) => sum + ys[i]!, 0) / comparison.heldOut.length;
  return {
    error: law.residual === "log" ? own.heldOutError * mean : own.heldOutError,
    warnings: best!.law === law || best!.heldOutError > CLEARLY_BETTER * own.heldOutError ? [] : [
      `fitted without the largest ${comparison.heldOut.length} runs, ${best!.law.name} is off ` +
      `there by ${percent(best!.heldOutError)} percent and ${law.name} by ` +
      `${percent(own.heldOutError)}`,
    ],
  };
}
