/**
 * Params without what their schema would fill in anyway.
 *
 * A key must not change when a kind gains a parameter whose default is the old
 * behaviour, so values equal to their default stay out of it. What is left is
 * still unambiguous: only an object's fields are dropped, and each only when
 * the schema gives back the same value.
 */
import { z } from "zod";
import { canonical, type Json, type JsonObject } from "../base/canonical.ts";
import { joinPath } from "../base/path.ts";
import { type Schema, unwrapSchema } from "./schema.ts";

interface Walk {
  /** Digests by param path; empty when only the default fields are to go. */
  readonly digests: ReadonlyMap<string, string>;
  /** Paths of files and of all that holds one: no default there is dropped whole. */
  readonly holders: ReadonlySet<string>;
  /** Paths at which a digest was put. */
  readonly placed: Set<string>;
}

/**
 * Complete params less their defaults; a file's path gives way to `{ sha256 }`.
 *
 * @param files digests by param path, such as "sources[0].path"
 * @throws Error when a path of `files` leads to nothing, a bug of the kind
 */
export function withoutDefaults(
  params: JsonObject,
  options: { readonly schema: Schema; readonly files?: ReadonlyMap<string, string> },
): JsonObject {
  const digests = options.files ?? new Map<string, string>();
  const walk: Walk = { digests, holders: holdersOf(digests.keys()), placed: new Set() };
  const stripped = strip(options.schema, { value: params, path: "" }, walk) as JsonObject;
  for (const path of digests.keys()) {
    if (!walk.placed.has(path)) throw new Error(`no param stands at the file's path "${path}"`);
  }
  return stripped;
}

function holdersOf(paths: Iterable<string>): ReadonlySet<string> {
  const holders = new Set<string>();
  for (const path of paths) {
    holders.add(path);
    for (let end = 0; end < path.length; end++) {
      if (path[end] === "." || path[end] === "[") holders.add(path.slice(0, end));
    }
  }
  return holders;
}

interface Place {
  readonly value: Json;
  readonly path: string;
}

/** A value less the defaults inside it; itself it stays. */
function strip(schema: Schema | undefined, { value, path }: Place, walk: Walk): Json {
  const digest = walk.digests.get(path);
  if (digest !== undefined) {
    walk.placed.add(path);
    return { sha256: digest };
  }
  const known = schema && unwrapSchema(schema, "out");
  const def = known && (known as z.core.$ZodTypes)._zod.def;
  if (Array.isArray(value)) {
    return value.map((item: Json, index) =>
      strip(itemSchema(def, index), { value: item, path: joinPath(path, index) }, walk)
    );
  }
  if (value === null || typeof value !== "object") return value;
  if (def?.type === "union") return stripUnion(def, { value, path }, walk);
  if (def?.type === "intersection") {
    // A field unknown to one side passes through it, so each side takes its own.
    const left = strip(def.left, { value, path }, { ...walk, digests: new Map() });
    return strip(def.right, { value: left, path }, walk);
  }
  return stripFields(def, { value: value as JsonObject, path }, walk);
}

function stripFields(
  def: z.core.$ZodTypes["_zod"]["def"] | undefined,
  { value, path }: { value: JsonObject; path: string },
  walk: Walk,
): JsonObject {
  const shape = def?.type === "object" ? def.shape as Record<string, Schema> : undefined;
  const rest = def?.type === "record" ? def.valueType as Schema : undefined;
  const kept: [string, Json][] = [];
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined) continue;
    const place = { value: each, path: joinPath(path, key) };
    const field = shape !== undefined && Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (field !== undefined && !walk.holders.has(place.path) && isDefault(field, each)) continue;
    kept.push([key, strip(field ?? rest, place, walk)]);
  }
  return Object.fromEntries(kept);
}

/** Drops what the first fitting option fills in, if the whole union gives it back. */
function stripUnion(
  def: { readonly options: readonly unknown[] },
  { value, path }: Place,
  walk: Walk,
): Json {
  const plain: Walk = { ...walk, digests: new Map() };
  for (const option of def.options as readonly Schema[]) {
    if (!gives(option, { from: value, to: value })) continue;
    const short = strip(option, { value, path }, plain);
    const back = (def.options as readonly Schema[]).find((each) =>
      z.safeParse(each, short).success
    );
    const isSafe = back !== undefined && gives(back, { from: short, to: value });
    return strip(isSafe ? option : undefined, { value, path }, walk);
  }
  return strip(undefined, { value, path }, walk);
}

function gives(schema: Schema, { from, to }: { from: Json; to: Json }): boolean {
  const parsed = z.safeParse(schema, from);
  return parsed.success && canonical(parsed.data) === canonical(to);
}

function itemSchema(
  def: z.core.$ZodTypes["_zod"]["def"] | undefined,
  index: number,
): Schema | undefined {
  if (def?.type === "array") return def.element as Schema;
  if (def?.type === "tuple") return (def.items[index] ?? def.rest ?? undefined) as Schema;
  return undefined;
}

const defaults = new WeakMap<Schema, string | null>();

function isDefault(schema: Schema, value: Json): boolean {
  let text = defaults.get(schema);
  if (text === undefined) {
    // What a field gives when nothing is written is its default, however it is declared.
    const parsed = z.safeParse(schema, undefined);
    text = parsed.success && parsed.data !== undefined ? canonical(parsed.data) : null;
    defaults.set(schema, text);
  }
  return text !== null && text === canonical(value);
}
