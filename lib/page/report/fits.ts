/** Fitted laws as a table: where they saturate, how fast, what twice as much would bring. */
import type { JsonObject } from "../../base/canonical.ts";
import type { CurveShape } from "../../analysis/scaling.ts";
import { isMeaningless } from "../../report/text/fits.ts";
import { formatNumber } from "../../report/text/format.ts";
import { formatCell } from "../../report/text/labels.ts";
import { unitOf } from "../../report/text/units.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, named } from "./asked.ts";
import type { TableBlock, TextBlock } from "./content.ts";
import { isSameMeasure, type ReportScore } from "./scores.ts";

interface Ends {
  readonly low: number | null;
  readonly high: number | null;
}

/** A row a fit; its warnings below. Nothing where the spec asks for none. */
export async function fitBlocks(
  ask: Ask,
  experiment: string,
  scores: readonly ReportScore[],
): Promise<(TableBlock | TextBlock)[]> {
  const data = await ask(`SELECT fit, cell, stage, benchmark, metric, split, "against", form, shape,
  points, parameters, intervals, next, goodness, warnings
FROM fits
WHERE experiment = ${sqlText(experiment)}
ORDER BY fit, cell, form`);
  if (data.rows.length === 0) return [];
  const rows = named(data).map((row) => {
    const score = scores.find((each) =>
      each.stage === row["stage"] && isSameMeasure(each, {
        benchmark: String(row["benchmark"]),
        metric: String(row["metric"]),
        split: String(row["split"]),
      })
    );
    const { factor, suffix } = unitOf(score?.declared);
    const parameters = row["parameters"] as Record<string, number> | null;
    const intervals = row["intervals"] as Record<string, Ends> | null;
    const next = row["next"] as
      | { readonly value: number; readonly interval?: Ends; readonly x: number }
      | null;
    const goodness = row["goodness"] as { readonly rSquared?: number } | null;
    // Of a law that says nothing there are numbers too, and they would mislead.
    const isSilent = isMeaningless((row["shape"] ?? undefined) as CurveShape | undefined);
    const parameter = (name: string, by: number) =>
      isSilent || parameters?.[name] === undefined || parameters[name] === null
        ? ""
        : withEnds(parameters[name], intervals?.[name], by);
    return {
      name: formatCell(String(row["fit"]), row["cell"] as JsonObject),
      warnings: (row["warnings"] ?? []) as readonly string[],
      cells: [
        formatCell(String(row["fit"]), row["cell"] as JsonObject),
        `${row["metric"]}${suffix} of ${row["stage"]} over ${row["against"]}`,
        String(row["shape"] ?? "not fitted"),
        String(row["points"] ?? ""),
        goodness?.rSquared === undefined ? "" : goodness.rSquared.toFixed(3),
        parameter("limit", factor),
        parameter("exponent", 1),
        next === null || isSilent
          ? ""
          : `${withEnds(next.value, next.interval, factor)} at ${formatNumber(next.x)}`,
      ],
    };
  });
  const warned = Map.groupBy(
    rows.flatMap(({ name, warnings }) => warnings.map((text) => ({ name, text }))),
    ({ text }) => text,
  );
  return [
    {
      kind: "table",
      title: "Fits",
      columns: [
        { name: "fit" },
        { name: "of" },
        { name: "shape" },
        { name: "points", as: "number" },
        { name: "R²", as: "number" },
        { name: "limit", as: "number" },
        { name: "exponent", as: "number" },
        { name: "next doubling", as: "number" },
      ],
      rows: rows.map(({ cells }) => cells),
      notes: [
        "In brackets intervals of 95 percent, where the points allow one.",
        ...[...warned].map(([text, of]) => `${of.map(({ name }) => name).join(", ")}: ${text}.`),
      ],
      data,
    },
  ];
}

/** A value with its interval: "90.9 [84.5, 100]". */
function withEnds(value: number, ends: Ends | null | undefined, factor: number): string {
  const text = rounded(factor * value);
  if (ends === null || ends === undefined) return text;
  const end = (each: number | null, infinite: string) =>
    each === null ? infinite : rounded(factor * each);
  return `${text} [${end(ends.low, "-∞")}, ${end(ends.high, "∞")}]`;
}

/** Three digits: more are never sure. */
function rounded(value: number): string {
  return formatNumber(Number(value.toPrecision(3)));
}
