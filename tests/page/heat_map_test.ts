import assert from "node:assert/strict";
import fc from "fast-check";
import { goodnessOf, heatDepth, heatMap } from "../../lib/page/heat_map.ts";

Deno.test("goodnessOf() is 1 for the best and 0 for the worst, whichever way is better", () => {
  assert.deepEqual(goodnessOf([1, 3, 2, NaN], "higher"), [0, 1, 0.5, undefined]);
  assert.deepEqual(goodnessOf([1, 3, 2, Infinity], "lower"), [1, 0, 0.5, undefined]);
  for (
    const [values, better] of [[[2, 2], "higher"], [[1, 2], undefined], [[], "lower"]] as const
  ) {
    assert.deepEqual(goodnessOf(values, better), values.map(() => undefined));
  }
  fc.assert(fc.property(fc.array(fc.double()), fc.constantFrom("lower", "higher"), (list, way) => {
    for (const each of goodnessOf(list, way)) {
      assert.ok(each === undefined || each >= 0 && each <= 1);
    }
  }));
});

Deno.test("heatDepth() names a class that the style has", async () => {
  const style = await Deno.readTextFile(new URL("../../lib/page/style.css", import.meta.url));
  const depths = new Set([0, 0.1, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1].map(heatDepth));
  assert.equal(depths.size, 9);
  for (const depth of depths) assert.ok(style.includes(`.heat-${depth} {`));
});

Deno.test("heatMap() tells by words, not by colour alone, what is best and what is absent", () => {
  const text = String(heatMap({
    caption: "f1 & more",
    down: ["steps"],
    across: "tokens",
    heads: ["1000", "4000"],
    rows: [{ labels: ["75"], cells: [{ text: "29.7", goodness: 1, isBest: true }, undefined] }],
  }));
  assert.ok(text.includes("<caption>f1 &amp; more</caption>"));
  assert.match(text, /<td class="heat-8 best">.*<span class="hidden">best:<\/span> 29\.7<\/td>/);
  assert.match(text, /<td class="none">.*not measured<\/span><\/td>/);
  assert.match(text, /<th scope="row" class="number">75<\/th>/);
});
