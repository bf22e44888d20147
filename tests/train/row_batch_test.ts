import assert from "node:assert/strict";
import type { Head } from "../../lib/benchmarks/benchmark.ts";
import { PADDING_BIAS } from "../../lib/model/bert.ts";
import {
  batchRows,
  paddedLengths,
  padRows,
  shapeFor,
  targetsOf,
} from "../../lib/train/row_batch.ts";
import { example, TOKENS } from "./_examples.ts";

Deno.test("paddedLengths() climb a ladder to the multiple of 16 that the longest needs", () => {
  const of = (...lengths: number[]) => lengths.map((length) => ({ ids: new Int32Array(length) }));
  assert.deepEqual(paddedLengths(of(5), 128), [16]);
  assert.deepEqual(paddedLengths(of(16), 128), [16]);
  assert.deepEqual(paddedLengths(of(17, 3), 128), [16, 32]);
  assert.deepEqual(paddedLengths(of(70), 128), [16, 32, 48, 64, 80]);
  assert.deepEqual(paddedLengths(of(120), 123), [16, 32, 48, 64, 96, 123]);
  assert.deepEqual(paddedLengths([], 128), [16]);
});

Deno.test("shapeFor() takes the shortest rows that hold the longest example", () => {
  const padding = { rows: 2, lengths: [16, 32, 40], padId: 0, hasSegments: false };
  const lengthFor = (...lengths: number[]) =>
    shapeFor(lengths.map((length) => ({ ids: new Int32Array(length) })), padding).length;
  assert.deepEqual([lengthFor(1, 16), lengthFor(17, 2), lengthFor(33), lengthFor()], [
    16,
    32,
    40,
    16,
  ]);
  assert.throws(() => lengthFor(41), /an example of 41 pieces in rows of 40/);
});

Deno.test("padRows() hides padding from attention, and keeps segments where there are some", () => {
  const shape = { rows: 2, length: 4, padId: 9, hasSegments: false };
  const far = Math.fround(PADDING_BIAS);
  const rows = {
    ids: Int32Array.of(2, 7, 3, 9, 9, 9, 9, 9),
    attentionBias: Float32Array.of(0, 0, 0, far, 0, far, far, far),
  };
  assert.deepEqual(padRows([example(2, 7, 3)], shape), rows);
  const pair = { ...example(2, 7, 3), tokenTypes: Int32Array.of(0, 0, 1) };
  assert.deepEqual(padRows([pair], { ...shape, hasSegments: true }), {
    ...rows,
    tokenTypes: Int32Array.of(0, 0, 1, 0, 0, 0, 0, 0),
  });
});

Deno.test("targetsOf() weighs only what is learned, whatever the head", () => {
  const learned = (head: Head, ...targets: number[][]) => {
    const examples = targets.map((each) => ({ ...example(5), targets: Int32Array.from(each) }));
    const padded = targetsOf(examples, { rows: 2, length: 3, head });
    return [[...padded.targets], [...padded.weights]];
  };
  assert.deepEqual(learned(TOKENS, [-1, 2]), [[0, 2, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]]);
  assert.deepEqual(learned({ kind: "sequence", labels: 4 }, [3]), [[3, 0], [1, 0]]);
  assert.deepEqual(learned({ kind: "span" }, [-1, -1], [1, 2]), [[0, 0, 1, 2], [0, 0, 1, 1]]);
});

Deno.test("batchRows() without padding says where each piece lies, and whose the first are", () => {
  const shape = { rows: 3, length: 4, pieces: 8, padId: 9, hasSegments: true };
  const pair = (...ids: number[]) => ({
    ...example(...ids),
    tokenTypes: Int32Array.from(ids, (_, i) => i % 2),
  });
  const far = Math.fround(PADDING_BIAS);
  assert.deepEqual(batchRows([pair(2, 7, 3), pair(2, 3), pair(5)], shape), {
    ids: Int32Array.of(2, 7, 3, 2, 3, 5, 9, 9),
    tokenTypes: Int32Array.of(0, 1, 0, 0, 1, 0, 0, 0),
    positions: Int32Array.of(0, 1, 2, 0, 1, 0, 0, 0),
    placeOf: Int32Array.of(0, 1, 2, 4, 5, 8, 0, 0),
    pieceAt: Int32Array.of(0, 1, 2, 0, 3, 4, 0, 0, 5, 0, 0, 0),
    firstPieces: Int32Array.of(0, 3, 5),
    attentionBias: Float32Array.of(0, 0, 0, far, 0, 0, far, far, 0, far, far, far),
  });
  const plain = batchRows([example(2)], { ...shape, hasSegments: false });
  assert.equal(plain.tokenTypes, undefined);
});

Deno.test("targetsOf() without padding lets the pieces of tokens follow one another", () => {
  const shape = { rows: 2, length: 4, pieces: 8 };
  const rows = [example(2, 7, 3), example(8)];
  const padded = targetsOf(rows, { ...shape, head: TOKENS });
  assert.deepEqual([...padded.targets], [0, 1, 0, 2, 0, 0, 0, 0]);
  assert.deepEqual([...padded.weights], [0, 1, 0, 1, 0, 0, 0, 0]);
  const [first, second] = rows.map((each, i) => ({ ...each, targets: Int32Array.of(i, 3 - i) }));
  const spans = targetsOf([first!, second!], { ...shape, head: { kind: "span" } });
  assert.deepEqual([...spans.targets], [0, 3, 1, 2]);
});
