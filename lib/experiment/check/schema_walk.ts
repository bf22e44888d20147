/**
 * What a zod schema allows at a path: the keys of its mappings, and texts that name files.
 *
 * zod drops keys that a plain object does not know, and lists them without a
 * place; specs want every unknown key reported, with the names it may have meant.
 */
import type { z } from "zod";
import type { Path } from "../../base/path.ts";
import { isFilePath, unwrapSchema } from "../../graph/schema.ts";

/** A key that no schema reads. */
export interface UnknownKey {
  /** The path of the mapping that holds it. */
  readonly path: Path;
  /** The key. */
  readonly key: string;
  /** The keys that can stand beside it. */
  readonly known: readonly string[];
}

interface Definition {
  readonly type: string;
  readonly left?: z.ZodType;
  readonly right?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly catchall?: z.ZodType;
  readonly element?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly rest?: z.ZodType | null;
  readonly valueType?: z.ZodType;
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, unknown>>;
}

/** Every key of a value that its schema does not know. */
export function unknownKeys(schema: z.ZodType, value: unknown): readonly UnknownKey[] {
  const found: UnknownKey[] = [];
  walk(leavesOf(schema, value), value, [], { onUnknownKey: (each) => found.push(each) });
  return found;
}

/** The places of all texts in a value that its schema says are paths of files. */
export function filePathsIn(schema: z.ZodType, value: unknown): readonly Path[] {
  const found: Path[] = [];
  walk(leavesOf(schema, value), value, [], {
    onText: (leaves, path) => {
      if (leaves.some(isFilePath)) found.push(path);
    },
  });
  return found;
}

interface Visitor {
  readonly onUnknownKey?: (found: UnknownKey) => void;
  readonly onText?: (leaves: readonly z.ZodType[], path: Path) => void;
}

function definition(schema: z.ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

function walk(
  leaves: readonly z.ZodType[],
  value: unknown,
  path: Path,
  visitor: Visitor,
): void {
  if (typeof value === "string") visitor.onText?.(leaves, path);
  if (Array.isArray(value)) {
    const lists = leaves.map(definition);
    for (const [index, item] of value.entries()) {
      const schemas = lists.flatMap((list) => list.element ?? list.items?.[index] ?? []);
      walk(schemas.flatMap((each) => leavesOf(each, item)), item, [...path, index], visitor);
    }
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const maps = leaves.map(definition).filter((each) =>
    each.type === "object" || each.type === "record" || each.type === "any" ||
    each.type === "unknown"
  );
  if (maps.length === 0) return;
  const isOpen = maps.some((map) =>
    map.type !== "object" || map.catchall !== undefined && definition(map.catchall).type !== "never"
  );
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    const isKnown = isOpen || maps.some(({ shape }) => shape && Object.hasOwn(shape, key));
    if (!isKnown) {
      const known = new Set(maps.flatMap(({ shape }) => Object.keys(shape ?? {})));
      visitor.onUnknownKey?.({ path, key, known: [...known] });
      continue;
    }
    // Most values are neither mappings, lists nor texts that anybody asks for.
    const isLeaf = typeof item !== "object" || item === null;
    if (isLeaf && (typeof item !== "string" || visitor.onText === undefined)) continue;
    const schemas = maps.flatMap(({ shape, valueType, catchall }) =>
      (shape && Object.hasOwn(shape, key) ? shape[key] : undefined) ?? valueType ?? catchall ?? []
    );
    walk(schemas.flatMap((each) => leavesOf(each, item)), item, [...path, key], visitor);
  }
}

/** The schemas under wrappers and unions; of unions over a tag, those that the value's tag names. */
function leavesOf(schema: z.ZodType, value: unknown): readonly z.ZodType[] {
  const known = unwrapSchema(schema, "in") as z.ZodType | undefined;
  if (known === undefined) return [];
  const def = definition(known);
  switch (def.type) {
    case "intersection":
      return [...leavesOf(def.left!, value), ...leavesOf(def.right!, value)];
    case "union": {
      const leaves = def.options!.flatMap((option) => leavesOf(option, value));
      const fitting = leaves.filter((leaf) => fitsTags(leaf, value));
      return fitting.length > 0 ? fitting : leaves;
    }
    default:
      return [known];
  }
}

function fitsTags(schema: z.ZodType, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(definition(schema).shape ?? {}).every(([key, each]) => {
    const values = definition(each).type === "literal" ? definition(each).values : undefined;
    return values === undefined || !(key in value) ||
      values.includes((value as Record<string, unknown>)[key]);
  });
}
