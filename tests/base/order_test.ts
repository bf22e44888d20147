import assert from "node:assert/strict";
import fc from "fast-check";
import { compareText, sortTopologically } from "../../lib/base/order.ts";

Deno.test("compareText() orders by code units, whatever the language", () => {
  assert.deepEqual(["é", "z", "a", "Z", "ä", ""].sort(compareText), ["", "Z", "a", "z", "ä", "é"]);
  assert.equal(compareText("a", "a"), 0);
});

/** Names 0 to n-1 and for each the names that it needs. */
const graphs = fc.integer({ min: 0, max: 12 }).chain((size) =>
  fc.array(fc.array(fc.nat({ max: Math.max(0, size - 1) }), { maxLength: 4 }), {
    minLength: size,
    maxLength: size,
  })
);

function sort(graph: readonly (readonly number[])[]) {
  const names = graph.map((_, index) => String(index));
  return { names, ...sortTopologically(names, (name) => graph[Number(name)]!.map(String)) };
}

Deno.test("sortTopologically() puts each name after those it needs, or names a circle", () => {
  fc.assert(fc.property(graphs, (graph) => {
    const { names, sorted, circles } = sort(graph);
    assert.deepEqual([...sorted].sort(), [...names].sort());
    const isOrdered = graph.every((needs, index) =>
      needs.every((need) => sorted.indexOf(String(need)) < sorted.indexOf(String(index)))
    );
    assert.equal(circles.length === 0, isOrdered);
    for (const circle of circles) {
      circle.forEach((name, index) => {
        const next = circle[(index + 1) % circle.length]!;
        assert.ok(graph[Number(name)]!.includes(Number(next)), `${name} does not need ${next}`);
      });
    }
  }));
});

Deno.test("sortTopologically() keeps the order given where nothing speaks against it", () => {
  const needs: Record<string, string[]> = { d: ["b"], b: [], c: ["b", "a"], a: [] };
  const { sorted } = sortTopologically(["d", "b", "c", "a"], (name) => needs[name]!);
  assert.deepEqual(sorted, ["b", "d", "a", "c"]);
});

Deno.test("sortTopologically() takes a chain of 100,000 names", () => {
  const size = 100_000;
  const names = Array.from({ length: size }, (_, index) => String(index));
  const { sorted } = sortTopologically(
    names,
    (name) => Number(name) + 1 < size ? [String(Number(name) + 1)] : [],
  );
  assert.equal(sorted[0], String(size - 1));
  assert.equal(sorted.length, size);
});

Deno.test("sortTopologically() refuses a need that is no name", () => {
  assert.throws(() => sortTopologically(["a"], () => ["b"]), /nothing is called "b"/);
});
