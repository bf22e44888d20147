/** The measured grid as heat maps, and what was measured at single cells as a table. */
import { bestWithinNoise } from "../../analysis/noise.ts";
import type { JsonObject } from "../../base/canonical.ts";
import { sampleOf } from "../../report/text/grid.ts";
import { formatAxisValue } from "../../report/text/labels.ts";
import { unitOf } from "../../report/text/units.ts";
import { sqlText } from "../../store/database/schema.ts";
import { goodnessOf, type HeatCell } from "../heat_map.ts";
import { type Ask, named, numberIn } from "./asked.ts";
import type { Block, GridBlock, TableBlock } from "./content.ts";
import { type ReportScore, whereScore } from "./scores.ts";

/** A heat map a score that has axes, then the others, then what others published. */
export async function gridBlocks(
  ask: Ask,
  experiment: string,
  scores: readonly ReportScore[],
): Promise<Block[]> {
  const blocks: Block[] = [];
  for (const score of scores.filter(({ axes }) => axes.length > 0)) {
    blocks.push(await gridOf(ask, experiment, score));
  }
  const single = scores.filter(({ axes }) => axes.length === 0);
  if (single.length > 0) blocks.push(await singleCells(ask, experiment, single));
  return [...blocks, ...await publishedBeside(ask, experiment, scores)];
}

async function gridOf(ask: Ask, experiment: string, score: ReportScore): Promise<GridBlock> {
  const { axes, declared, rows } = score;
  const data = await ask(`SELECT cell, seeds, mean, deviation, low, high
FROM means
${whereScore(experiment, score)}
ORDER BY place`);
  const { show } = unitOf(declared);
  const down = axes.slice(0, -1), across = axes.at(-1)!;
  const keyOf = (cell: JsonObject, names: readonly string[]) =>
    JSON.stringify(names.map((name) => formatAxisValue(cell[name] ?? null)));
  const means = named(data).map((row) => ({ row, cell: row["cell"] as JsonObject }));
  const measured = Map.groupBy(rows, (row) => keyOf(row.axes, axes));
  const samples = means.map(({ cell }) => sampleOf(measured.get(keyOf(cell, axes)) ?? []));
  const better = declared?.better;
  const isBest = better === undefined || samples.some(({ values }) => values.length === 0)
    ? []
    : bestWithinNoise(samples, better);
  const goodness = goodnessOf(means.map(({ row }) => Number(row["mean"])), better);
  const cells = new Map(means.map(({ row, cell }, i): [string, HeatCell] => {
    const seeds = Number(row["seeds"]), deviation = numberIn(row, "deviation");
    return [keyOf(cell, axes), {
      text: show(Number(row["mean"])),
      spread: deviation === undefined ? `n ${seeds}` : `± ${show(deviation)}, n ${seeds}`,
      goodness: goodness[i],
      isBest: isBest[i] === true,
    }];
  }));
  // Cells whose every value is no number have no mean, and are shown all the same.
  for (const [key, own] of measured) {
    if (!cells.has(key)) cells.set(key, { text: "no number", spread: `n ${own.length}` });
  }
  const labelled = [...Map.groupBy(rows, (row) => keyOf(row.axes, down)).values()];
  const columns = [...Map.groupBy(rows, (row) => keyOf(row.axes, [across])).values()];
  return {
    kind: "grid",
    title: score.title,
    map: {
      caption: score.title,
      isCaptionHidden: true,
      down,
      across,
      heads: columns.map(([row]) => formatAxisValue(row!.axes[across] ?? null)),
      rows: labelled.map(([row]) => ({
        labels: down.map((name) => formatAxisValue(row!.axes[name] ?? null)),
        cells: columns.map(([column]) =>
          cells.get(keyOf({ ...row!.axes, [across]: column!.axes[across] ?? null }, axes))
        ),
      })),
    },
    notes: [
      "Mean over seeds ± standard deviation, n seeds." +
      (better === undefined ? "" : ` ${better === "higher" ? "Higher" : "Lower"} is better.`),
      ...(isBest.includes(true)
        ? ["★: the best, and what is not shown to differ from it, by less than 2 standard errors."]
        : []),
    ],
    data,
  };
}

async function singleCells(
  ask: Ask,
  experiment: string,
  scores: readonly ReportScore[],
): Promise<TableBlock> {
  const stages = [...new Set(scores.map(({ stage }) => stage))].map(sqlText).join(", ");
  const measures = [
    ...new Set(scores.map(({ metric, split }) => `(${sqlText(metric)}, ${sqlText(split)})`)),
  ];
  const data = await ask(`SELECT stage, benchmark, metric, split, seeds, mean, deviation, low, high
FROM means
WHERE experiment = ${sqlText(experiment)} AND stage IN (${stages})
  AND (metric, split) IN (${measures.join(", ")})
ORDER BY place, benchmark, metric, split`);
  const rows = named(data).flatMap((row) => {
    const score = scores.find(({ stage, benchmark, metric, split }) =>
      stage === row["stage"] && benchmark === row["benchmark"] && metric === row["metric"] &&
      split === row["split"]
    );
    if (score === undefined) return [];
    const { show } = unitOf(score.declared);
    const deviation = numberIn(row, "deviation");
    return [[
      score.stage,
      score.name,
      show(Number(row["mean"])),
      deviation === undefined ? "" : `± ${show(deviation)}`,
      String(row["seeds"]),
    ]];
  });
  return {
    kind: "table",
    title: "Stages of one cell",
    columns: [
      { name: "stage" },
      { name: "score" },
      { name: "mean", as: "number" },
      { name: "deviation", as: "number" },
      { name: "seeds", as: "number" },
    ],
    rows,
    notes: [],
    data,
  };
}

async function publishedBeside(
  ask: Ask,
  experiment: string,
  scores: readonly ReportScore[],
): Promise<TableBlock[]> {
  const data = await ask(`SELECT benchmark, metric, model, published, source, stage,
  max(measured) AS best, min(measured) AS least, count(measured) AS cells
FROM published_beside
WHERE experiment = ${sqlText(experiment)}
GROUP BY ALL
ORDER BY ALL`);
  const rows = named(data).flatMap((row) => {
    const score = scores.find(({ benchmark, metric, split }) =>
      benchmark === row["benchmark"] && metric === row["metric"] && split === "test"
    );
    if (score === undefined) return [];
    const { show } = unitOf(score.declared);
    const own = numberIn(row, score.declared?.better === "lower" ? "least" : "best");
    return [[
      score.name,
      String(row["model"]),
      show(Number(row["published"])),
      row["stage"] === null ? "not measured" : String(row["stage"]),
      own === undefined ? "" : show(own),
      String(row["source"]),
    ]];
  });
  if (rows.length === 0) return [];
  return [{
    kind: "table",
    title: "Published by others",
    columns: [
      { name: "score" },
      { name: "model" },
      { name: "published", as: "number" },
      { name: "measured here by" },
      { name: "best mean here", as: "number" },
      { name: "source", as: "long" },
    ],
    rows,
    notes: ["With other text, sizes and seeds than here."],
    data,
  }];
}
