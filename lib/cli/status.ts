/** The command `status`: experiments, their last runs, tasks by state. */
import { formatDuration } from "../report/text/format.ts";
import { formatTable } from "../report/text/table.ts";
import { queryRows } from "../store/database/query.ts";
import { writeOutput } from "./streams.ts";

/** Prints what the database knows of runs; reads only, also while a run is on. */
export async function status({ results }: { readonly results: string }): Promise<void> {
  const database = `${results}/titrate.duckdb`;
  const runs = await queryRows(
    database,
    `SELECT runs.* REPLACE (CAST(started_at AS VARCHAR) AS started_at)
     FROM experiments JOIN runs ON runs.run = experiments.latest_run
     ORDER BY runs.started_at DESC`,
  );
  const states = await queryRows(
    database,
    `SELECT experiment, state, count(DISTINCT key) AS tasks FROM cells JOIN tasks USING (key)
     GROUP BY ALL ORDER BY experiment, state`,
  );
  const lines = runs.map((row) => [
    String(row["experiment"]),
    String(row["started_at"]).slice(0, 19),
    String(row["status"]),
    ...["total", "cached", "ran", "failed"].map((name) => String(row[name] ?? "")),
    row["elapsed_ms"] === null ? "" : formatDuration(Number(row["elapsed_ms"])),
    states.filter((each) => each["experiment"] === row["experiment"])
      .map((each) => `${each["tasks"]} ${each["state"]}`).join(", "),
  ]);
  const head = [
    "experiment",
    "last run (UTC)",
    "status",
    "tasks",
    "cached",
    "ran",
    "failed",
    "time",
    "cells' tasks now",
  ];
  const right = (column: number) => column >= 3 && column <= 7;
  writeOutput(`${formatTable(head, lines, { right })}\n`);
}
