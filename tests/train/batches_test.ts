import assert from "node:assert/strict";
import fc from "fast-check";
import {
  joinRows,
  MaskedBatches,
  predictionsPerRow,
  type TokenSource,
} from "../../lib/train/batches.ts";
import { CorpusRows } from "../../lib/train/corpus_rows.ts";

const PIECES = { size: 1000, padId: 0, clsId: 2, sepId: 3, maskId: 4, continues: () => false };

/** Piece i of the stream is 5 + i, so a piece tells where it stood. */
function source(tokens: number): TokenSource {
  return {
    tokens,
    read: (start, count) => Int32Array.from({ length: count }, (_, i) => 5 + start + i),
  };
}

function rowsOf(tokens: number, rowPieces: number): CorpusRows {
  return new CorpusRows(source(tokens), { rowPieces, pieces: PIECES, name: "corpus" });
}

Deno.test("CorpusRows cuts consecutive pieces into rows and leaves out the rest", () => {
  const rows = rowsOf(17, 7);
  assert.equal(rows.count, 3);
  assert.equal(rows.tokens, 15);
  assert.deepEqual([...rows.row(0)], [2, 5, 6, 7, 8, 9, 3]);
  assert.deepEqual([...rows.row(2)], [2, 15, 16, 17, 18, 19, 3]);
});

Deno.test("CorpusRows refuses a corpus that fills no row", () => {
  assert.throws(() => rowsOf(4, 7), {
    name: "ExperimentError",
    message: "the corpus has 4 tokens, and one row takes 5",
  });
});

Deno.test("MaskedBatches visits every row once an epoch, in another order the next", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 60 }),
    fc.integer({ min: 1, max: 9 }),
    fc.nat(),
    (count, rows, seed) => {
      const batches = new MaskedBatches(rowsOf(5 * count, 7), { rows, seed, maskRate: 0.15 });
      const steps = Math.ceil((2 * count) / rows);
      const visits = Array.from(
        { length: steps * rows },
        (_, place) => batches.entryAt(1 + Math.floor(place / rows), place % rows).index,
      );
      const all = Array.from({ length: count }, (_, i) => i);
      const first = visits.slice(0, count), second = visits.slice(count, 2 * count);
      assert.deepEqual(first.toSorted((a, b) => a - b), all);
      assert.deepEqual(second.toSorted((a, b) => a - b), all);
      if (count > 20) assert.notDeepEqual(first, second);
    },
  ));
});

Deno.test("MaskedBatches.at() depends on seed and step, not on what was asked before", () => {
  const options = { rows: 4, seed: 9, maskRate: 0.15 };
  const make = (seed = 9) => new MaskedBatches(rowsOf(300, 12), { ...options, seed });
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (steps) => {
    const used = make();
    for (const step of steps) assert.deepEqual(used.at(step), make().at(step));
  }));
  assert.notDeepEqual(make().at(1), make().at(2));
  assert.notDeepEqual(make().at(1), make(10).at(1));
});

Deno.test("MaskedBatches.at() has the masked pieces as targets at their places", () => {
  const batches = new MaskedBatches(rowsOf(900, 20), { rows: 5, seed: 1, maskRate: 0.3 });
  assert.equal(batches.predictions, 5 * 6);
  for (let step = 1; step <= 9; step++) {
    const batch = batches.at(step);
    assert.deepEqual([...batch.weights], new Array(30).fill(1));
    assert.equal(new Set(batch.maskedPositions).size, 30);
    batch.maskedPositions.forEach((place, slot) => {
      const row = Math.floor(place / 20), at = place % 20;
      const { generation, index } = batches.entryAt(step, row);
      const plain = batches.source.rowAt(generation, index).ids;
      assert.equal(batch.targets[slot], plain[at]);
      assert(at > 0 && at < 19, "special pieces are not masked");
    });
  }
});

Deno.test("the same row is masked otherwise in another epoch", () => {
  const batches = new MaskedBatches(rowsOf(18, 20), { rows: 1, seed: 1, maskRate: 0.15 });
  const masks = [1, 2, 3, 4, 5].map((step) => String(batches.at(step).maskedPositions));
  assert(new Set(masks).size > 1);
});

Deno.test("joinRows() fills missing rows and slots with what weighs nothing", () => {
  const row = {
    input: Int32Array.of(2, 4, 9, 3),
    positions: Int32Array.of(1),
    targets: Int32Array.of(8),
  };
  assert.deepEqual(joinRows([row, row], { rows: 3, predictions: 4, rowPieces: 4 }), {
    ids: Int32Array.of(2, 4, 9, 3, 2, 4, 9, 3, 0, 0, 0, 0),
    maskedPositions: Int32Array.of(1, 5, 0, 0),
    targets: Int32Array.of(8, 8, 0, 0),
    weights: Float32Array.of(1, 1, 0, 0),
  });
});

Deno.test("predictionsPerRow() counts [CLS] and [SEP] in the length, as BERT does", () => {
  assert.equal(predictionsPerRow(128, { maskRate: 0.15 }), 19);
  assert.equal(predictionsPerRow(128, { maskRate: 0.15, maxPredictions: 10 }), 10);
  assert.equal(predictionsPerRow(8, { maskRate: 0.01 }), 1);
  assert.equal(predictionsPerRow(8, { maskRate: 1 }), 6);
});

Deno.test("predictionsPerRow() without a limit is within BERT's own at its rate", () => {
  for (const [length, most] of [[128, 20], [512, 77]] as const) {
    const free = predictionsPerRow(length, { maskRate: 0.15 });
    assert.equal(free, predictionsPerRow(length, { maskRate: 0.15, maxPredictions: most }));
  }
  // The limit goes with the rate: else another rate would do nothing.
  assert.equal(predictionsPerRow(128, { maskRate: 0.4 }), 51);
});

/** The rows of batches as what tells them apart, over so many steps. */
function visits(batches: MaskedBatches, steps: number) {
  return Array.from({ length: steps }, (_, i) => {
    const { rows } = batches.options, { ids, maskedPositions } = batches.at(i + 1);
    return Array.from({ length: rows }, (_, row) => {
      const { generation, index } = batches.entryAt(i + 1, row);
      const length = ids.length / rows, slots = maskedPositions.length / rows;
      const own = ids.slice(row * length, (row + 1) * length);
      const places = maskedPositions.slice(row * slots, (row + 1) * slots);
      return { generation, index, masked: `${own} ${places.map((each) => each % length)}` };
    });
  }).flat();
}

Deno.test("static masking masks each row once a copy, and visits all copies in an epoch", () => {
  const count = 6, dupeFactor = 4, rows = 3;
  const batches = new MaskedBatches(rowsOf(18 * count, 20), {
    rows,
    seed: 1,
    maskRate: 0.15,
    dupeFactor,
  });
  const all = visits(batches, 3 * dupeFactor * count / rows);
  const epoch = dupeFactor * count;
  const masks = new Map<string, Set<string>>();
  for (let i = 0; i < 3; i++) {
    const entries = all.slice(i * epoch, (i + 1) * epoch).map(({ generation, index, masked }) => {
      const name = `${generation}/${index}`;
      masks.set(name, (masks.get(name) ?? new Set()).add(masked));
      return name;
    });
    assert.equal(new Set(entries).size, epoch, "each copy of each row once an epoch");
  }
  for (const [name, seen] of masks) assert.equal(seen.size, 1, `${name} is masked alike always`);
  const byRow = Map.groupBy(masks, ([name]) => name.split("/")[1]!);
  for (const [row, copies] of byRow) {
    assert(new Set(copies.map(([, seen]) => [...seen][0])).size > 1, `row ${row} in its copies`);
  }
});

Deno.test("dynamic masking masks a row otherwise at every visit", () => {
  const batches = new MaskedBatches(rowsOf(18 * 2, 20), { rows: 2, seed: 1, maskRate: 0.15 });
  const byRow = Map.groupBy(visits(batches, 12), ({ index }) => index);
  for (const seen of byRow.values()) {
    assert(new Set(seen.map(({ masked }) => masked)).size > 8);
  }
});

Deno.test("micro-batches are the rows of the batch in their order, each with the weight of all", () => {
  fc.assert(fc.property(fc.constantFrom(1, 2, 3, 6), fc.nat(50), (microBatch, seed) => {
    const options = { rows: 6, seed, maskRate: 0.2 };
    const whole = new MaskedBatches(rowsOf(400, 12), options).at(3);
    const batches = new MaskedBatches(rowsOf(400, 12), { ...options, microBatch });
    const parts = batches.partsAt(3);
    assert.equal(parts.length, 6 / microBatch);
    assert.deepEqual(parts.flatMap(({ ids }) => [...ids]), [...whole.ids]);
    const total = whole.weights.reduce((sum, each) => sum + each, 0);
    const placed = parts.flatMap(({ maskedPositions, targets, weights, weightTotal }, part) => {
      assert.deepEqual([...weightTotal ?? [total]], [total]);
      assert.equal(weights.length, batches.predictions);
      return [...maskedPositions].flatMap((place, slot) =>
        weights[slot] === 0 ? [] : [[place + part * microBatch * 12, targets[slot]!]]
      );
    });
    const wanted = [...whole.maskedPositions].map((place, slot) => [place, whole.targets[slot]!]);
    assert.deepEqual(placed, wanted);
  }));
});
