/** What cells and values of axes are called, everywhere the same: `ner{steps=800, seed=1}`. */
import type { Json, JsonObject } from "../../base/canonical.ts";

/**
 * A value of an axis. Text is bare where it cannot be taken for something else, in quotes
 * otherwise, so that different values have different labels.
 */
export function formatAxisValue(value: Json): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const isPlain = /^[\w./+-]+$/.test(value) && !/^(true|false|null|[-+.]*\d.*)$/.test(value);
  return isPlain ? value : JSON.stringify(value);
}

/**
 * A name and the values of axes at which it stands; the name alone where there are none.
 *
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatCell("ner", { steps: 800, data: "a b" }), 'ner{steps=800, data="a b"}');
 * ```
 */
export function formatCell(name: string, axes: JsonObject): string {
  const values = Object.entries(axes).map(([axis, value]) => `${axis}=${formatAxisValue(value)}`);
  return values.length === 0 ? name : `${name}{${values.join(", ")}}`;
}
