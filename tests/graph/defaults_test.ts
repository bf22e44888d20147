import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import type { JsonObject } from "../../lib/base/canonical.ts";
import { withoutDefaults } from "../../lib/graph/defaults.ts";

const strip = (schema: z.ZodType, input: unknown, files: Record<string, string> = {}) =>
  withoutDefaults(schema.parse(input) as JsonObject, {
    schema,
    files: new Map(Object.entries(files)),
  });

const schema = z.strictObject({
  rate: z.number().default(3),
  schedule: z.strictObject({
    shape: z.string().default("constant"),
    warmup: z.number().optional(),
  }).prefault({}),
  sources: z.array(z.strictObject({ path: z.string(), keep: z.number().default(1) })).default([]),
  size: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("steps"), count: z.number().default(10) }),
    z.strictObject({ type: z.literal("tokens"), count: z.number().default(1000) }),
  ]).default({ type: "steps", count: 10 }),
  byDomain: z.record(z.string(), z.number().default(1)).optional(),
  pair: z.tuple([z.number(), z.strictObject({ a: z.number().default(0) })]).optional(),
  limit: z.number().nullable().default(null),
});

Deno.test("withoutDefaults() drops every kind of default, at any depth", () => {
  const cases: [unknown, unknown][] = [
    [{}, {}],
    [{ rate: 3, limit: null, schedule: { shape: "constant" }, sources: [] }, {}],
    [{ rate: 4 }, { rate: 4 }],
    [{ limit: 0 }, { limit: 0 }],
    [{ schedule: { warmup: 5 } }, { schedule: { warmup: 5 } }],
    [{ size: { type: "steps", count: 11 } }, { size: { type: "steps", count: 11 } }],
    [{ size: { type: "tokens" } }, { size: { type: "tokens" } }],
    [{ sources: [{ path: "a", keep: 1 }] }, { sources: [{ path: "a" }] }],
    [{ pair: [1, { a: 0 }] }, { pair: [1, {}] }],
  ];
  for (const [input, expected] of cases) assert.deepEqual(strip(schema, input), expected);
});

Deno.test("withoutDefaults() never drops an element of a list or an entry of a record", () => {
  assert.deepEqual(strip(schema, { byDomain: { news: 1 } }), { byDomain: { news: 1 } });
  const list = z.strictObject({ list: z.array(z.number().default(3)) });
  assert.deepEqual(strip(list, { list: [3] }), { list: [3] });
});

Deno.test("withoutDefaults() is blind to a new param with a default", () => {
  const before = z.strictObject({ a: z.number(), b: z.strictObject({}).prefault({}) });
  const after = z.strictObject({
    a: z.number(),
    b: z.strictObject({ c: z.number().default(1) }).prefault({}),
    d: z.string().default("none"),
  });
  assert.deepEqual(strip(after, { a: 1 }), strip(before, { a: 1 }));
});

Deno.test("withoutDefaults() keeps the alternatives of a union apart", () => {
  const either = z.strictObject({
    one: z.union([
      z.strictObject({ q: z.number().default(1) }),
      z.strictObject({ r: z.number().default(1) }),
    ]),
  });
  assert.deepEqual(strip(either, { one: { q: 1 } }), { one: {} });
  assert.deepEqual(strip(either, { one: { r: 1 } }), { one: { r: 1 } });
});

Deno.test("withoutDefaults() loses nothing: parsing gives all of it back", () => {
  const values = fc.record({
    rate: fc.integer({ min: 2, max: 4 }),
    schedule: fc.record({
      shape: fc.constantFrom("constant", "linear"),
      warmup: fc.integer({ min: 0, max: 2 }),
    }, { requiredKeys: [] }),
    sources: fc.array(
      fc.record({ path: fc.string(), keep: fc.integer({ min: 0, max: 2 }) }, {
        requiredKeys: ["path"],
      }),
    ),
    size: fc.record({
      type: fc.constantFrom("steps", "tokens"),
      count: fc.constantFrom(10, 11, 1000),
    }, { requiredKeys: ["type"] }),
    byDomain: fc.dictionary(fc.string(), fc.integer({ min: 0, max: 2 })),
    limit: fc.constantFrom(null, 0, 1),
  }, { requiredKeys: [] });
  fc.assert(fc.property(values, (value) => {
    const complete = schema.parse(value);
    assert.deepEqual(schema.parse(strip(schema, value)), complete);
  }));
});

Deno.test("withoutDefaults() puts a digest in the place of a path, default or not", () => {
  const file = { path: "data/vocab.txt" };
  const withFile = z.strictObject({
    vocab: z.string().default("data/vocab.txt"),
    parts: z.array(z.strictObject({ path: z.string() })).default([file]),
  });
  const files = { vocab: "d1", "parts[0].path": "d2" };
  const expected = { vocab: { sha256: "d1" }, parts: [{ path: { sha256: "d2" } }] };
  assert.deepEqual(strip(withFile, {}, files), expected);
  assert.deepEqual(strip(withFile, { vocab: "copy.txt", parts: [{ path: "x" }] }, files), expected);
});

Deno.test("withoutDefaults() reaches a file behind a transform and inside a union", () => {
  const hidden = z.strictObject({
    list: z.array(z.string()).transform((paths) => paths.map((path) => ({ path }))),
    one: z.union([z.strictObject({ path: z.string(), keep: z.number().default(1) }), z.null()]),
  });
  const files = { "list[0].path": "d1", "one.path": "d2" };
  assert.deepEqual(strip(hidden, { list: ["a"], one: { path: "b" } }, files), {
    list: [{ path: { sha256: "d1" } }],
    one: { path: { sha256: "d2" } },
  });
});

Deno.test("withoutDefaults() refuses a file's path that leads nowhere", () => {
  assert.throws(() => strip(schema, {}, { "sources[0].path": "d" }), {
    name: "Error",
    message: 'no param stands at the file\'s path "sources[0].path"',
  });
});
