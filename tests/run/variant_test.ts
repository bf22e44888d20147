import assert from "node:assert/strict";
import { fileUnder, formatFiling } from "../../lib/run/variant.ts";

const base = { name: "study", set: [], device: "cpu" };

Deno.test("fileUnder() files a spec under its name, and what differs under one of its own", () => {
  assert.deepEqual(fileUnder(base), { experiment: "study", name: "study" });
  const variant = fileUnder({ ...base, set: ["stages.ner.with.steps=3"] });
  assert.deepEqual(variant, {
    experiment: "study+54cae5d8",
    name: "study",
    variant: "--set stages.ner.with.steps=3",
  });
  assert.equal(formatFiling(variant), "study+54cae5d8 (--set stages.ner.with.steps=3)");
  const other = fileUnder({ ...base, device: "tfjs-cpu" });
  assert.match(other.experiment, /^study\+[0-9a-f]{8}$/);
  assert.notEqual(other.experiment, variant.experiment);
  assert.equal(other.variant, "--device tfjs-cpu");
});

Deno.test("fileUnder() looks at what overrides come to, not at how they are written", () => {
  const name = (...set: string[]) => fileUnder({ ...base, set }).experiment;
  assert.equal(name("a=1", "b=2"), name("b=2", "a=1"));
  assert.equal(name("a=1"), name("a=3", " a = 1"));
  assert.notEqual(name("a=1", "b=2"), name("a=1"));
  assert.notEqual(name("a=b=1"), name("a=b"));
});

Deno.test("fileUnder() takes the name that was asked for", () => {
  assert.deepEqual(fileUnder({ ...base, asked: "trial" }), { experiment: "trial", name: "study" });
  const { experiment, variant } = fileUnder({ ...base, set: ["a=1"], asked: "trial" });
  assert.deepEqual({ experiment, variant }, { experiment: "trial", variant: "--set a=1" });
});
