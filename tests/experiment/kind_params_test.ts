import assert from "node:assert/strict";
import { z } from "zod";
import { paramsOfKind } from "../../lib/experiment/kind_params.ts";
import type { TaskKind } from "../../lib/graph/task.ts";
import { loadKinds } from "../../lib/graph/kinds.ts";
import { kinds as registry } from "../../lib/tasks/registry.ts";

const kinds = await loadKinds(registry);

/** Each parameter in a line: name, type, default, about. */
function linesOf(params: z.ZodType): string[] {
  return paramsOfKind({ params } as TaskKind).map(({ name, type, isRequired, preset, about }) => {
    const given = isRequired ? "required" : preset === undefined ? "-" : JSON.stringify(preset);
    return [name, type, given, about].join("; ");
  });
}

Deno.test("paramsOfKind() tells types with their bounds, defaults and what must be given", () => {
  const params = z.strictObject({
    steps: z.int().min(1).describe("How many."),
    rate: z.number().gt(0).lte(1).default(0.5),
    name: z.string().optional(),
    shape: z.enum(["round", "square"]).default("round"),
    isFast: z.boolean().default(false),
    files: z.array(z.string()).default([]),
  });
  assert.deepEqual(linesOf(params), [
    "steps; whole number ≥ 1; required; How many.",
    "rate; number > 0, ≤ 1; 0.5; ",
    "name; text; -; ",
    'shape; round | square; "round"; ',
    "isFast; boolean; false; ",
    "files; list of texts; []; ",
  ]);
});

Deno.test("paramsOfKind() lists what is in mappings, lists and alternatives, each once", () => {
  const params = z.strictObject({
    sources: z.array(z.discriminatedUnion("format", [
      z.strictObject({ format: z.literal("text"), path: z.string() }),
      z.strictObject({
        format: z.literal("json").describe("An object."),
        path: z.string(),
        field: z.string(),
      }),
    ])),
    end: z.union([z.strictObject({ steps: z.int() }), z.strictObject({ share: z.number() })]),
    inner: z.strictObject({ size: z.int().default(3) }).prefault({}).describe("Within."),
  });
  assert.deepEqual(linesOf(params), [
    "sources; list of mappings; required; ",
    "sources[].format; text | json; required; json: An object.",
    "sources[].path; text; required; ",
    "sources[].field; text; required; (json)",
    "end; mapping; required; ",
    "end.steps; whole number; -; (one of these)",
    "end.share; number; -; (one of these)",
    "inner; mapping; -; Within.",
    "inner.size; whole number; 3; ",
  ]);
});

Deno.test("paramsOfKind() finds a type and a sentence for every parameter of every kind", () => {
  for (const kind of kinds.values()) {
    const params = paramsOfKind(kind);
    assert.equal(new Set(params.map(({ name }) => name)).size, params.length, kind.kind);
    for (const { name, type } of params) {
      assert.doesNotMatch(type, /undefined|object|any value/, `${kind.kind} ${name}`);
    }
  }
});
