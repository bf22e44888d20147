/** Graph: mistakes show at the line that makes them. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { broadcastShapes, Graph } from "../../../lib/engine/ir/graph.ts";

Deno.test("Graph refuses what does not fit, naming the shapes", () => {
  const graph = new Graph();
  const a = graph.input("a", [2, 3]), ids = graph.input("ids", [2], "i32");
  const row = graph.input("row", [3]);
  const cases: readonly [() => unknown, string][] = [
    [() => graph.add(a, graph.splat(0, [2])), "shapes [2,3] and [2] do not broadcast"],
    [() => graph.add(ids, graph.splat(0)), "add of i32 and f32"],
    [() => graph.div(ids, ids), "div needs f32, not i32"],
    [() => graph.exp(ids), "exp needs f32, not i32"],
    [() => graph.select(a, a, a), "select needs a bool condition"],
    [() => graph.reshape(a, [5]), "cannot reshape [2,3] to [5]"],
    [() => graph.transpose(a, [0, 0]), "[0,0] is no permutation of the dimensions of [2,3]"],
    [() => graph.broadcastTo(a, [3]), "cannot broadcast [2,3] to [3]"],
    [() => graph.slice(a, [0, 2], [2, 2]), "slice [0,2] to [2,2] does not fit [2,3]"],
    [() => graph.concat([a, row], 0), "shapes [2,3], [3] do not join at 0"],
    [() => graph.reduceSum(a, [2]), "no axes [2] in [2,3]"],
    [() => graph.reduceSum(a, [1, 1]), "no axes [1,1] in [2,3]"],
    [() => graph.matmul(a, a), "cannot multiply [2,3] by [2,3]"],
    [() => graph.gatherRows(a, a), "gatherRows needs a table and i32 ids"],
    [() => graph.scatterAddRows(a, ids, row), "cannot add [3] to rows [2] of [2,3]"],
    [() => graph.softmaxGrad(a, row), "softmaxGrad: shapes differ"],
    [() => graph.layerNorm(a, row, graph.splat(0, [2]), 1), "layerNorm: beta has another width"],
    [
      () => graph.dropoutMask(ids, [1], { rate: 1, site: "site" }),
      "a dropout rate is at least 0 and below 1, not 1",
    ],
    [() => graph.input("a", []), 'the graph has an input "a" already'],
    [() => new Graph().neg(a), "neg takes a value of another graph"],
  ];
  for (const [build, message] of cases) assert.throws(build, { message });
});

Deno.test("Graph gives every operation its shape", () => {
  const graph = new Graph();
  const x = graph.input("x", [2, 3, 4]), ids = graph.input("ids", [2, 5], "i32");
  const shapes: readonly [readonly number[], readonly number[]][] = [
    [graph.add(x, graph.splat(0, [3, 1])).shape, [2, 3, 4]],
    [graph.transpose(x, [2, 0, 1]).shape, [4, 2, 3]],
    [graph.reduceSum(x, [0, 2]).shape, [3]],
    [graph.reduceMax(x, [1], true).shape, [2, 1, 4]],
    [graph.matmul(x, graph.splat(0, [5, 4]), { transposeB: true }).shape, [2, 3, 5]],
    [graph.matmul(x, x, { transposeA: true }).shape, [2, 4, 4]],
    [graph.gatherRows(x, ids).shape, [2, 5, 3, 4]],
    [graph.placeLast(ids, ids, 7).shape, [2, 5, 7]],
    [graph.concat([x, x, x], 1).shape, [2, 9, 4]],
    [graph.slice(x, [0, 1, 2], [2, 2, 4]).shape, [2, 1, 2]],
  ];
  for (const [actual, expected] of shapes) assert.deepEqual(actual, expected);
});

Deno.test("broadcastShapes() commutes, and its result absorbs both sides", () => {
  const shape = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
  const masks = fc.tuple(shape, fc.array(fc.boolean()), fc.array(fc.boolean()), fc.nat(4));
  fc.assert(fc.property(masks, ([joint, ones, others, cut]) => {
    const a = joint.map((size, i) => ones[i] ? 1 : size);
    const b = joint.map((size, i) => others[i] ? 1 : size).slice(cut);
    const result = broadcastShapes(a, b);
    assert.deepEqual(broadcastShapes(b, a), result);
    assert.deepEqual(broadcastShapes(a, result), result);
    assert.deepEqual(broadcastShapes(b, result), result);
  }));
});
