/**
 * What the walks over schemas share: the schema inside wrappers, and which texts are paths.
 *
 * A spec names files relative to itself, and a kind reads them relative to the working
 * directory; what is a path must therefore be known before a kind sees its params.
 */
import { z } from "zod";

/** Any schema. */
export type Schema = z.core.$ZodType;

/**
 * The schema inside optional, default, lazy and their like; of a pipe the end that is
 * asked for: what is written goes "in", what a kind reads comes "out".
 *
 * @returns undefined for a transform, which has no schema
 */
export function unwrapSchema(schema: Schema, end: "in" | "out"): Schema | undefined {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case "optional":
    case "nullable":
    case "nonoptional":
    case "readonly":
    case "catch":
    case "default":
    case "prefault":
      return unwrapSchema(def.innerType as Schema, end);
    case "lazy":
      return unwrapSchema(def.getter() as Schema, end);
    case "pipe":
      return unwrapSchema(def[end] as Schema, end);
    case "transform":
      return undefined;
    default:
      return schema;
  }
}

const filePaths = new WeakSet<Schema>();

/** The schema of a param that names a file, or files by a pattern. */
export function filePath(about: string): z.ZodString {
  const schema = z.string().min(1).describe(
    `${about} A relative path counts from the file of the spec that names it.`,
  );
  filePaths.add(schema);
  return schema;
}

/** Whether a schema is one that `filePath` made. */
export function isFilePath(schema: Schema): boolean {
  return filePaths.has(schema);
}

const holders = new WeakMap<Schema, boolean>();

/** Whether a path may stand anywhere in what a schema takes; known after the first call. */
export function holdsFilePath(schema: Schema): boolean {
  const known = holders.get(schema);
  if (known !== undefined) return known;
  holders.set(schema, false); // a schema that holds itself is looked through once
  const found = isFilePath(schema) || partsOf(schema).some(holdsFilePath);
  holders.set(schema, found);
  return found;
}

/** The schemas that a schema is made of. */
function partsOf(schema: Schema): readonly Schema[] {
  const known = unwrapSchema(schema, "in");
  if (known === undefined) return [];
  if (known !== schema) return [known];
  const def = (known as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case "object":
      return [...Object.values(def.shape) as Schema[], ...def.catchall ? [def.catchall] : []];
    case "record":
      return [def.valueType];
    case "array":
      return [def.element];
    case "tuple":
      return [...def.items, ...def.rest ? [def.rest] : []];
    case "union":
      return def.options;
    case "intersection":
      return [def.left, def.right];
    default:
      return [];
  }
}
