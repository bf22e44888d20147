import assert from "node:assert/strict";
import fc from "fast-check";
import { mendName, nearestName } from "../../../lib/experiment/check/near.ts";

const NAMES = ["learning_rate", "warmup", "steps", "lr", "seed"];

for (
  const [wrong, near] of [
    ["learning_rte", "learning_rate"],
    ["learningRate", "learning_rate"],
    ["LEARNING-RATE", "learning_rate"],
    ["wramup", "warmup"],
    ["step", "steps"],
    ["rl", "lr"],
    ["x", undefined],
    ["ab", undefined],
    ["dropout", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`nearestName() takes "${wrong}" for ${near}`, () => {
    assert.equal(nearestName(wrong, NAMES), near);
  });
}

Deno.test("nearestName() finds a name with one slip among any others", () => {
  const name = fc.stringMatching(/^[a-z]{6,12}$/);
  fc.assert(
    fc.property(name, fc.nat(), fc.constantFrom("drop", "swap", "double"), (each, n, how) => {
      const at = n % (each.length - 1);
      const wrong = how === "drop"
        ? each.slice(0, at) + each.slice(at + 1)
        : how === "double"
        ? each.slice(0, at) + each[at] + each.slice(at)
        : each.slice(0, at) + each[at + 1] + each[at] + each.slice(at + 2);
      assert.equal(nearestName(wrong, ["zzzzzzzzz0", each, "0000000"]), each);
    }),
  );
});

Deno.test("mendName() lists what there is when nothing is near, and no more than a dozen", () => {
  assert.equal(mendName("x", ["one", "two"]), 'write one of "one", "two"');
  assert.equal(mendName("x", []), "remove it");
  const many = Array.from({ length: 20 }, (_, index) => `name${index}`);
  assert.match(mendName("x", many), /^write one of .*"name11" and 8 more$/);
});
