import assert from "node:assert/strict";
import type { Executable, Tensors } from "../../lib/engine/engine.ts";
import { CorpusRows } from "../../lib/train/corpus_rows.ts";
import { heldOutPredictions, HeldOutSet, shuffleContext } from "../../lib/train/heldout.ts";
import type { MaskedRow } from "../../lib/train/masking.ts";

const PIECES = { size: 1000, padId: 0, clsId: 2, sepId: 3, maskId: 4, continues: () => false };
const ROWS = 4, LENGTH = 20;

const CORPUS = new CorpusRows(
  {
    tokens: 18 * 30,
    read: (start, count) => Int32Array.from({ length: count }, (_, i) => 5 + start + i),
  },
  { rowPieces: LENGTH, pieces: PIECES, name: "validation split" },
);

/** A model whose loss and hits at each slot are what a function says. */
function model(at: (inputs: Tensors, slot: number) => { loss: number; hit: number }): {
  readonly executable: Executable;
  readonly seen: Tensors[];
} {
  const seen: Tensors[] = [];
  const executable: Executable = {
    run(inputs) {
      seen.push(inputs);
      const made = Array.from(inputs.targets!, (_, slot) => at(inputs, slot));
      return Promise.resolve({
        losses: Float32Array.from(made, (each) => each.loss),
        hits: Float32Array.from(made, (each) => each.hit),
      });
    },
    dispose: () => Promise.resolve(),
  };
  return { executable, seen };
}

Deno.test("HeldOutSet.measure() gives the mean over masked positions, unused slots left out", async () => {
  const set = new HeldOutSet(CORPUS, { rows: 6, batchRows: ROWS });
  const slots = heldOutPredictions(ROWS, LENGTH);
  assert.equal(slots, ROWS * 3);
  // The loss is the target's id, and 1e6 in slots that have no target.
  const { executable, seen } = model((inputs, slot) => {
    const target = inputs.targets![slot]!;
    return { loss: target === 0 ? 1e6 : target, hit: target % 2 };
  });
  const scores = await set.measure(executable);
  const targets = seen.slice(0, 2).flatMap((each) => [...each.targets!]).filter((each) => each > 0);
  assert.equal(targets.length, 6 * 3);
  const mean = targets.reduce((sum, each) => sum + each, 0) / targets.length;
  assert(Math.abs(scores.lossNats.value - mean) < 1e-9);
  assert.equal(scores.maskedAccuracy.value, targets.filter((each) => each % 2 === 1).length / 18);
  assert.equal(scores.contextGapNats.value, 0);
});

Deno.test("HeldOutSet.measure() shows the context gap of a model that reads its context", async () => {
  const set = new HeldOutSet(CORPUS, { rows: 30, batchRows: ROWS });
  // Loss 1 where the piece before or after is the neighbour in the stream, else 3.
  const { executable } = model((inputs, slot) => {
    const place = inputs.maskedPositions![slot]!, target = inputs.targets![slot]!;
    const knows = inputs.ids![place - 1] === target - 1 || inputs.ids![place + 1] === target + 1;
    return { loss: knows ? 1 : 3, hit: knows ? 1 : 0 };
  });
  const scores = await set.measure(executable);
  assert(scores.lossNats.value < 1.5, `loss ${scores.lossNats.value}`);
  assert(scores.contextGapNats.value > 1.5, `gap ${scores.contextGapNats.value}`);
});

/** Whether a slot's masked piece stands beside a piece that is next to it in the corpus. */
function hasNeighbour(inputs: Tensors, slot: number): boolean {
  const place = inputs.maskedPositions![slot]!, target = inputs.targets![slot]!;
  return inputs.ids![place - 1] === target - 1 || inputs.ids![place + 1] === target + 1;
}

Deno.test("memorising widens the context gap, but not the useful context", async () => {
  const scoresOf = async (loss: (knows: boolean) => number) => {
    const { executable } = model((inputs, slot) => (
      { loss: loss(hasNeighbour(inputs, slot)), hit: 0 }
    ));
    return await new HeldOutSet(CORPUS, { rows: 30, batchRows: ROWS }).measure(executable);
  };
  // Frequencies of 30 rows of 18 pieces that all differ, one of a thousand added to each: 6.6.
  const frequencies = Math.log((1000 + 30 * 20) / 2);
  // Uses its context, and is not sure of itself without: the whole gap is of use.
  const honest = await scoresOf((knows) => knows ? 1 : 5);
  assert(honest.contextGapNats.value > 3);
  assert.deepEqual(honest.usefulContextNats, honest.contextGapNats);
  // Learnt by heart: wrong on held-out text, and more so after a shuffle.
  const memorised = await scoresOf((knows) => knows ? 9 : 20);
  assert(memorised.contextGapNats.value > 9, `${memorised.contextGapNats.value}`);
  assert.equal(memorised.usefulContextNats.value, 0);
  // Between: what takes the loss below that of frequencies counts.
  const mixed = await scoresOf((knows) => knows ? 4 : 20);
  const useful = mixed.usefulContextNats.value;
  assert(useful < mixed.contextGapNats.value / 4, `${useful}`);
  assert(Math.abs(useful - (frequencies - mixed.lossNats.value)) < 0.2, `${useful}`);
  assert(mixed.usefulContextNats.standardError! > 0);
  // Neither a model that knows nothing nor one of frequencies uses any.
  for (const flat of [Math.log(1000), frequencies]) {
    assert.equal((await scoresOf(() => flat)).usefulContextNats.value, 0);
  }
});

Deno.test("HeldOutSet.measure() stops between two batches when it is aborted", async () => {
  const set = new HeldOutSet(CORPUS, { rows: 9, batchRows: ROWS });
  const abort = new AbortController();
  const { executable, seen } = model(() => {
    if (seen.length === 2) abort.abort(new Error("interrupted"));
    return { loss: 1, hit: 0 };
  });
  await assert.rejects(set.measure(executable, { signal: abort.signal }), {
    message: "interrupted",
  });
  assert.equal(seen.length, 2);
});

Deno.test("HeldOutSet shows every model the same rows and masks at every measurement", async () => {
  const seen = [];
  for (const set of [1, 2].map(() => new HeldOutSet(CORPUS, { rows: 9, batchRows: ROWS }))) {
    const each = model(() => ({ loss: 1, hit: 0 }));
    await set.measure(each.executable);
    await set.measure(each.executable);
    assert.deepEqual(each.seen.slice(0, 6), each.seen.slice(6));
    seen.push(each.seen);
  }
  assert.deepEqual(seen[0], seen[1]);
});

Deno.test("HeldOutSet spreads its rows over the whole split, and uses no more than there are", async () => {
  const rowsUsed = async (rows: number) => {
    const { executable, seen } = model(() => ({ loss: 1, hit: 0 }));
    await new HeldOutSet(CORPUS, { rows, batchRows: ROWS }).measure(executable);
    const pieces = seen.slice(0, seen.length / 2).flatMap((each) => [...each.targets!]);
    return new Set(pieces.filter((id) => id > 0).map((id) => Math.floor((id - 5) / 18)));
  };
  assert.deepEqual([...await rowsUsed(5)].sort((a, b) => a - b), [0, 6, 12, 18, 24]);
  assert.equal((await rowsUsed(1000)).size, 30);
});

Deno.test("shuffleContext() permutes unmasked pieces over all rows and moves nothing else", () => {
  const rows: MaskedRow[] = Array.from({ length: 20 }, (_, row) => ({
    input: Int32Array.from(
      { length: 10 },
      (_, i) => i === 0 ? 2 : i === 9 ? 3 : i === 4 ? 4 : 100 + 10 * row + i,
    ),
    positions: Int32Array.of(4, 6),
    targets: Int32Array.of(7, 8),
  }));
  const shuffled = shuffleContext(rows, [2, 3, 0]);
  const free = [1, 2, 3, 5, 7, 8];
  rows.forEach((row, i) => {
    for (const place of [0, 4, 6, 9]) assert.equal(shuffled[i]!.input[place], row.input[place]);
    assert.equal(shuffled[i]!.targets, row.targets);
  });
  const pieces = (list: readonly MaskedRow[]) =>
    list.flatMap((row) => free.map((place) => row.input[place]!)).sort((a, b) => a - b);
  assert.deepEqual(pieces(shuffled), pieces(rows));
  const stayed = shuffled.flatMap((row, i) =>
    free.filter((place) => Math.floor((row.input[place]! - 100) / 10) === i)
  );
  assert(stayed.length < 20, `${stayed.length} of 120 pieces stayed in their row`);
});

Deno.test("HeldOutSet.measure() tells standard errors over rows, paired for the context gap", async () => {
  const set = new HeldOutSet(CORPUS, { rows: 30, batchRows: ROWS });
  // A row's predictions are all alike, and a shuffled context costs 1 nat everywhere.
  let batch = 0;
  const { executable } = model((inputs, slot) => {
    if (slot === 0) batch++;
    const row = Math.floor(inputs.maskedPositions![slot]! / LENGTH) + batch;
    return { loss: (row % 2) + (batch > 8 ? 1 : 0), hit: row % 2 };
  });
  const { lossNats, contextGapNats, maskedAccuracy } = await set.measure(executable);
  // 30 rows of 3 equal predictions: as uncertain as 30 predictions are, not as 90.
  const wanted = Math.sqrt(lossNats.value * (1 - lossNats.value) / 29);
  assert(Math.abs(lossNats.standardError! - wanted) < 1e-12, `${lossNats.standardError}`);
  assert(Math.abs(maskedAccuracy.standardError! - wanted) < 1e-12);
  assert.equal(contextGapNats.value, 1);
  assert.equal(contextGapNats.standardError, 0);
  const one = await new HeldOutSet(CORPUS, { rows: 1, batchRows: 1 }).measure(executable);
  assert.equal(one.lossNats.standardError, undefined);
});

Deno.test("HeldOutSet.measure() tells how many rows are done", async () => {
  const set = new HeldOutSet(CORPUS, { rows: 9, batchRows: ROWS });
  const told: number[] = [];
  const { executable } = model(() => ({ loss: 1, hit: 0 }));
  await set.measure(executable, { onRows: (done) => told.push(done) });
  assert.deepEqual(told, [4, 8, 9, 13, 17, 18]);
  assert.equal(set.passes, 18);
});
