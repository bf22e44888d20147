/** Forms of fits to the same points, by what each foretells of the largest runs without them. */
import type { StudyFit } from "../../analysis/scaling.ts";
import type { Metric } from "../../base/measures.ts";
import { canonical } from "../../base/canonical.ts";
import { formatCell } from "./labels.ts";
import { foldTable } from "./table.ts";
import { nameOfMetric, unitOf } from "./units.ts";
import { wrapText } from "./wrap.ts";

/**
 * A table of those scores that several forms are fitted to, the form first that is least off at
 * the largest runs; "" where there is none.
 *
 * @param declared what is known of the metric that a fit is of
 */
export function formatForms(
  fits: readonly StudyFit[],
  declared: (fit: StudyFit) => Metric | undefined,
  { width = Infinity }: { readonly width?: number } = {},
): string {
  const scores = Map.groupBy(
    fits.filter(({ parameters }) => parameters !== undefined),
    ({ stage, benchmark, metric, split, cell, points }) =>
      canonical([stage, benchmark, metric, split, cell, points]),
  );
  const several = [...scores.values()]
    .filter((same) => new Set(same.map(({ form }) => form)).size > 1);
  if (several.length === 0) return "";
  const errorOf = ({ goodness }: StudyFit) => goodness?.heldOutRmse ?? Infinity;
  const lines = several.flatMap((same) =>
    same.toSorted((a, b) => errorOf(a) - errorOf(b)).map((fit) => {
      const { factor } = unitOf(declared(fit));
      const show = (error: number) =>
        Number.isFinite(error) ? String(Number((factor * error).toPrecision(2))) : "?";
      return [
        formatCell(fit.fit, fit.cell),
        nameOfMetric(fit.metric, declared(fit)),
        String(fit.points),
        show(fit.goodness?.rmse ?? Infinity),
        show(errorOf(fit)),
        fit.form,
      ];
    })
  );
  const head = ["form of", "metric", "points", "off by", "off at the largest", "form"];
  const right = (column: number) => column >= 2 && column <= 4;
  const title = "forms of the same points, each fitted once more without the largest runs";
  return `${wrapText(title, { width, other: "  " })}\n${foldTable(head, lines, { right, width })}`;
}
