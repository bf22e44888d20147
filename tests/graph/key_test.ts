import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import type { JsonObject } from "../../lib/base/canonical.ts";
import { sha256 } from "../../lib/base/digest.ts";
import {
  components,
  digestsByPath,
  type Identity,
  identityOf,
  keyOf,
} from "../../lib/graph/key.ts";
import { exam, graphOf, keyOfRequest, numerics, text, train } from "./sample.ts";

Deno.test("keyOf() gives these very keys: a change orphans all results on disk", async () => {
  const graph = await graphOf({
    text: { kind: text, params: { sources: [{ path: "a.txt" }], language: "de" } },
    model: { kind: train, params: { steps: 100, learningRate: 2e-5 }, inputs: { text: ["text"] } },
    dev: { kind: train, params: { steps: 100 }, inputs: { text: ["text#dev"], init: ["model"] } },
    exam: { kind: exam, inputs: { model: ["model", "dev"] } },
  });
  assert.deepEqual(Object.fromEntries(graph.ofRequest), {
    text: "daa61d9ab7c40884e4fc19504fb0d798da4ffb39e2bee7927e0585cfe76f8df5",
    model: "a7b5157b824ad998d495b545a7a200088527bf43fb309851cd9cbdee4b65ed05",
    dev: "2fd178465ecdebb0ebc2cec05574b81945f00da21e6abbe2221385e5286bc568",
    exam: "3ba9d6a90ed2d52ccd19af9c698c349aaeb0c64dd54149147b9521bc9fc28518",
  });
});

Deno.test("identityOf() holds just what affects the result", () => {
  const input = { key: "k", output: "dev" };
  const identity = identityOf({
    kind: train,
    params: { steps: 5, learningRate: 1e-4, decaySteps: 0, shape: "constant", seed: 0 },
    inputs: { text: [input], init: [] },
    numerics,
  });
  assert.deepEqual(identity, {
    kind: "train",
    version: 1,
    params: { steps: 5 },
    inputs: { text: [input] },
    numerics,
  });
});

Deno.test("identityOf() leaves numerics out where the kind is not numeric", () => {
  const parts = { kind: text, params: text.params.parse({}) as unknown as JsonObject, inputs: {} };
  const onGpu = identityOf({ ...parts, numerics: { engine: "xla-cuda", precision: "bfloat16" } });
  assert.equal(keyOf(onGpu), keyOf(identityOf({ ...parts, numerics })));
});

Deno.test("identityOf() has no param that a kind calls unkeyed, and how many replicas if several", () => {
  const parts = {
    kind: { ...train, unkeyed: ["learningRate"] },
    params: { steps: 5, learningRate: 1, decaySteps: 0, shape: "constant", seed: 0 },
    inputs: {},
  };
  const { params } = identityOf({ ...parts, numerics });
  assert.deepEqual(params, { steps: 5 });
  const replicated = (replicas: number) =>
    identityOf({ ...parts, numerics: { ...numerics, replicas } }).numerics;
  assert.deepEqual(replicated(1), numerics);
  assert.deepEqual(replicated(8), { ...numerics, replicas: 8 });
});

Deno.test("digestsByPath() has one digest of all files that a pattern names, in their order", () => {
  const digests = new Map([["a.txt", "aa"], ["b.txt", "bb"]]);
  const filesAt = (...files: readonly string[]) =>
    files.map((file) => ({ path: "sources[0].path", file }));
  const digestOf = (...files: readonly string[]) =>
    digestsByPath(filesAt(...files), digests).get("sources[0].path");
  assert.equal(digestOf("a.txt"), "aa");
  assert.equal(digestOf("a.txt", "b.txt"), sha256("aa\nbb"));
  assert.equal(digestOf("b.txt", "a.txt"), sha256("bb\naa"));
});

Deno.test("keyOf() differs with each part of the identity", () => {
  const input = { key: "k", output: "" };
  const base = {
    kind: train,
    params: { steps: 5, learningRate: 1, decaySteps: 0, shape: "constant", seed: 0 },
    inputs: { text: [input] },
    numerics,
  } as const;
  const keys = [
    base,
    { ...base, kind: { ...train, kind: "other" } },
    { ...base, kind: { ...train, version: 2 } },
    { ...base, params: { ...base.params, steps: 6 } },
    { ...base, inputs: { text: [{ key: "l", output: "" }] } },
    { ...base, inputs: { text: [{ key: "k", output: "dev" }] } },
    { ...base, inputs: { init: [input] } },
    { ...base, inputs: { text: [input, input] } },
    { ...base, numerics: { ...numerics, engine: "xla-cuda" } },
    { ...base, numerics: { ...numerics, precision: "bfloat16" } },
  ].map((parts) => keyOf(identityOf(parts)));
  assert.equal(new Set(keys).size, keys.length);
});

Deno.test("keyOf() ignores the order of params and roles", () => {
  const loose = { ...train, params: z.record(z.string(), z.json()) };
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "grapheme" }), fc.integer()),
      fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ minLength: 1 })),
      (params, roles) => {
        const inputs = Object.fromEntries(
          Object.entries(roles).map(([role, key]) => [role, [{ key, output: "" }]]),
        );
        const reversed = <Value>(record: Record<string, Value>) =>
          Object.fromEntries(Object.entries(record).toReversed());
        assert.equal(
          keyOf(identityOf({ kind: loose, params, inputs, numerics })),
          keyOf(identityOf({
            kind: loose,
            params: reversed(params),
            inputs: reversed(inputs),
            numerics,
          })),
        );
      },
    ),
  );
});

Deno.test("components() labels every leaf", () => {
  const identity: Identity = {
    kind: "train",
    version: 1,
    params: { steps: 5, list: [{ a: null }, []], "a.b": true },
    inputs: { text: [{ key: "k", output: "" }] },
    numerics,
  };
  assert.deepEqual(
    components(identity).map(({ path, value }) => `${path} = ${JSON.stringify(value)}`),
    [
      'kind = "train"',
      "version = 1",
      "params.steps = 5",
      "params.list[0].a = null",
      "params.list[1] = []",
      'params["a.b"] = true',
      'inputs.text[0].key = "k"',
      'inputs.text[0].output = ""',
      'numerics.engine = "onnx-cpu"',
      'numerics.precision = "float32"',
    ],
  );
});

Deno.test("ofRequest names the key by which the task is found", async () => {
  const graph = await graphOf({ text: { kind: text } });
  const key = keyOfRequest(graph, "text");
  assert.equal(graph.tasks.get(key)?.key, key);
  assert.equal(keyOf(graph.identities.get(key)!), key);
});
