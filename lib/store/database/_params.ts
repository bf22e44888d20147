/** Nested params as rows: one a value, named by its path. */
import { canonical, type Json, type JsonObject } from "../../base/canonical.ts";
import { joinPath } from "../../base/path.ts";
import type { Row } from "./_write_rows.ts";

/**
 * Rows for the table `params`: "schedule.warmup", "sources[0].path", ...
 *
 * Empty lists and mappings are values of their own, so that nothing is lost.
 */
export function flattenParams(key: string, params: JsonObject): Row[] {
  const rows: Row[] = [];
  const visit = (name: string, value: Json): void => {
    const parts = partsOf(value);
    if (parts.length === 0) rows.push({ key, name, ...textAndNumber(value) });
    for (const [part, each] of parts) visit(joinPath(name, part), each);
  };
  for (const [name, value] of Object.entries(params)) visit(joinPath("", name), value);
  return rows;
}

function partsOf(value: Json): [string | number, Json][] {
  if (Array.isArray(value)) return value.map((each, index) => [index, each]);
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function textAndNumber(value: Json): { readonly value: string; readonly number?: number } {
  if (typeof value === "string") return { value };
  return { value: canonical(value), ...(typeof value === "number" ? { number: value } : {}) };
}
