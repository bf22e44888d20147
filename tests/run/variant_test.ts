import assert from "node:assert/strict";
import type { JsonObject } from "../../lib/base/canonical.ts";
import { fileUnder, formatFiling } from "../../lib/run/variant.ts";

const base = { name: "study", overrides: {}, device: "cpu" };

Deno.test("fileUnder() files a spec under its name, and what differs under one of its own", () => {
  assert.deepEqual(fileUnder(base), { experiment: "study", name: "study" });
  const variant = fileUnder({ ...base, overrides: { "stages.ner.with.steps": 3 } });
  assert.deepEqual(variant, {
    experiment: "study+6d04bebd",
    name: "study",
    variant: "--set stages.ner.with.steps=3",
  });
  assert.equal(formatFiling(variant), "study+6d04bebd (--set stages.ner.with.steps=3)");
  const other = fileUnder({ ...base, device: "tfjs-cpu" });
  assert.match(other.experiment, /^study\+[0-9a-f]{8}$/);
  assert.notEqual(other.experiment, variant.experiment);
  assert.equal(other.variant, "--device tfjs-cpu");
});

Deno.test("fileUnder() gives every variant a name of its own", () => {
  const name = (overrides: JsonObject) => fileUnder({ ...base, overrides }).experiment;
  assert.notEqual(name({ a: 1, b: 2 }), name({ a: 1 }));
  assert.notEqual(name({ a: 1 }), name({ a: "1" }));
  assert.equal(
    fileUnder({ ...base, overrides: { "axes.seed": [1, 2], a: "1", b: "x y" } }).variant,
    '--set axes.seed=[1,2] --set a="1" --set b="x y"',
  );
});

Deno.test("fileUnder() takes the name that was asked for", () => {
  assert.deepEqual(fileUnder({ ...base, asked: "trial" }), { experiment: "trial", name: "study" });
  const { experiment, variant } = fileUnder({ ...base, overrides: { a: 1 }, asked: "trial" });
  assert.deepEqual({ experiment, variant }, { experiment: "trial", variant: "--set a=1" });
});
