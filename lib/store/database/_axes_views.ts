/**
 * A column for each axis of an experiment: macros such as `results_of('ablation')`.
 *
 * A macro cannot have columns that depend on its argument, so every experiment has
 * views of its own, made again whenever its axes are others, and the macros lead to
 * them by name. An axis has one name in all of them.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { CATALOG } from "./_attach.ts";
import { type Column, commentStatements, sqlName, sqlText, TABLES } from "./schema.ts";
import { VIEWS } from "./views.ts";

/** A view or table with cells in it. */
interface Source {
  /** What one row is. */
  readonly about: string;
  /** By the name of the column. */
  readonly columns: Readonly<Record<string, Column>>;
  /** The column that holds the values of axes. */
  readonly axes: "axes" | "cell";
  /** In what order its rows are shown. */
  readonly order: string;
}

const SCORE = "benchmark, metric, split";

/** What the macros are of. */
function sources(): Readonly<Record<string, Source>> {
  const view = (name: string, axes: Source["axes"], order: string): Source => (
    { about: VIEWS[name]!.about, columns: VIEWS[name]!.columns, axes, order }
  );
  return {
    results: view("results", "axes", `place, stage, ${SCORE}`),
    cells: { ...TABLES.cells, axes: "axes", order: "place, stage" },
    curves: view("curves", "axes", "place, stage, name, split, step"),
    counts: view("counts", "axes", "place, stage, split, name, class NULLS FIRST"),
    failures: view("failures", "axes", "stage"),
    means: view("means", "cell", `place, stage, ${SCORE}`),
    gains: view("gains", "cell", `stage, ${SCORE}, of, against, from_x`),
    frontier: view("frontier", "cell", `stage, ${SCORE}, flops`),
  };
}

/** The statements that make the macros. */
export function axesMacros(): string[] {
  return Object.keys(sources()).flatMap((name) => [
    // The quotes: a name may hold a dot, which would part it. No quote can stand inside.
    `CREATE MACRO ${name}_of(experiment) AS TABLE FROM query_table('"${name} of ' ||
      replace(experiment, '"', '''') || '"')`,
    `COMMENT ON MACRO TABLE ${name}_of IS ${
      sqlText(`${name} of one experiment, with a column for each of its axes.`)
    }`,
  ]);
}

/** An axis of an experiment, as a column of its views. */
interface AxisColumn {
  readonly name: string;
  readonly column: string;
  readonly type: ColumnTypeOfAxis;
  /** Whether it holds nothing but the seed, so that cells without their seed lack it. */
  readonly isSeed: boolean;
}

type ColumnTypeOfAxis = "BIGINT" | "DOUBLE" | "BOOLEAN" | "VARCHAR" | "JSON";

/** Makes the views of experiments whose cells have changed. */
export async function writeAxesViews(
  connection: DuckDBConnection,
  experiments: readonly string[],
): Promise<void> {
  for (const experiment of experiments) {
    const reader = await connection.runAndReadAll(
      `SELECT each.key, list(DISTINCT each.type),
         bool_and(CAST(each.value AS VARCHAR) = CAST(seed AS VARCHAR))
       FROM cells, json_each(cells.axes) AS each
       WHERE experiment = $1 GROUP BY each.key ORDER BY each.key`,
      [experiment],
    );
    const axes = columnsOf(
      reader.getRowsJson().map(([name, types, isSeed]) => ({
        name: String(name),
        type: typeOf(types as readonly string[]),
        isSeed: isSeed === true,
      })),
    );
    await createViews(connection, experiment, axes);
  }
}

async function createViews(
  connection: DuckDBConnection,
  experiment: string,
  axes: readonly AxisColumn[],
): Promise<void> {
  const wanted = new Map(
    Object.entries(sources()).map(([source, each]) => {
      const own = each.axes === "axes" ? axes : axes.filter(({ isSeed }) => !isSeed);
      const shown = own.map(({ column, type }) => `${column} ${type}`).join(", ");
      const about =
        `The ${source} of the experiment ${experiment}, a column for each axis: ${shown}.`;
      // The quotes: as the macros look for it.
      return [`${source} of ${experiment.replaceAll('"', "'")}`, { source, each, own, about }];
    }),
  );
  // What a view says of itself tells whether it is as it should be: a rerun changes nothing.
  const reader = await connection.runAndReadAll(
    `SELECT view_name, comment FROM duckdb_views()
     WHERE database_name = '${CATALOG}' AND view_name IN (${
      [...wanted.keys()].map(sqlText).join(", ")
    })`,
  );
  const there = new Map(reader.getRows() as [string, string][]);
  for (const [name, { source, each, own, about }] of wanted) {
    if (there.get(name) === about) continue;
    const columns: Record<string, Column> = { ...each.columns };
    delete columns["experiment"];
    delete columns[each.axes];
    const [stage, ...rest] = ["stage", ...Object.keys(columns).filter((name) => name !== "stage")];
    const list = own.map(({ column, ...axis }) =>
      `${valueOf(each.axes, axis)} AS ${sqlName(column)}`
    );
    for (const { name, column, type } of own) columns[column] = [type, `The axis ${name}.`];
    await connection.run([
      `CREATE OR REPLACE VIEW ${sqlName(name)} AS SELECT ${[stage, ...list, ...rest].join(", ")}
       FROM ${source} WHERE experiment = ${sqlText(experiment)} ORDER BY ${each.order}`,
      ...commentStatements(sqlName(name), { type: "VIEW", about, columns }),
    ].join(";\n"));
  }
}

function valueOf(from: string, { name, type }: Pick<AxisColumn, "name" | "type">): string {
  // A JSON pointer takes any name, where a bare one could be read as a path.
  const pointer = sqlText(`/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  return type === "JSON" ? `${from}->${pointer}` : `CAST(${from}->>${pointer} AS ${type})`;
}

/**
 * Axes as columns; one that is called like a column of any of the views, in whatever
 * case, gets a prefix.
 */
function columnsOf(axes: readonly Omit<AxisColumn, "column">[]): AxisColumn[] {
  const taken = new Set(Object.values(sources()).flatMap(({ columns }) => Object.keys(columns)));
  return axes.map((axis) => {
    let column = axis.name;
    while (taken.has(column.toLowerCase())) column = `axis_${column}`;
    taken.add(column.toLowerCase());
    return { ...axis, column };
  });
}

/** The type that holds values of all of JSON's types. */
function typeOf(types: readonly string[]): ColumnTypeOfAxis {
  const some = types.filter((type) => type !== "NULL");
  const are = (...names: string[]) => some.length > 0 && some.every((type) => names.includes(type));
  if (are("UBIGINT", "BIGINT")) return "BIGINT";
  if (are("UBIGINT", "BIGINT", "DOUBLE")) return "DOUBLE";
  if (are("BOOLEAN")) return "BOOLEAN";
  return some.some((type) => type === "ARRAY" || type === "OBJECT") ? "JSON" : "VARCHAR";
}
