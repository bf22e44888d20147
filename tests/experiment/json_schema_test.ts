import assert from "node:assert/strict";
import { loadKinds } from "../../lib/graph/kinds.ts";
import { experimentSchema } from "../../lib/experiment/json_schema.ts";
import { kinds as registry } from "../../lib/tasks/registry.ts";
import { kinds } from "./_kinds.ts";

const COMMITTED = new URL("../../lib/experiment/experiment.schema.json", import.meta.url);

interface Schema {
  readonly [key: string]: Schema;
}

const schema = experimentSchema(kinds) as unknown as Schema;
const stage = schema.properties!.stages!.additionalProperties!;

function withOf(kind: string): Schema {
  const rules = stage.allOf as unknown as Schema[];
  const isOf = (rule: Schema) => (rule.if!.properties!.uses!.const as unknown as string) === kind;
  return rules.find(isOf)!.then!.properties!.with!;
}

Deno.test("experimentSchema() knows every kind, and what it is about", () => {
  assert.deepEqual(
    stage.properties!.uses!.oneOf,
    [...kinds.values()].map(({ kind, about }) => ({ const: kind, description: about })),
  );
});

Deno.test("experimentSchema() offers a kind's roles and params, and nothing else", () => {
  const { properties, additionalProperties } = withOf("tag");
  assert.deepEqual(Object.keys(properties!), ["model", "data", "epochs", "seed", "benchmark"]);
  assert.equal(additionalProperties, false);
});

Deno.test("experimentSchema() takes references in roles", () => {
  assert.deepEqual(withOf("words").properties!.corpora, {
    description: "What is counted. (required: references to corpus)",
    anyOf: [
      { $ref: "#/definitions/reference" },
      { type: "array", items: { $ref: "#/definitions/reference" } },
    ],
  });
  assert.deepEqual(withOf("practise").properties!.init!.anyOf, [
    { $ref: "#/definitions/reference" },
    { type: "null" },
  ]);
  const pattern = new RegExp(schema.definitions!.reference!.pattern as unknown as string);
  for (const text of ["$(stages.a)", "$(stages.my-world.ner)"]) assert.ok(pattern.test(text), text);
  for (const text of ["stages.a", "$(axis.a)", "a $(stages.a)", "$(stages.a.b.c)"]) {
    assert.ok(!pattern.test(text), text);
  }
});

Deno.test("experimentSchema() takes an expression for every param that is no free text", () => {
  const { steps, lr, optimizer, note, tokens, tags, schedule } = withOf("practise").properties!;
  const expression = { $ref: "#/definitions/expression" };
  assert.deepEqual(steps, {
    description: "Optimizer updates. (required)",
    anyOf: [{ type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, expression],
  });
  assert.deepEqual(lr, {
    description: "The highest learning rate.",
    default: 1e-3,
    anyOf: [{ type: "number", exclusiveMinimum: 0 }, expression],
  });
  assert.deepEqual(optimizer!.anyOf, [{ type: "string", enum: ["adamw", "sgd"] }, expression]);
  assert.deepEqual(note, { type: "string" });
  assert.deepEqual(tokens!.anyOf, [
    { type: "string", const: "all" },
    { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    expression,
  ]);
  assert.deepEqual(tags!.items, { type: "string" });
  const linear = (schedule!.anyOf as unknown as Schema[])[1]!;
  assert.deepEqual((linear.properties!.warmup!.anyOf as unknown as Schema[])[1], expression);
});

Deno.test("experimentSchema() requires nothing that another file might give", () => {
  const required: string[] = [];
  const walk = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      if (key === "required") required.push(path);
      if (key !== "items" && key !== "if") walk(each, `${path}.${key}`);
    }
  };
  walk(schema, "");
  assert.deepEqual(required, []);
});

Deno.test("lib/experiment/experiment.schema.json is current: if not, deno task schema", async () => {
  const committed = JSON.parse(await Deno.readTextFile(COMMITTED));
  assert.deepEqual(committed, experimentSchema(await loadKinds(registry)));
});
