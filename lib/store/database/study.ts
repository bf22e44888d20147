/** What the database knows of one experiment besides its scores: what it asks, cells and curves. */
import type { FitParameter, Interval } from "../../analysis/interval.ts";
import type { Json, JsonObject } from "../../base/canonical.ts";
import { FACTS, FIT_FACTS, type FitFact } from "../../base/facts.ts";
import { axisNames, inOrder } from "./axes.ts";
import { queryRows } from "./query.ts";
import type { FitRow } from "./rows.ts";

/** A cell, and what became of the task that stands there. */
export interface RecordedCell {
  /** The stage by name. */
  readonly stage: string;
  /** Axis values by axis name. */
  readonly axes: JsonObject;
  /** "former": it shows what another task gave, until the one that is wanted is done. */
  readonly state: "there" | "missing" | "failed" | "skipped" | "former";
}

/** One experiment. */
export interface RecordedExperiment {
  /** One line on what it asks, where the spec says so. */
  readonly about?: string;
  /** Its cells, in the order of the spec. */
  readonly cells: readonly RecordedCell[];
  /** Its curves, those too that could not be fitted. */
  readonly fits: readonly FitRow[];
}

/**
 * What is recorded of an experiment; without cells and curves of one that is not.
 *
 * @throws ExperimentError as `query`
 */
export async function readExperiment(
  database: string,
  experiment: string,
): Promise<RecordedExperiment> {
  const ask = (sql: string) => queryRows(database, sql, { values: [experiment] });
  const [head] = await ask("SELECT about FROM experiments WHERE experiment = $1");
  const names = (await axisNames(database)).get(experiment);
  const cells = await ask(
    `SELECT cells.stage, cells.axes, wanted.state AS state, shown.version IS NOT NULL AS is_there,
       cells.key = cells.wanted_key AS is_wanted
     FROM cells LEFT JOIN tasks AS wanted ON wanted.key = cells.wanted_key
     LEFT JOIN tasks AS shown ON shown.key = cells.key
     WHERE cells.experiment = $1 ORDER BY cells.place, cells.stage, cells.axes`,
  );
  const about = head?.["about"];
  return {
    ...(typeof about === "string" ? { about } : {}),
    cells: cells.map((row) => ({
      stage: String(row["stage"]),
      axes: inOrder(row["axes"], names),
      state: stateOf(row),
    })),
    fits: await readFits(database, experiment),
  };
}

/**
 * The fits of an experiment, in the order of the spec, those too that could not be made.
 *
 * @throws ExperimentError as `query`
 */
export async function readFits(database: string, experiment: string): Promise<FitRow[]> {
  const names = (await axisNames(database)).get(experiment);
  const fits = await queryRows(
    database,
    // Fits stand among the cells too, and those in the order of the spec.
    `SELECT * FROM fits WHERE experiment = $1 ORDER BY (
       SELECT min(place) FROM cells
       WHERE cells.experiment = fits.experiment AND cells.stage = 'fits.' || fits.fit
         AND cells.axes = fits.cell
     ), fit, cell, stage, benchmark, metric, split`,
    { values: [experiment] },
  );
  return fits.map((row) => fitOf(row, names));
}

function stateOf(row: Readonly<Record<string, Json>>): RecordedCell["state"] {
  const state = row["state"];
  if (state === "failed" || state === "skipped") return state;
  if (row["is_there"] !== true) return "missing";
  return row["is_wanted"] === true ? "there" : "former";
}

const FACT_OF = new Map<string, FitFact>(FIT_FACTS.map((name) => [FACTS[name].column, name]));

function fitOf(row: Readonly<Record<string, Json>>, names?: readonly string[]): FitRow {
  const facts = String(row["against"]).split(", ").map((column) => FACT_OF.get(column)!);
  const [first, ...others] = facts;
  return {
    fit: String(row["fit"]),
    cell: inOrder(row["cell"], names),
    stage: String(row["stage"]),
    benchmark: String(row["benchmark"]),
    metric: String(row["metric"]),
    split: String(row["split"]),
    against: others.length === 0 ? first! : facts,
    form: String(row["form"]),
    points: Number(row["points"]),
    warnings: row["warnings"] as unknown as string[],
    ...given("key", row["key"]),
    ...given("shape", row["shape"]),
    ...given("parameters", numbersOf(row["parameters"])),
    ...given("intervals", intervalsOf(row["intervals"])),
    ...given("next", nextOf(row["next"])),
    ...given("goodness", row["goodness"]),
  };
}

/** JSON has no infinity: a parameter without a number lies there. */
function numbersOf(value: Json | undefined): Record<string, number> | undefined {
  if (value === null || value === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, each]) => [name, (each as number) ?? Infinity]),
  );
}

/** Likewise the end of an interval. */
function intervalOf({ low, high }: { readonly low: Json; readonly high: Json }): Interval {
  return { low: (low as number) ?? -Infinity, high: (high as number) ?? Infinity };
}

function intervalsOf(value: Json | undefined): Record<FitParameter, Interval> | undefined {
  if (value === null || value === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, each]) => [
      name,
      intervalOf(each as { low: Json; high: Json }),
    ]),
  ) as Record<FitParameter, Interval>;
}

function nextOf(value: Json | undefined): FitRow["next"] {
  if (value === null || value === undefined) return undefined;
  const { x, at, value: said, interval } = value as JsonObject;
  return {
    x: Number(x),
    ...(at === undefined ? {} : { at: at as number[] }),
    value: Number(said ?? NaN),
    ...(interval === undefined
      ? {}
      : { interval: intervalOf(interval as { low: Json; high: Json }) }),
  };
}

/** A property whose value is known; the type is that of the column. */
function given<Name extends string>(
  name: Name,
  value: unknown,
  // deno-lint-ignore no-explicit-any -- the type of the column
): { readonly [K in Name]?: any } {
  return value === null || value === undefined ? {} : { [name]: value } as { [K in Name]: unknown };
}
