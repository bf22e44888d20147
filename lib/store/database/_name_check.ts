/**
 * Whose a name is: the results of one spec do not take the place of another's.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { resolve } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import { realPath } from "../results_folder.ts";

/** A spec that wants a name. */
export interface NamedSpec {
  /** The name. */
  readonly experiment: string;
  /** The spec's file. */
  readonly file: string;
  /** Where that stands, seen from the folder of results. */
  readonly place: string;
}

/**
 * Refuses a name that belongs to another file: it does as long as that file is there.
 * A file that has moved keeps its results.
 *
 * @param root the folder of results
 * @throws ExperimentError "store/name-taken"
 */
export async function checkName(
  connection: DuckDBConnection,
  root: string,
  { experiment, file, place }: NamedSpec,
): Promise<void> {
  const reader = await connection.runAndReadAll(
    "SELECT place FROM experiments WHERE experiment = $1",
    [experiment],
  );
  const known = reader.getRows()[0]?.[0];
  if (known === undefined || known === null || known === place) return;
  // By where they lead: from results that were copied, another way leads to the same spec.
  const other = resolve(realPath(root), String(known));
  if (realPath(other) === realPath(file) || !await isFile(other)) return;
  throw new ExperimentError(
    "store/name-taken",
    `the results of "${experiment}" here are of another spec: ${other}`,
    {
      at: { file },
      mend: "give this one a name of its own: --name NAME, or name: in the spec",
    },
  );
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
