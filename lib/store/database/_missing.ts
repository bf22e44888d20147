/** Which of some tasks the database does not know as done. */
import type { DuckDBConnection } from "@duckdb/node-api";

/** The keys without a row that an artifact gave, in the order given. */
export async function missingTasks(
  connection: DuckDBConnection,
  keys: readonly string[],
): Promise<string[]> {
  if (keys.length === 0) return [];
  const reader = await connection.runAndReadAll(
    "SELECT key FROM tasks WHERE state = 'done' AND version IS NOT NULL",
  );
  const known = new Set(reader.getRows().map(([key]) => key));
  return keys.filter((key) => !known.has(key));
}
