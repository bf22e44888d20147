/** Params as their single values by path, so that those of several tasks can be compared. */
import { canonical, type Json, type JsonObject } from "../../base/canonical.ts";
import { compareText } from "../../base/order.ts";
import { joinPath, parsePath } from "../../base/path.ts";

/** Single values, empty lists and mappings included, by path: "schedule.learningRate". */
export type Leaves = Readonly<Record<string, Json>>;

/** The leaves of params. Lists count as one value. */
export function leavesOf(params: JsonObject): Leaves {
  const leaves: Record<string, Json> = {};
  const visit = (value: Json, path: string): void => {
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    const entries = isMapping ? Object.entries(value as JsonObject) : [];
    if (entries.length === 0) leaves[path] = value;
    for (const [name, each] of entries) visit(each, joinPath(path, name));
  };
  for (const [name, value] of Object.entries(params)) visit(value, joinPath("", name));
  return leaves;
}

/** Leaves that are in all of some, with the same value. */
export function commonLeaves(all: readonly Leaves[]): Leaves {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([path, value]) =>
      others.every((each) => path in each && canonical(each[path]!) === canonical(value))
    ),
  );
}

/** Of each of some the leaves that are not common to all, by path in order. */
export function differingLeaves(all: readonly Leaves[]): readonly Leaves[] {
  const common = commonLeaves(all);
  return all.map((leaves) =>
    Object.fromEntries(
      Object.entries(leaves).filter(([path]) => !(path in common))
        .sort(([a], [b]) => compareText(a, b)),
    )
  );
}

/** Params with some leaves in the place of their own; mappings that are missing are made. */
export function withLeaves(params: JsonObject, leaves: Leaves): JsonObject {
  const result = structuredClone(params) as Record<string, Json>;
  for (const [path, value] of Object.entries(leaves)) {
    const steps = parsePath(path) ?? [path];
    let inside = result;
    for (const step of steps.slice(0, -1)) {
      const next = inside[step];
      const isMapping = typeof next === "object" && next !== null && !Array.isArray(next);
      if (!isMapping) inside[step] = {};
      inside = inside[step] as Record<string, Json>;
    }
    inside[steps.at(-1)!] = value;
  }
  return result;
}

/** Orders leaves by their values, path by path: numbers by size, all else as text. */
export function compareLeaves(a: Leaves, b: Leaves): number {
  for (const path of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort(compareText)) {
    const x = a[path], y = b[path];
    if (typeof x === "number" && typeof y === "number") {
      if (x !== y) return x - y;
      continue;
    }
    const order = compareText(
      x === undefined ? "" : canonical(x),
      y === undefined ? "" : canonical(y),
    );
    if (order !== 0) return order;
  }
  return 0;
}

/** Leaves as a person reads them: "learningRate=0.00003, rows=16"; "" where there are none. */
export function formatLeaves(leaves: Leaves): string {
  return Object.entries(leaves)
    .map(([path, value]) => `${path}=${typeof value === "string" ? value : canonical(value)}`)
    .join(", ");
}
