import assert from "node:assert/strict";
import { type Dot, dotsSpec, isCutOff } from "../../../lib/report/figures/dots_spec.ts";
import { drawPart } from "../../../lib/report/figures/svg.ts";

const dot = (value: number, low?: number, high?: number): Dot => (
  { label: `at ${value}`, group: "steps", value, low, high }
);

Deno.test("isCutOff() is true where an interval would leave the values no room", () => {
  assert.equal(isCutOff([dot(1, 0.5, 1.5), dot(3, 2, 4)]), false);
  assert.equal(isCutOff([dot(1, -50, 50), dot(3, 2, 4)]), true);
  assert.equal(isCutOff([dot(1), dot(0)]), false);
});

Deno.test("dotsSpec() draws a point for every dot, all equal or alone too", async () => {
  for (const dots of [[dot(1, 0, 2), dot(2)], [dot(0)], [dot(0, 0, 0), dot(0, 0, 0)]]) {
    const svg = await drawPart(dotsSpec(dots, { value: "gain, %", group: "doubled" }), "a & b");
    assert.equal(svg.match(/aria-roledescription="point"/g)!.length, dots.length);
    assert.ok(svg.includes("<title>a &amp; b</title>"));
    assert.doesNotMatch(svg, /NaN|Infinity/);
  }
});
