import assert from "node:assert/strict";
import fc from "fast-check";
import { DrawingNames } from "../../../lib/page/report/drawing.ts";

Deno.test("DrawingNames gives names that are files anywhere, no two the same", () => {
  fc.assert(fc.property(fc.array(fc.array(fc.string())), (lists) => {
    const names = new DrawingNames();
    const given = lists.map((words) => names.of(...words));
    assert.equal(new Set(given).size, given.length);
    for (const name of given) assert.match(name, /^[a-z0-9][a-z0-9-]*$/);
  }));
  const names = new DrawingNames();
  assert.equal(names.of("ner", "lossNats", "over", "steps"), "ner-lossnats-over-steps");
  assert.equal(names.of("ner", "lossNats", "over", "steps"), "ner-lossnats-over-steps-2");
});
