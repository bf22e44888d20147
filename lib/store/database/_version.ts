/** Whether a database is one of Titrate and of this version, and what makes a new one so. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { dirname } from "node:path";
import { resultsFlag } from "../../base/command.ts";
import { ExperimentError } from "../../base/errors.ts";
import { axesMacros } from "./_axes_views.ts";
import { CATALOG } from "./_attach.ts";
import { EmptyDatabase, newerDatabase } from "./_faults.ts";
import { SCHEMA_VERSION, TABLES, tableStatements } from "./schema.ts";
import { viewStatements } from "./views.ts";

/** The statements that make an empty database one of Titrate. */
export function schemaStatements(): string[] {
  return [
    "CREATE TABLE schema_version (version INTEGER)",
    "COMMENT ON TABLE schema_version IS 'One row: the version of these tables and views.'",
    "COMMENT ON COLUMN schema_version.version IS 'A newer one than Titrate knows is refused.'",
    `INSERT INTO schema_version VALUES (${SCHEMA_VERSION})`,
    ...Object.values(TABLES).flatMap(tableStatements),
    ...viewStatements(),
    ...axesMacros(),
  ];
}

/**
 * Refuses what this version of Titrate cannot use.
 *
 * @throws ExperimentError "store/newer-format", "store/older-format", "store/not-a-database"
 * @throws EmptyDatabase for one without a table
 */
export async function checkVersion(connection: DuckDBConnection, path: string): Promise<void> {
  const version = await checkedVersion(connection, path);
  if (version > SCHEMA_VERSION) {
    throw newerDatabase(
      `cannot use a database of version ${version}, this version of Titrate knows ${SCHEMA_VERSION}`,
      path,
    );
  }
  if (version < SCHEMA_VERSION) {
    throw new ExperimentError(
      "store/older-format",
      `the database is of version ${version}, this version of Titrate needs ${SCHEMA_VERSION}`,
      {
        at: { file: path },
        mend: `bring it up to date: deno task rebuild${
          resultsFlag(dirname(path))
        }; so does the next run`,
      },
    );
  }
}

/** The version of a database that is attached. */
export async function versionOf(connection: DuckDBConnection, catalog = CATALOG): Promise<number> {
  const reader = await connection.runAndReadAll(
    `SELECT max(version) FROM ${catalog}.schema_version`,
  );
  return Number(reader.getRows()[0]?.[0]);
}

async function checkedVersion(connection: DuckDBConnection, path: string): Promise<number> {
  try {
    return await versionOf(connection);
  } catch (error) {
    // The tables are listed only now: that takes three times as long.
    const reader = await connection.runAndReadAll(
      `SELECT table_name FROM duckdb_tables() WHERE database_name = '${CATALOG}'`,
    );
    const names = reader.getRows().map(([name]) => String(name));
    if (names.length === 0) throw new EmptyDatabase();
    if (names.includes("schema_version")) throw error;
    throw new ExperimentError("store/not-a-database", "this database is not one of Titrate", {
      at: { file: path },
      mend: "name another results folder, or move the file away",
      cause: error,
    });
  }
}
