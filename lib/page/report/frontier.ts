/** Cells by their cost, and those that nothing cheaper is as good as. */
import type { JsonObject } from "../../base/canonical.ts";
import { formatCount } from "../../base/count.ts";
import { type CostedPoint, frontierSpec } from "../../report/figures/frontier_spec.ts";
import { formatAxisValue } from "../../report/text/labels.ts";
import { unitOf } from "../../report/text/units.ts";
import { type Ask, named, numberIn } from "./asked.ts";
import type { FigureBlock } from "./content.ts";
import { drawing, type DrawingNames } from "./drawing.ts";
import { type ReportScore, whereScore } from "./scores.ts";

/** A figure a score whose cells differ in what they cost. */
export async function frontierBlocks(
  ask: Ask,
  scores: readonly ReportScore[],
  { experiment, names }: { readonly experiment: string; readonly names: DrawingNames },
): Promise<FigureBlock[]> {
  const blocks: FigureBlock[] = [];
  for (const score of scores) {
    if (score.axes.length === 0 || score.declared?.better === undefined) continue;
    const data = await ask(`SELECT cell, seeds, flops, mean, cell IN (
    SELECT cell FROM frontier
    ${whereScore(experiment, score).replaceAll("\n", "\n    ")}
  ) AS is_on_frontier
FROM means
${whereScore(experiment, score)} AND flops > 0
ORDER BY flops, place`);
    const { factor, show } = unitOf(score.declared);
    const points = named(data).map((row): CostedPoint => {
      const cell = row["cell"] as JsonObject;
      return {
        label: score.axes.map((axis) => `${axis} ${formatAxisValue(cell[axis] ?? null)}`)
          .join(", "),
        flops: numberIn(row, "flops")!,
        value: factor * Number(row["mean"]),
        isOnFrontier: row["is_on_frontier"] === true,
      };
    });
    if (new Set(points.map(({ flops }) => flops)).size < 2) continue;
    const best = points.filter(({ isOnFrontier }) => isOnFrontier);
    const told = best.map(({ label, flops, value }) =>
      `${label}: ${show(value / factor)} for ${formatCount(flops)} FLOPs`
    );
    blocks.push({
      kind: "figure",
      title: score.title,
      drawings: [
        await drawing(frontierSpec(points, score.name), {
          name: names.of(score.stage, score.metric, "frontier"),
          description: `${score.name} over FLOPs of training. From the cheapest on, what nothing ` +
            `cheaper is as good as: ${told.join("; ")}.`,
        }),
      ],
      notes: [`Filled, from the cheapest on: ${told.join("; ")}.`],
      data,
    });
  }
  return blocks;
}
