/**
 * JSON values and their one canonical text, the input of every hash.
 *
 * Object keys are sorted by UTF-16 code units, numbers are written as
 * ECMAScript writes them, no space is added (the rules of RFC 8785). What JSON
 * would blur is refused: NaN, infinities, -0, `undefined`, lone surrogates.
 */
import { ExperimentError } from "./errors.ts";
import { compareText } from "./order.ts";

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  /** The value of a key; the order of keys carries no meaning. */
  readonly [key: string]: Json;
}

/**
 * The canonical JSON text of a value.
 *
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(canonical({ b: 1.0, a: [2e1] }), '{"a":[20],"b":1}');
 * ```
 *
 * @throws ExperimentError "base/not-canonical" naming the path of a value that
 *   has no canonical form
 * @see RFC 8785
 */
export function canonical(value: unknown): string {
  return write(value, "$");
}

function write(value: unknown, path: string): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeString(value, path);
  if (typeof value === "number") return writeNumber(value, path);
  if (Array.isArray(value)) {
    // Array.from visits the holes of a sparse array, which `map` would skip.
    return `[${Array.from(value, (each, index) => write(each, `${path}[${index}]`)).join(",")}]`;
  }
  if (typeof value === "object" && isPlain(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b));
    const parts = entries.map(([key, each]) =>
      `${writeString(key, path)}:${write(each, `${path}.${key}`)}`
    );
    return `{${parts.join(",")}}`;
  }
  throw refused(path, value === undefined ? "undefined" : `a ${typeof value} that JSON has not`);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function writeString(value: string, path: string): string {
  if (!value.isWellFormed()) throw refused(path, "a string with a lone surrogate");
  return JSON.stringify(value);
}

function writeNumber(value: number, path: string): string {
  if (!Number.isFinite(value)) throw refused(path, String(value));
  if (Object.is(value, -0)) throw refused(path, "-0");
  return String(value);
}

function refused(path: string, what: string): ExperimentError {
  return new ExperimentError("base/not-canonical", `${path} is ${what}, which cannot be hashed`, {
    mend: "give a finite number, a string, true, false, null, a list or a mapping",
  });
}
