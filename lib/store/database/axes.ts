/** Values of axes in the order of the spec, which JSON that is told by its text does not keep. */
import type { Json, JsonObject } from "../../base/canonical.ts";
import { queryRows } from "./query.ts";

/** The names of every experiment's axes, in the order of its spec. */
export async function axisNames(database: string): Promise<ReadonlyMap<string, string[]>> {
  const rows = await queryRows(database, "SELECT experiment, axes FROM experiments");
  return new Map(rows.map(({ experiment, axes }) => [String(experiment), axes as string[]]));
}

/** The values of a cell in the order of the axes' names; what those lack comes last. */
export function inOrder(axes: Json | undefined, names: readonly string[] = []): JsonObject {
  const values = (axes ?? {}) as JsonObject;
  const known = names.filter((name) => Object.hasOwn(values, name));
  return Object.fromEntries([
    ...known.map((name) => [name, values[name]!] as const),
    ...Object.entries(values).filter(([name]) => !known.includes(name)),
  ]);
}
