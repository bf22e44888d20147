/** Fitted scaling curves as a text table, with what to be wary of below. */
import type { JsonObject } from "../../base/canonical.ts";
import { formatCount, formatNumber } from "./format.ts";
import { formatCell } from "./labels.ts";
import { formatTable } from "./table.ts";

/** The part of a fit that the table needs. */
export interface ShownFit {
  /** Its name in the spec. */
  readonly fit: string;
  /** The values of the axes that it is made for. */
  readonly cell: JsonObject;
  /** What is fitted. */
  readonly metric: string;
  /** What it is fitted against. */
  readonly against: string;
  /** How many points were used. */
  readonly points: number;
  /** Absent where no fit could be made. */
  readonly parameters?: object | undefined;
  /** By parameter. */
  readonly intervals?: object | undefined;
  /** What to be wary of. */
  readonly warnings: readonly string[];
}

type Numbers = Readonly<Record<string, number>>;
type Intervals = Readonly<Record<string, { readonly low: number; readonly high: number }>>;

/** The table; intervals in brackets hold 95 percent of the bootstrap's resamples. */
export function formatFits(fits: readonly ShownFit[]): string {
  const lines = fits.map((fit) => {
    const parameters = fit.parameters as Numbers | undefined;
    const intervals = fit.intervals as Intervals | undefined;
    const show = (name: string, format: (value: number) => string) => {
      const value = parameters?.[name];
      if (value === undefined) return "";
      const interval = intervals?.[name];
      const range = interval === undefined
        ? ""
        : ` [${format(interval.low)}, ${format(interval.high)}]`;
      return `${format(value)}${range}`;
    };
    const large = (value: number) =>
      Number.isFinite(value) && value < 1e15 ? formatCount(value) : "∞";
    return [
      formatCell(fit.fit, fit.cell),
      `${fit.metric} ~ ${fit.against}`,
      String(fit.points),
      show("limit", (value) => formatNumber(Number(value.toPrecision(3)))),
      show("exponent", (value) => value.toFixed(2)),
      show("ninetyPercentAt", large),
    ];
  });
  const head = ["fit", "curve", "points", "limit", "exponent", "90% of the way at"];
  const table = formatTable(head, lines, { right: (column) => column >= 2 });
  const warnings = fits.flatMap((fit) =>
    fit.warnings.map((each) => `  ${formatCell(fit.fit, fit.cell)}: ${each}`)
  );
  const notes = warnings.length === 0 ? "" : `\n${warnings.join("\n")}`;
  return `fits: metric = limit + amplitude * x^-exponent\n${table}${notes}`;
}
