import assert from "node:assert/strict";
import { listOf } from "../../lib/base/list.ts";

Deno.test("listOf() names so many and counts the rest", () => {
  const names = Array.from({ length: 14 }, (_, index) => `n${index}`);
  assert.equal(listOf([]), "");
  assert.equal(listOf(["a", "b"]), "a, b");
  assert.equal(listOf(["a", "b", "c"], 2), "a, b and 1 more");
  assert.equal(listOf(names.slice(0, 12)), names.slice(0, 12).join(", "));
  assert.match(listOf(names), /^n0, .*, n11 and 2 more$/);
});
