/**
 * What overrides change of a spec: what tells a variant from the experiment itself.
 *
 * Compared are the trees before and after, so that neither the order of overrides nor
 * how a value is written matters, and one that changes nothing makes no variant.
 */
import { canonical, type Json, type JsonObject } from "../base/canonical.ts";
import { compareText } from "../base/order.ts";
import { joinPath } from "../base/path.ts";

/** What affects no result, by how deep it stands: it may change without making another variant. */
const IDLE: readonly ReadonlySet<string>[] = [
  new Set(["name", "about", "budget", "assume", "published"]),
  new Set(),
  new Set(["keepModel"]),
];

/**
 * The values that differ, by their paths in order: "stages.ner.with.epochs" and 10. Lists
 * count as one value; what is gone is null.
 */
export function changesOf(before: JsonObject, after: JsonObject): JsonObject {
  const changes: [string, Json][] = [];
  const visit = (old: Json | undefined, now: Json | undefined, path: string, depth = 0): void => {
    if (old !== undefined && now !== undefined && canonical(old) === canonical(now)) return;
    if (!isMapping(old) || !isMapping(now)) {
      changes.push([path, now ?? null]);
      return;
    }
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (IDLE[depth]?.has(key) === true) continue;
      visit(old[key], now[key], joinPath(path, key), depth + 1);
    }
  };
  visit(before, after, "");
  return Object.fromEntries(changes.sort(([a], [b]) => compareText(a, b)));
}

function isMapping(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
