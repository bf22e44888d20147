import assert from "node:assert/strict";
import type { Executable, Tensors } from "../../lib/engine/engine.ts";
import { HeldOutPairs } from "../../lib/train/heldout_pairs.ts";
import { PairRows } from "../../lib/train/pair_rows.ts";

const PIECES = { size: 9000, padId: 0, clsId: 2, sepId: 3, maskId: 4, continues: () => false };
const SENTENCES = Uint32Array.of(5, 6, 4, 7, 3, 6);

function pairsOf(seed: number): PairRows {
  const documents = {
    documents: 30,
    read: (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => ({
        start: 32 * (from + i),
        sentences: SENTENCES,
      })),
  };
  const read = (start: number, count: number) =>
    Int32Array.from({ length: count }, (_, i) => 5 + start + i);
  return new PairRows({ stream: { tokens: 32 * 30, read }, documents }, {
    rowPieces: 24,
    pieces: PIECES,
    shortRows: 0.1,
    seed,
    name: "validation split",
    generations: 1,
  });
}

/** A model that says 0.1 nats, or 2, and is right where the first piece is even. */
function model(): { readonly executable: Executable; readonly seen: Tensors[] } {
  const seen: Tensors[] = [];
  const executable: Executable = {
    run(inputs) {
      seen.push(inputs);
      const rows = inputs.nextSentence!.length;
      const isRight = Array.from(
        { length: rows },
        (_, row) => inputs.ids![24 * row + 1]! % 2 === 0,
      );
      return Promise.resolve({
        losses: Float32Array.from(isRight, (right) => right ? 0.125 : 2),
        hits: Float32Array.from(isRight, (right) => right ? 1 : 0),
      });
    },
    dispose: () => Promise.resolve(),
  };
  return { executable, seen };
}

Deno.test("HeldOutPairs.measure() gives loss and accuracy over pairs with their standard errors", async () => {
  const set = new HeldOutPairs(pairsOf(0), { rows: 11, batchRows: 4 });
  const { executable, seen } = model();
  const told: number[] = [];
  const { nextSentenceLossNats, nextSentenceAccuracy } = await set.measure(executable, {
    onRows: (done) => told.push(done),
  });
  assert.deepEqual(told, [4, 8, 11]);
  const right = seen.flatMap(({ ids }) => [0, 1, 2, 3].map((row) => ids![24 * row + 1]!))
    .slice(0, 11).filter((id) => id % 2 === 0).length;
  const share = right / 11;
  assert.equal(nextSentenceAccuracy.value, share);
  assert(Math.abs(nextSentenceLossNats.value - (share * 0.125 + (1 - share) * 2)) < 1e-12);
  const error = Math.sqrt(share * (1 - share) / 10);
  assert(Math.abs(nextSentenceAccuracy.standardError! - error) < 1e-12);
  assert(Math.abs(nextSentenceLossNats.standardError! - 1.875 * error) < 1e-12);
});

Deno.test("HeldOutPairs shows every model the same pairs with the same masks", async () => {
  const inputs = [];
  for (const set of [1, 2].map(() => new HeldOutPairs(pairsOf(0), { rows: 11, batchRows: 4 }))) {
    const { executable, seen } = model();
    await set.measure(executable);
    await set.measure(executable);
    assert.deepEqual(seen.slice(0, 3), seen.slice(3));
    inputs.push(seen);
  }
  assert.deepEqual(inputs[0], inputs[1]);
  // Masked at 15 percent, as BERT measures it.
  const masked = inputs[0]!.slice(0, 3).flatMap(({ ids }) => [...ids!]).filter((id) => id === 4);
  assert(masked.length > 15, `${masked.length} pieces are masked`);
});

Deno.test("HeldOutPairs.measure() stops between two batches when it is aborted", async () => {
  const set = new HeldOutPairs(pairsOf(0), { rows: 11, batchRows: 4 });
  const abort = new AbortController(), { executable, seen } = model();
  const stopping: Executable = {
    run(inputs) {
      if (seen.length === 1) abort.abort(new Error("interrupted"));
      return executable.run(inputs);
    },
    dispose: () => Promise.resolve(),
  };
  await assert.rejects(set.measure(stopping, { signal: abort.signal }), { message: "interrupted" });
  assert.equal(seen.length, 2);
});
