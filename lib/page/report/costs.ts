/** What a study cost: time, training, room, by kind of task. */
import { barsSpec } from "../../report/figures/bars_spec.ts";
import { formatBytes, formatCount } from "../../base/count.ts";
import { formatDuration } from "../../report/text/format.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, named, numberIn } from "./asked.ts";
import type { Block } from "./content.ts";
import { drawing, type DrawingNames } from "./drawing.ts";

/** A figure and a table of the kinds' costs; nothing where nothing was done. */
export async function costBlocks(
  ask: Ask,
  { experiment, names }: { readonly experiment: string; readonly names: DrawingNames },
): Promise<Block[]> {
  const data = await ask(`SELECT kind, count(*) AS tasks, sum(seconds) AS seconds,
  sum(own_steps) AS steps, sum(own_tokens) AS tokens, sum(own_flops) AS flops,
  sum(own_flops) / nullif(sum(seconds) FILTER (WHERE own_flops > 0), 0) AS flops_per_second,
  sum(utilisation * seconds) / nullif(sum(seconds) FILTER (WHERE utilisation IS NOT NULL), 0)
    AS utilisation,
  sum(bytes) AS bytes
FROM costs
WHERE experiment = ${sqlText(experiment)}
GROUP BY kind
ORDER BY seconds DESC, kind`);
  const kinds = named(data);
  if (kinds.length === 0) return [];
  const total = (name: string) => kinds.reduce((sum, row) => sum + (numberIn(row, name) ?? 0), 0);
  const shown = (value: number | undefined, format: (value: number) => string) =>
    value === undefined || value === 0 ? "" : format(value);
  const duration = (seconds: number) => formatDuration(1000 * seconds);
  const line = (kind: string, of: (name: string) => number | undefined) => [
    kind,
    shown(of("tasks"), String),
    shown(of("seconds"), duration),
    shown(of("steps"), formatCount),
    shown(of("tokens"), formatCount),
    shown(of("flops"), formatCount),
    shown(of("flops_per_second"), formatCount),
    shown(of("utilisation"), (value) => `${(100 * value).toFixed(0)}%`),
    shown(of("bytes"), formatBytes),
  ];
  const all = new Set(["tasks", "seconds", "steps", "tokens", "flops", "bytes"]);
  const rows = [
    ...kinds.map((row) => line(String(row["kind"]), (name) => numberIn(row, name))),
    line("all", (name) => all.has(name) ? total(name) : undefined),
  ];
  const timed = kinds.filter((row) => (numberIn(row, "seconds") ?? 0) > 0);
  const bars = timed.map((row) => {
    const seconds = numberIn(row, "seconds")!;
    return { label: String(row["kind"]), amount: seconds, text: duration(seconds) };
  });
  return [
    {
      kind: "figure",
      title: "Time by kind of task",
      drawings: [
        await drawing(barsSpec(bars, "time of all tasks of a kind, one after another"), {
          name: names.of("costs"),
          description: `Time by kind of task. ${
            bars.map(({ label, text }) => `${label}: ${text}`).join("; ")
          }.`,
        }),
      ],
      notes: [
        "Of the attempts that made the artifacts that there are; tasks run beside each other.",
      ],
      data,
    },
    {
      kind: "table",
      title: "Costs by kind of task",
      columns: [
        { name: "kind" },
        { name: "tasks", as: "number" },
        { name: "time", as: "number" },
        { name: "steps", as: "number" },
        { name: "tokens", as: "number" },
        { name: "FLOPs", as: "number" },
        { name: "FLOPs/s", as: "number" },
        { name: "utilisation", as: "number" },
        { name: "on disk", as: "number" },
      ],
      rows,
      notes: [
        "Steps, tokens and FLOPs are of training alone. Utilisation: FLOPs/s as a share of what " +
        "plain matrix products reach on the same device.",
      ],
      data,
    },
  ];
}
