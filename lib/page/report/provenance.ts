/** Where the numbers come from: runs, versions, machine, devices, digests, and the spec itself. */
import type { Json } from "../../base/canonical.ts";
import { formatDuration } from "../../report/text/format.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, type Named, named, numberIn } from "./asked.ts";
import type { Block, TableBlock } from "./content.ts";

/** Runs, what computed, what was read, and every file of the spec as the latest run read it. */
export async function provenanceBlocks(ask: Ask, experiment: string): Promise<Block[]> {
  const name = sqlText(experiment);
  const tables = [
    await runsTable(ask, name),
    await devicesTable(ask, name),
    await inputsTable(ask, name),
    await codeTable(ask, name),
  ];
  const specs = await ask(`SELECT file, text
FROM specs
WHERE run = (SELECT latest_run FROM experiments WHERE experiment = ${name})
ORDER BY place`);
  return [
    ...tables.filter(({ rows }) => rows.length > 0),
    ...named(specs).map((row): Block => ({
      kind: "code",
      title: `${row["file"]}, as it was written`,
      text: String(row["text"]),
    })),
  ];
}

async function runsTable(ask: Ask, name: string): Promise<TableBlock> {
  const data = await ask(`SELECT run, strftime(started_at, '%Y-%m-%d %H:%M') AS started_utc, status,
  total, cached, ran, failed, elapsed_ms / 1000 AS seconds, version, commit, processor,
  array_to_string(CAST(argv AS VARCHAR[]), ' ') AS arguments
FROM runs
WHERE experiment = ${name}
ORDER BY run DESC`);
  return {
    kind: "table",
    title: "Runs, the latest first",
    columns: [
      { name: "started (UTC)" },
      { name: "status" },
      { name: "tasks", as: "number" },
      { name: "cached", as: "number" },
      { name: "ran", as: "number" },
      { name: "failed", as: "number" },
      { name: "time", as: "number" },
      { name: "Titrate" },
      { name: "processor" },
      { name: "arguments", as: "long" },
    ],
    rows: named(data).map((row) => [
      String(row["started_utc"]),
      String(row["status"]),
      ...["total", "cached", "ran", "failed"].map((each) => known(row[each])),
      timeIn(row),
      `${row["version"] ?? "?"}${
        row["commit"] === null ? "" : ` (${String(row["commit"]).slice(0, 12)})`
      }`,
      known(row["processor"]),
      known(row["arguments"]),
    ]),
    notes: [],
    data,
  };
}

async function devicesTable(ask: Ask, name: string): Promise<TableBlock> {
  const data = await ask(`SELECT device, engine, count(*) AS tasks, sum(seconds) AS seconds,
  max(flops_per_second) AS most_flops_per_second
FROM costs
WHERE experiment = ${name} AND device IS NOT NULL
GROUP BY device, engine
ORDER BY device, engine`);
  return {
    kind: "table",
    title: "What computed",
    columns: [
      { name: "device" },
      { name: "engine" },
      { name: "tasks", as: "number" },
      { name: "time", as: "number" },
    ],
    rows: named(data).map((row) => [
      String(row["device"]),
      known(row["engine"]),
      String(row["tasks"]),
      timeIn(row),
    ]),
    notes: [],
    data,
  };
}

async function inputsTable(ask: Ask, name: string): Promise<TableBlock> {
  const data = await ask(`SELECT DISTINCT stage, kind, sha256
FROM cells JOIN input_files USING (key) LEFT JOIN tasks USING (key)
WHERE experiment = ${name}
ORDER BY ALL`);
  return {
    kind: "table",
    title: "Outside files, by their digests",
    columns: [{ name: "stage" }, { name: "kind" }, { name: "SHA-256" }],
    rows: named(data).map((row) => [
      String(row["stage"]),
      known(row["kind"]),
      String(row["sha256"]),
    ]),
    notes: [],
    data,
  };
}

async function codeTable(ask: Ask, name: string): Promise<TableBlock> {
  const data = await ask(`SELECT kind, version, code, count(*) AS tasks
FROM tasks
WHERE key IN (SELECT key FROM cells WHERE experiment = ${name}) AND code IS NOT NULL
GROUP BY ALL
ORDER BY ALL`);
  return {
    kind: "table",
    title: "Code of the kinds",
    columns: [
      { name: "kind" },
      { name: "version", as: "number" },
      { name: "code" },
      { name: "tasks", as: "number" },
    ],
    rows: named(data).map((row) => [
      String(row["kind"]),
      known(row["version"]),
      String(row["code"]).slice(0, 16),
      String(row["tasks"]),
    ]),
    notes: [],
    data,
  };
}

function known(value: Json | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}

function timeIn(row: Named): string {
  const seconds = numberIn(row, "seconds");
  return seconds === undefined ? "" : formatDuration(1000 * seconds);
}
