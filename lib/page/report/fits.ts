/** Fitted laws as a table: where they saturate, how fast, what twice as much would bring. */
import type { StudyFit } from "../../analysis/scaling.ts";
import { FACTS, type FitFact } from "../../base/facts.ts";
import { isMeaningless, withInterval } from "../../report/text/fits.ts";
import { formatNumber } from "../../report/text/format.ts";
import { formatCell } from "../../report/text/labels.ts";
import { unitOf } from "../../report/text/units.ts";
import { sqlText } from "../../store/database/schema.ts";
import type { Ask } from "./asked.ts";
import type { TableBlock } from "./content.ts";
import { isSameMeasure, type ReportScore } from "./scores.ts";

/** A row a fit; its warnings below. Nothing where the spec asks for none. */
export async function fitBlocks(
  ask: Ask,
  experiment: string,
  { fits, scores }: { readonly fits: readonly StudyFit[]; readonly scores: readonly ReportScore[] },
): Promise<TableBlock[]> {
  if (fits.length === 0) return [];
  const data = await ask(`SELECT fit, cell, stage, benchmark, metric, split, "against", form, shape,
  points, parameters, intervals, next, goodness, warnings
FROM fits
WHERE experiment = ${sqlText(experiment)}
ORDER BY fit, cell, form`);
  const rows = fits.map((fit) => rowOf(fit, scores));
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

function rowOf(
  fit: StudyFit,
  scores: readonly ReportScore[],
): { readonly name: string; readonly warnings: readonly string[]; readonly cells: string[] } {
  const { parameters, intervals, next, goodness, shape } = fit;
  const score = scores.find((each) => each.stage === fit.stage && isSameMeasure(each, fit));
  const { factor, suffix } = unitOf(score?.declared);
  const name = formatCell(fit.fit, fit.cell);
  // Of a law that says nothing there are numbers too, and they would mislead.
  const isSilent = isMeaningless(shape);
  const parameter = (name: string, by: number) =>
    isSilent || parameters?.[name] === undefined
      ? ""
      : withInterval(parameters[name], intervals?.[name], (value) => rounded(by * value));
  const facts = [fit.against].flat().map((fact) => FACTS[fact as FitFact].column);
  return {
    name,
    warnings: fit.warnings,
    cells: [
      name,
      `${fit.metric}${suffix} of ${fit.stage} over ${facts.join(", ")}`,
      shape ?? "not fitted",
      String(fit.points),
      goodness?.rSquared?.toFixed(3) ?? "",
      parameter("limit", factor),
      parameter("exponent", 1),
      next === undefined || isSilent
        ? ""
        : `${withInterval(next.value, next.interval, (value) => rounded(factor * value))} at ${
          formatNumber(next.x)
        }`,
    ],
  };
}

/** Three digits: more are never sure. */
function rounded(value: number): string {
  return formatNumber(Number(value.toPrecision(3)));
}
