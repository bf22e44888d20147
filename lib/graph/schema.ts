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
