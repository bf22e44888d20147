import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAxisValue, formatCell } from "../../../lib/report/text/labels.ts";

const values = fc.oneof(
  fc.string(),
  fc.constantFrom("1", "true", "null", "1e3", "a, b=1", '"1"', "a b", "bert-pico"),
  fc.integer().filter((each) => !Object.is(each, -0)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((each) => !Object.is(each, -0)),
  fc.boolean(),
);

Deno.test("formatAxisValue() tells every value from every other", () => {
  fc.assert(fc.property(values, values, (a, b) => {
    assert.equal(formatAxisValue(a) === formatAxisValue(b), a === b);
  }));
  assert.equal(formatAxisValue("bert-pico"), "bert-pico");
  assert.equal(formatAxisValue("a,b"), '"a,b"');
  assert.equal(formatAxisValue("1"), '"1"');
});

Deno.test("a cell's label is one, and different cells have different ones", () => {
  assert.equal(formatCell("ner", {}), "ner");
  assert.equal(formatCell("s", { x: "a b", n: 1 }), 's{x="a b", n=1}');
  const axes = fc.record({ x: values, y: values });
  fc.assert(fc.property(axes, axes, (a, b) => {
    assert.equal(formatCell("s", a) === formatCell("s", b), a.x === b.x && a.y === b.y);
  }));
});
