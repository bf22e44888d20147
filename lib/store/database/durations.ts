/** How long tasks took and how large their artifacts are, whatever experiment they were of. */
import type { Json } from "../../base/canonical.ts";
import { FACTS } from "../../base/facts.ts";
import { queryRows } from "./query.ts";

/** A task that was done. */
export interface RecordedDuration {
  /** Its kind. */
  readonly kind: string;
  /** How long the attempt took that made the artifact. */
  readonly elapsedMs: number;
  /** The size of the artifact's files; absent where that is not recorded. */
  readonly bytes?: number;
  /** What it spent itself; absent parts are 0. */
  readonly cost: { readonly steps: number; readonly tokens: number; readonly flops: number };
}

/** Tasks of a kind that are told of, the newest ones. */
const MOST_OF_A_KIND = 100;

/**
 * The latest tasks of some kinds on a device, the newest last.
 *
 * @throws ExperimentError as `query`
 */
export async function readDurations(
  database: string,
  { device, kinds }: { readonly device: string; readonly kinds: readonly string[] },
): Promise<RecordedDuration[]> {
  const rows = await queryRows(
    database,
    `SELECT * FROM tasks WHERE state = 'done' AND device = $1
       AND kind IN (SELECT unnest(from_json($2, '["VARCHAR"]')))
     QUALIFY row_number() OVER (PARTITION BY kind ORDER BY started_at DESC) <= ${MOST_OF_A_KIND}
     ORDER BY started_at`,
    { values: [device, JSON.stringify(kinds)] },
  );
  return rows.map((row): RecordedDuration => ({
    kind: String(row["kind"]),
    elapsedMs: Number(row["elapsed_ms"]),
    ...(typeof row["bytes"] === "number" ? { bytes: row["bytes"] } : {}),
    cost: {
      steps: numberOf(row[FACTS.ownSteps.column]),
      tokens: numberOf(row[FACTS.ownTokens.column]),
      flops: numberOf(row[FACTS.ownFlops.column]),
    },
  }));
}

function numberOf(value: Json | undefined): number {
  return typeof value === "number" ? value : 0;
}
