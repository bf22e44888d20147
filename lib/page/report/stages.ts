/** The graph of tasks, told stage by stage: what each reads, and what became of its tasks. */
import { counted } from "../../base/count.ts";
import { listOf } from "../../base/list.ts";
import { graphSvg } from "../../report/figures/graph_svg.ts";
import { formatDuration } from "../../report/text/format.ts";
import { formatCell } from "../../report/text/labels.ts";
import { inOrder } from "../../store/database/axes.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, type Named, named, numberIn } from "./asked.ts";
import type { Block, StageItem } from "./content.ts";
import type { DrawingNames } from "./drawing.ts";

/** Tasks of a stage that are listed one by one. */
const MOST_TASKS = 500;

/** The stages in the order of the spec, and what failed. */
export async function stageBlocks(
  ask: Ask,
  { experiment, axes, names }: {
    readonly experiment: string;
    readonly axes: readonly string[];
    readonly names: DrawingNames;
  },
): Promise<Block[]> {
  const data = await ask(`SELECT cells.stage, cells.axes, tasks.kind, cells.wanted_key AS key,
  coalesce(tasks.state, 'waiting') AS state, tasks.elapsed_ms / 1000 AS seconds
FROM cells
LEFT JOIN tasks ON tasks.key = cells.wanted_key
WHERE cells.experiment = ${sqlText(experiment)}
ORDER BY cells.place, cells.stage, cells.axes`);
  // Not of the view lineage: that walks from every cell down to the first texts.
  const edges = await ask(`WITH own AS (
  SELECT stage, key FROM cells WHERE experiment = ${sqlText(experiment)}
), read AS (
  SELECT DISTINCT own.stage, reference->>'key' AS key
  FROM own JOIN identities USING (key), json_each(identity, '$.inputs') AS role,
    unnest(CAST(role.value AS JSON[])) AS each(reference)
)
SELECT DISTINCT read.stage, own.stage AS reads
FROM read JOIN own USING (key)
WHERE own.stage <> read.stage
ORDER BY ALL`);
  const order = [...Map.groupBy(named(data), (row) => String(row["stage"]))];
  const place = new Map(order.map(([stage], i) => [stage, i]));
  const reads = Map.groupBy(named(edges), (row) => String(row["stage"]));
  const stages = order.map(([stage, rows]): StageItem => ({
    stage,
    kind: String(rows.find((row) => row["kind"] !== null)?.["kind"] ?? "not run yet"),
    summary: summaryOf(rows),
    reads: (reads.get(stage) ?? []).map((row) => String(row["reads"]))
      .sort((a, b) => place.get(a)! - place.get(b)!),
    cells: rows.length,
    tasks: rows.slice(0, MOST_TASKS).map((row) => ({
      label: formatCell(stage, inOrder(row["axes"], axes)),
      fate: fateOf(row),
    })),
  }));
  if (stages.length === 0) return [];
  const tasks = new Set(named(data).map((row) => row["key"])).size;
  const nodes = stages.map(({ stage, kind, cells }) => (
    { name: stage, detail: `${kind === stage ? "" : `${kind} · `}${counted(cells, "cell")}` }
  ));
  const arrows = stages.flatMap(({ stage, reads }) => reads.map((from) => [from, stage] as const));
  const title = `${counted(stages.length, "stage")} from left to right: ${
    stages.map(({ stage, reads }) => reads.length === 0 ? stage : `${stage} reads ${listOf(reads)}`)
      .join("; ")
  }.`;
  const graph: Block = {
    kind: "figure",
    title: "What reads what",
    drawings: [{
      name: names.of("stages"),
      description: title,
      svg: graphSvg(nodes, arrows, title),
      isWide: true,
    }],
    notes: [
      "Stages from left to right; what follows from other lines is left out, the list has all.",
    ],
    data: edges,
  };
  return [
    ...(arrows.length > 0 ? [graph] : []),
    {
      kind: "stages",
      title: `${counted(tasks, "task")} in ${counted(stages.length, "stage")}`,
      stages,
      data,
    },
    ...await failureBlocks(ask, { experiment, axes }),
  ];
}

function summaryOf(rows: readonly Named[]): string {
  // Cells of one task are one task.
  const tasks = [...new Map(rows.map((row) => [row["key"], row])).values()];
  const states = [...Map.groupBy(tasks, (row) => String(row["state"]))]
    .map(([state, own]) => `${own.length} ${state}`);
  const seconds = tasks.reduce((sum, row) => sum + (numberIn(row, "seconds") ?? 0), 0);
  return [
    counted(tasks.length, "task"),
    ...(states.length === 1 && states[0]!.endsWith(" done") ? [] : [states.join(", ")]),
    ...(seconds > 0 ? [formatDuration(1000 * seconds)] : []),
  ].join(" · ");
}

function fateOf(row: Named): string {
  const seconds = numberIn(row, "seconds");
  return [
    String(row["key"]).slice(0, 12),
    String(row["state"]),
    ...(seconds === undefined ? [] : [formatDuration(1000 * seconds)]),
  ].join(" · ");
}

async function failureBlocks(
  ask: Ask,
  { experiment, axes }: { readonly experiment: string; readonly axes: readonly string[] },
): Promise<Block[]> {
  const data = await ask(`SELECT stage, axes, code, message, file, line_number, column_number, mend
FROM failures
WHERE experiment = ${sqlText(experiment)}`);
  if (data.rows.length === 0) return [];
  return [{
    kind: "table",
    title: "What failed",
    columns: [{ name: "cell" }, { name: "why", as: "long" }, { name: "mend", as: "long" }],
    rows: named(data).map((row) => {
      const place = [row["file"], row["line_number"], row["column_number"]]
        .filter((part) => part !== null).join(":");
      return [
        formatCell(String(row["stage"]), inOrder(row["axes"], axes)),
        `${place === "" ? "" : `${place}: `}${row["message"]} [${row["code"]}]`,
        String(row["mend"] ?? ""),
      ];
    }),
    notes: [],
    data,
  }];
}
