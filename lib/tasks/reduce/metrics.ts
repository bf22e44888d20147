/**
 * The metrics of several kinds as one table: what a reduction of their scores has to know.
 *
 * A name means one thing wherever it is measured, as far as that can be compared: its unit,
 * its range, and which way is better.
 */
import type { Metric } from "../../base/measures.ts";
import type { TaskKind } from "../../graph/task.ts";

/** Metrics by name. */
export type Metrics = Readonly<Record<string, Metric>>;

/** The metrics of kinds, each once and without counts; those that several have are told as the first has them. */
export function metricsOf(kinds: Iterable<Pick<TaskKind, "kind" | "metrics">>): Metrics {
  const found = new Map<string, { readonly kind: string; readonly metric: Metric }>();
  for (const { kind, metrics = {} } of kinds) {
    for (const [name, metric] of Object.entries(metrics)) {
      // Counts add up over cells, and no candidate is better by one.
      if (metric.unit === "count") continue;
      const known = found.get(name);
      if (known === undefined) found.set(name, { kind, metric });
      else if (meaningOf(known.metric) !== meaningOf(metric)) {
        throw new Error(`"${name}" of ${kind} means another thing than that of ${known.kind}`);
      }
    }
  }
  return Object.fromEntries([...found].map(([name, { metric }]) => [name, metric]));
}

function meaningOf({ unit, better, range }: Metric): string {
  return JSON.stringify([unit, better ?? null, range ?? null]);
}
