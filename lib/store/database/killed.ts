/** Runs that never said how they ended: their process is gone. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { hostName, isRunning } from "../../base/process.ts";

/** The process of a run. */
export interface RunProcess {
  /** The computer that it ran on. */
  readonly host?: string;
  /** The number of its process there. */
  readonly pid?: number;
  /** When that process began. */
  readonly processStartedAt?: Date;
}

/** Whether the process of a run is gone; of other computers nothing is known. */
export function isGone({ host, pid, processStartedAt }: RunProcess): boolean {
  if (pid === undefined || (host !== undefined && host !== hostName())) return false;
  return !isRunning(pid, processStartedAt);
}

/**
 * Records as killed what is recorded as running and is gone; when it ended nobody knows.
 *
 * @param own the run that is on here, which is not asked about
 */
export async function settleKilled(connection: DuckDBConnection, own?: string): Promise<void> {
  const reader = await connection.runAndReadAll(
    `SELECT run, host, pid, CAST(epoch_ms(process_started_at) AS DOUBLE)
     FROM runs WHERE status = 'running'`,
  );
  for (const [run, host, pid, startedAtMs] of reader.getRows()) {
    const process = {
      ...(host === null ? {} : { host: String(host) }),
      ...(pid === null ? {} : { pid: Number(pid) }),
      ...(startedAtMs === null ? {} : { processStartedAt: new Date(Number(startedAtMs)) }),
    };
    if (run === own || !isGone(process)) continue;
    await connection.run("UPDATE runs SET status = 'killed' WHERE run = $1", [String(run)]);
  }
}
