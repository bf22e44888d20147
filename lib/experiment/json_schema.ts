/**
 * The JSON Schema of experiment files, for completion and checks in editors.
 *
 * It is made from the schemas that check a spec, with two differences: nothing is
 * required, since a file may be laid over others, and every parameter that is no
 * free text may also be written as `$(...)`.
 */
import { z } from "zod";
import type { Json, JsonObject } from "../base/canonical.ts";
import type { InputRole, TaskKind } from "../graph/task.ts";
import { experimentForm } from "./experiment_file.ts";

/** The JSON Schema (draft 7) of experiment files whose stages use these kinds. */
export function experimentSchema(kinds: ReadonlyMap<string, TaskKind>): JsonObject {
  const form = jsonSchemaOf(experimentForm);
  const properties = form.properties as Record<string, JsonObject>;
  return {
    ...withoutRequired(form) as JsonObject,
    title: "Titrate experiment",
    properties: {
      ...withoutRequired(properties) as Record<string, JsonObject>,
      stages: {
        type: "object",
        description: properties.stages!.description!,
        propertyNames: properties.stages!.propertyNames!,
        additionalProperties: stageSchema([...kinds.values()], properties.stages!),
      },
      budget: withExpressions(withoutRequired(properties.budget!) as JsonObject),
      published: withExpressions(withoutRequired(properties.published!) as JsonObject),
      assume: withExpressions(withoutRequired(properties.assume!) as JsonObject),
    },
    definitions: {
      expression: { type: "string", pattern: "\\$\\(", description: "$(...)" },
      reference: {
        type: "string",
        pattern: "^\\s*\\$\\(\\s*stages\\.[A-Za-z_][\\w-]*(\\.[A-Za-z_][\\w-]*)?\\s*\\)\\s*$",
        description: "$(stages.<stage>) or $(stages.<stage>.<output>)",
      },
    },
  };
}

function stageSchema(kinds: readonly TaskKind[], form: JsonObject): JsonObject {
  const { properties } = form.additionalProperties as JsonObject;
  const { uses: _, with: __, ...others } = properties as Record<string, JsonObject>;
  return {
    type: "object",
    additionalProperties: false,
    properties: {
      uses: {
        description: "The kind of task.",
        oneOf: kinds.map(({ kind, about }) => ({ const: kind, description: about })),
      },
      with: { description: "Inputs and parameters of the task." },
      ...others,
    },
    allOf: kinds.map((kind) => ({
      if: { properties: { uses: { const: kind.kind } }, required: ["uses"] },
      then: { properties: { with: withSchema(kind) } },
    })),
  };
}

/** What stands under `with:` of a kind: its params and its input roles. */
function withSchema(kind: TaskKind): JsonObject {
  const { $schema: _, ...params } = jsonSchemaOf(kind.params);
  const open = withExpressions(withoutRequired(params) as JsonObject);
  const roles = Object.entries<InputRole>(kind.inputs).map((
    [role, input],
  ) => [role, roleSchema(input)]);
  const required = new Set((params.required ?? []) as readonly string[]);
  const own = Object.entries((open.properties ?? {}) as Record<string, JsonObject>)
    .map(([name, schema]) => [name, required.has(name) ? noted(schema) : schema]);
  return {
    ...open,
    type: ["object", "null"],
    properties: Object.fromEntries([...roles, ...own]),
    additionalProperties: open.additionalProperties ?? false,
  };
}

function noted(schema: JsonObject): JsonObject {
  const about = schema.description === undefined ? "" : `${schema.description} `;
  return { ...schema, description: `${about}(required)` };
}

function roleSchema({ types, about, optional = false, many = false }: InputRole): JsonObject {
  const reference = { $ref: "#/definitions/reference" };
  const forms: Json[] = [reference];
  if (many) forms.push({ type: "array", items: reference });
  if (optional) forms.push({ type: "null" });
  const demand = `${many ? "references to" : "a reference to"} ${types.join(" or ")}`;
  return {
    description: `${about} (${optional ? "optional" : "required"}: ${demand})`,
    anyOf: forms,
  };
}

/** The JSON Schema (draft 7) of what a person may write for a schema: defaults may be left out. */
export function jsonSchemaOf(schema: z.ZodType): JsonObject {
  return z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
  }) as JsonObject;
}

/** A schema whose mappings require no key, as files are merged key by key; items of lists are whole. */
function withoutRequired(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withoutRequired);
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema as JsonObject)
      .filter(([key, value]) => !(key === "required" && Array.isArray(value)))
      .map(([key, value]) => [key, key === "items" ? value : withoutRequired(value)]),
  );
}

/**
 * A schema whose single values may be expressions too. An expression fits several
 * alternatives, so that "one of" becomes "any of".
 */
function withExpressions(schema: JsonObject): JsonObject {
  const expression = { $ref: "#/definitions/expression" };
  const alternatives = (schema.anyOf ?? schema.oneOf) as readonly JsonObject[] | undefined;
  if (alternatives !== undefined) {
    const { anyOf: _, oneOf: __, ...rest } = schema;
    const forms = alternatives.flatMap((each) => {
      const open = withExpressions(each);
      return isChoice(open) ? open.anyOf as readonly JsonObject[] : [open];
    }).filter((each) => each.$ref !== expression.$ref);
    return { ...rest, anyOf: [...forms, expression] };
  }
  if (schema.type === "object") {
    const properties = schema.properties as Record<string, JsonObject> | undefined;
    const others = schema.additionalProperties;
    return {
      ...schema,
      ...(properties === undefined ? {} : {
        properties: Object.fromEntries(
          Object.entries(properties).map(([key, each]) => [key, withExpressions(each)]),
        ),
      }),
      ...(typeof others === "object" && others !== null
        ? { additionalProperties: withExpressions(others as JsonObject) }
        : {}),
    };
  }
  if (schema.type === "array") {
    return typeof schema.items === "object" && schema.items !== null
      ? { ...schema, items: withExpressions(schema.items as JsonObject) }
      : schema;
  }
  const isFreeText = schema.type === "string" &&
    ["enum", "const", "pattern", "format", "maxLength"].every((key) => !(key in schema));
  if (isFreeText || schema.type === undefined && schema.const === undefined) return schema;
  const { description, default: preset, ...value } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
    anyOf: [value, expression],
  };
}

function isChoice(schema: JsonObject): boolean {
  return Array.isArray(schema.anyOf) && Object.keys(schema).length === 1;
}
