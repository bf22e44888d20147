import assert from "node:assert/strict";
import fc from "fast-check";
import { formatPath, joinPath, parsePath } from "../../lib/base/path.ts";

const paths = fc.array(fc.oneof(fc.string({ minLength: 1 }), fc.nat({ max: 1e6 })), {
  minLength: 1,
  maxLength: 5,
});

Deno.test("parsePath() reads what formatPath() writes", () => {
  fc.assert(fc.property(paths, (each) => assert.deepEqual(parsePath(formatPath(each)), each)));
  fc.assert(fc.property(paths, (each) => {
    assert.equal(each.reduce(joinPath, ""), formatPath(each));
  }));
});

Deno.test('a key "a.b" is told from the keys "a" and "b", wherever a path is shown', () => {
  assert.equal(formatPath(["a.b"]), '["a.b"]');
  assert.equal(formatPath(["a", "b"]), "a.b");
  assert.equal(formatPath(["x", "a b", 0, "learningRate"]), 'x["a b"][0].learningRate');
});

Deno.test("parsePath() reads quoted keys, and refuses what is no path", () => {
  assert.deepEqual(parsePath('words["a b"][0]'), ["words", "a b", 0]);
  for (const text of ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a]b"]) {
    assert.equal(parsePath(text), undefined, text);
  }
});
