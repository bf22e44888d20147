/**
 * The parameters of a kind as a list that people read, made from the schema that checks
 * them: what is documented is what is accepted.
 */
import type { Json, JsonObject } from "../base/canonical.ts";
import type { TaskKind } from "../graph/task.ts";
import { jsonSchemaOf } from "./json_schema.ts";

/** One parameter of a kind. */
export interface KindParam {
  /** Where it stands below `with:`, such as "schedule.learningRate", "sources[].path". */
  readonly name: string;
  /** What may be written: "whole number ≥ 1", "constant | linear". */
  readonly type: string;
  /** Whether a spec has to give it, where it gives what it is part of. */
  readonly isRequired: boolean;
  /** What it is when a spec leaves it out; absent where that is nothing. */
  readonly preset?: Json;
  /** What it does. */
  readonly about: string;
}

/** The parameters of a kind, in the order of its schema, each mapping before what is in it. */
export function paramsOfKind({ params }: TaskKind): KindParam[] {
  return paramsIn(jsonSchemaOf(params), "");
}

/** The params of a mapping whose path ends in "." or is empty. */
function paramsIn(schema: JsonObject, path: string): KindParam[] {
  const required = new Set((schema.required ?? []) as readonly string[]);
  return propertiesOf(schema).flatMap(([name, property]) => [
    paramOf(property, { name: `${path}${name}`, isRequired: required.has(name) }),
    ...paramsBelow(property, `${path}${name}`),
  ]);
}

function paramOf(
  schema: JsonObject,
  { name, isRequired }: { readonly name: string; readonly isRequired: boolean },
): KindParam {
  const preset = schema.default;
  // A mapping of defaults is told by what is in it.
  const isShown = preset !== undefined && !(isMapping(schema) && canBeEmpty(preset));
  return {
    name,
    type: typeOf(schema),
    isRequired,
    ...(isShown ? { preset } : {}),
    about: (schema.description ?? "") as string,
  };
}

/** The params inside of one: of a mapping, of each item of a list, of alternatives. */
function paramsBelow(schema: JsonObject, path: string): KindParam[] {
  const items = schema.items as JsonObject | undefined;
  if (items !== undefined) return paramsBelow(items, `${path}[]`);
  const forms = alternativesOf(schema).filter(isMapping);
  if (forms.length === 0) return paramsIn(schema, `${path}.`);
  return mergeForms(forms, path);
}

/** Params of alternative mappings: each once, and of which alternative it is where that is told. */
function mergeForms(forms: readonly JsonObject[], path: string): KindParam[] {
  const tag = tagOf(forms);
  const merged = new Map<string, { param: KindParam; tags: string[] }>();
  const abouts: string[] = [];
  for (const form of forms) {
    const label = tag === undefined ? "" : String(constOf(form, tag));
    const about = tag === undefined ? undefined : propertyOf(form, tag)?.description;
    if (about !== undefined) abouts.push(`${label}: ${about}`);
    for (const param of paramsIn(form, `${path}.`)) {
      if (tag !== undefined && param.name === `${path}.${tag}`) continue;
      const key = JSON.stringify(param);
      const known = merged.get(key);
      if (known === undefined) merged.set(key, { param, tags: [label] });
      else known.tags.push(label);
    }
  }
  const own = [...merged.values()].map(({ param, tags }): KindParam => {
    if (tags.length === forms.length) return param;
    const only = tag === undefined ? "" : `(${tags.join(", ")}) `;
    return { ...param, about: `${only}${param.about}`.trim() };
  });
  if (tag === undefined) {
    return own.map((param) => (
      { ...param, isRequired: false, about: `(one of these) ${param.about}`.trim() }
    ));
  }
  const names = forms.map((form) => String(constOf(form, tag)));
  const about = abouts.join(" ");
  return [{ name: `${path}.${tag}`, type: names.join(" | "), isRequired: true, about }, ...own];
}

/** The property that tells alternatives apart: a different constant in each. */
function tagOf(forms: readonly JsonObject[]): string | undefined {
  const [first] = forms;
  return propertiesOf(first!).map(([name]) => name).find((name) =>
    new Set(forms.map((form) => constOf(form, name)).filter((each) => each !== undefined)).size ===
      forms.length
  );
}

function typeOf(schema: JsonObject): string {
  const choices = schema.enum as readonly Json[] | undefined;
  if (choices !== undefined) return choices.map(plain).join(" | ");
  if (schema.const !== undefined) return plain(schema.const);
  const forms = alternativesOf(schema);
  if (forms.length > 0) {
    return forms.every(isMapping)
      ? "mapping"
      : [...new Set(forms.map(typeOf).filter((type) => type !== "null"))].join(" or ");
  }
  if (schema.type === "array") return `list of ${plural(schema.items as JsonObject)}`;
  if (isMapping(schema)) return "mapping";
  if (schema.type === "integer" || schema.type === "number") return numberType(schema);
  return schema.type === "string" ? "text" : String(schema.type ?? "any value");
}

function numberType(schema: JsonObject): string {
  const bounds = ([
    ["≥", schema.minimum],
    [">", schema.exclusiveMinimum],
    ["≤", schema.maximum],
    ["<", schema.exclusiveMaximum],
  ] as const).filter(([, bound]) =>
    typeof bound === "number" && Math.abs(bound) < Number.MAX_SAFE_INTEGER
  ).map(([sign, bound]) => `${sign} ${bound}`);
  const name = schema.type === "integer" ? "whole number" : "number";
  return [name, bounds.join(", ")].join(" ").trim();
}

function plural(items: JsonObject): string {
  const type = typeOf(items);
  return type === "mapping" || type === "text" ? `${type}s` : type;
}

function alternativesOf(schema: JsonObject): readonly JsonObject[] {
  return (schema.anyOf ?? schema.oneOf ?? []) as unknown as readonly JsonObject[];
}

function isMapping(schema: JsonObject): boolean {
  const forms = alternativesOf(schema);
  return schema.type === "object" || forms.length > 0 && forms.every(isMapping);
}

function canBeEmpty(value: Json): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function propertiesOf(schema: JsonObject): [string, JsonObject][] {
  return Object.entries((schema.properties ?? {}) as Record<string, JsonObject>);
}

function propertyOf(schema: JsonObject, name: string): JsonObject | undefined {
  return ((schema.properties ?? {}) as Record<string, JsonObject>)[name];
}

function constOf(schema: JsonObject, name: string): Json | undefined {
  return propertyOf(schema, name)?.const;
}

function plain(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
