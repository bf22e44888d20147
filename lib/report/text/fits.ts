/** Fitted scaling curves as a text table, with what to be wary of below. */
import type { Interval } from "../../analysis/interval.ts";
import { SATURATING_FORM } from "../../analysis/fit_forms.ts";
import type { CurveShape, StudyFit } from "../../analysis/scaling.ts";
import { formatCount } from "../../base/count.ts";
import { listOf } from "../../base/list.ts";
import type { Metric } from "../../base/measures.ts";
import { formatNumber } from "./format.ts";
import { formatCell } from "./labels.ts";
import { foldTable } from "./table.ts";
import { nameOfMetric, unitOf } from "./units.ts";
import { wrapText } from "./wrap.ts";

/**
 * The table of those that could be fitted, and the warnings of all, each once for all that
 * it is true of; in brackets intervals of 95 percent.
 *
 * @param declared what is known of the metric that a fit is of
 */
export function formatFits(
  fits: readonly StudyFit[],
  declared: (fit: StudyFit) => Metric | undefined,
  { width = Infinity }: { readonly width?: number } = {},
): string {
  const curves = fits.filter(({ form }) => form === SATURATING_FORM);
  const laws = fits.filter(({ form }) => form !== SATURATING_FORM);
  const head = ["fit", "curve", "points", "R²", "limit", "exponent", "90% of the way at"];
  const lines = curves.filter(isFitted).map((fit) => lineOf(fit, declared(fit)));
  const table = lines.length === 0
    ? []
    : [foldTable(head, lines, { right: (column) => column >= 2, width })];
  const headOf = (form: string) => wrapText(`fits: metric = ${form}`, { width, other: "  " });
  return [
    ...(curves.length === 0 ? [] : [headOf(SATURATING_FORM), ...table]),
    ...[...Map.groupBy(laws, ({ form }) => form)].flatMap(([form, same]) => [
      headOf(form),
      ...lawTable(same.filter(isFitted), { declared, width }),
    ]),
    ...warningsOf(fits).map((text) => wrapText(text, { width, first: "  ", other: "    " })),
  ].join("\n");
}

function isFitted({ parameters }: StudyFit): boolean {
  return parameters !== undefined;
}

/** A column for each parameter; none for no fit. */
function lawTable(
  fits: readonly StudyFit[],
  { declared, width }: {
    readonly declared: (fit: StudyFit) => Metric | undefined;
    readonly width: number;
  },
): string[] {
  if (fits.length === 0) return [];
  const names = Object.keys(fits[0]!.parameters!);
  const lines = fits.map((fit) => [
    formatCell(fit.fit, fit.cell),
    `${nameOfMetric(fit.metric, declared(fit))} ~ ${[fit.against].flat().join(", ")}`,
    String(fit.points),
    formatNumber(rounded(fit.goodness?.rmse ?? NaN)),
    ...names.map((name) =>
      withInterval(
        fit.parameters![name]!,
        fit.intervals?.[name],
        (value) => Math.abs(value) < 1000 ? formatNumber(rounded(value)) : value.toExponential(1),
      )
    ),
  ]);
  const head = ["fit", "law", "points", "rmse", ...names];
  return [foldTable(head, lines, { right: (column) => column >= 2, width })];
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** A value, with its interval behind it where there is one: "90.9 [84.5, ∞]". */
export function withInterval(
  value: number,
  interval: Interval | undefined,
  format: (value: number) => string,
): string {
  if (interval === undefined) return format(value);
  return `${format(value)} [${formatEnd(interval.low, format)}, ${
    formatEnd(interval.high, format)
  }]`;
}

/** Whether the parameters of a curve of this shape mean nothing. */
export function isMeaningless(shape: CurveShape | undefined): boolean {
  return shape === "turning" || shape === "flat";
}

function lineOf(fit: StudyFit, declared: Metric | undefined): string[] {
  const { parameters, intervals, goodness, points, shape } = fit;
  const { factor } = unitOf(declared);
  const show = (name: "limit" | "exponent" | "ninetyPercentAt", format: (of: number) => string) =>
    isMeaningless(shape) ? "-" : withInterval(parameters![name]!, intervals?.[name], format);
  const isBounded = shape !== "unbounded";
  return [
    formatCell(fit.fit, fit.cell),
    `${nameOfMetric(fit.metric, declared)} ~ ${[fit.against].flat().join(", ")}`,
    String(points),
    goodness?.rSquared?.toFixed(2) ?? "",
    isBounded
      ? show("limit", (value) => formatNumber(Number((factor * value).toPrecision(3))))
      : "none",
    show("exponent", (value) => value.toFixed(2)),
    isBounded ? show("ninetyPercentAt", formatX) : "none",
  ];
}

/** The end of an interval, or that there is none. */
function formatEnd(value: number, format: (value: number) => string): string {
  return Number.isFinite(value) ? format(value) : value < 0 ? "-∞" : "∞";
}

function formatX(value: number): string {
  return Number.isFinite(value) && value < 1e15 ? formatCount(value) : "∞";
}

/** Fits that are named for one warning; of more there is a count. */
const NAMED_FITS = 4;

function warningsOf(fits: readonly StudyFit[]): string[] {
  const said = fits.flatMap(({ fit, cell, warnings }) =>
    warnings.map((warning) => ({ warning, name: formatCell(fit, cell) }))
  );
  return [...Map.groupBy(said, ({ warning }) => warning)].map(([warning, of]) => {
    return `${listOf(of.map(({ name }) => name), NAMED_FITS)}: ${warning}`;
  });
}
