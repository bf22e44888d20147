import assert from "node:assert/strict";
import type { Example, Head } from "../../lib/benchmarks/benchmark.ts";
import type { Executable, Tensors, TrainingSession } from "../../lib/engine/engine.ts";
import { PADDING_BIAS } from "../../lib/model/bert.ts";
import {
  batchRows,
  finetune,
  type FinetuneOptions,
  paddedLengths,
  padRows,
  predict,
  shapeFor,
  shapeName,
  targetsOf,
  trainedBatches,
} from "../../lib/train/finetune.ts";
import { BEGINNING, meanLoss } from "../../lib/train/steps.ts";

const TOKENS: Head = { kind: "tokens", labels: 3 };

const example = (...ids: number[]): Example => ({
  ids: Int32Array.from(ids),
  targets: Int32Array.from(ids, (id) => id === 2 || id === 3 ? -1 : id % 3),
});

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

function fakeSession(loss: (step: number) => number, norm: (step: number) => number = () => 1) {
  const seen: { ids: number[]; learningRate: number }[] = [];
  const session = {
    stepsAhead: 1,
    step(
      [batch]: readonly Tensors[],
      { step, learningRate }: { step: number; learningRate: number },
    ) {
      seen.push({ ids: [...batch!.ids!], learningRate });
      const outputs = {
        loss: Float32Array.of(loss(step)),
        gradientNorm: Float32Array.of(norm(step)),
      };
      return Promise.resolve({ read: () => Promise.resolve(outputs) });
    },
  } as unknown as TrainingSession;
  return { session, seen };
}

const EXAMPLES = Array.from({ length: 10 }, (_, i) => example(10 + i));

async function run(more: Partial<FinetuneOptions>) {
  const progress = finetune({
    session: fakeSession(() => 1).session,
    examples: EXAMPLES,
    padding: { rows: 4, lengths: [1], padId: 0, hasSegments: false },
    head: TOKENS,
    steps: 5,
    from: BEGINNING,
    learningRate: 1,
    warmupFraction: 0.4,
    seed: 3,
    hasDropout: false,
    save: () => Promise.resolve(),
    signal: new AbortController().signal,
    ...more,
  });
  for (;;) {
    const { done, value } = await progress.next();
    if (done === true) return value;
  }
}

Deno.test("finetune() sees every example once an epoch, in an order by seed and epoch", async () => {
  const order = async (seed: number) => {
    const { session, seen } = fakeSession(() => 1);
    await run({ session, seed });
    return seen.flatMap((each) => each.ids);
  };
  const visits = await order(3);
  const all = EXAMPLES.map((each) => each.ids[0]!);
  assert.deepEqual(visits.slice(0, 10).toSorted(), all);
  assert.deepEqual(visits.slice(10).toSorted(), all);
  assert.notDeepEqual(visits.slice(0, 10), visits.slice(10));
  assert.deepEqual(await order(3), visits);
  assert.notDeepEqual(await order(4), visits);
});

Deno.test("finetune() that goes on from a step sees what it would have seen", async () => {
  const whole = fakeSession(() => 1), rest = fakeSession(() => 1);
  await run({ session: whole.session });
  await run({ session: rest.session, from: { ...BEGINNING, step: 2 } });
  assert.deepEqual(rest.seen, whole.seen.slice(2));
});

/** Examples of 1 to 60 pieces, each of which begins with a number of its own. */
const UNEVEN = Array.from({ length: 90 }, (_, i) => {
  const count = 1 + (i * 37) % 60;
  return example(...Array.from({ length: count }, (_, at) => at === 0 ? 100 + i : 5));
});
const UNPADDED = {
  rows: 4,
  lengths: [16, 32, 48, 64],
  padId: 0,
  hasSegments: false,
  isUnpadded: true,
};

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

Deno.test("finetune() without padding computes the pieces of the same batches in as many whole rows as hold them", async () => {
  const padded = fakeSession(() => 1), bare = fakeSession(() => 1);
  const options = { examples: UNEVEN, steps: 47 };
  await run({ ...options, session: padded.session, padding: { ...UNPADDED, isUnpadded: false } });
  await run({ ...options, session: bare.session, padding: UNPADDED });
  const real = (ids: readonly number[]) => ids.filter((id) => id !== 0);
  for (const [step, { ids }] of bare.seen.entries()) {
    const wide = padded.seen[step]!.ids, length = wide.length / UNPADDED.rows;
    assert.deepEqual(real(ids), real(wide), `step ${step + 1}`);
    assert.equal(ids.length, length * Math.ceil(real(ids).length / length));
  }
});

Deno.test("a training without padding goes on, and is counted, as it is in one", async () => {
  const steps = 47, whole = fakeSession(() => 1), rest = fakeSession(() => 1);
  const options = { examples: UNEVEN, padding: UNPADDED, steps };
  await run({ ...options, session: whole.session });
  await run({ ...options, session: rest.session, from: { ...BEGINNING, step: 13 } });
  assert.deepEqual(rest.seen, whole.seen.slice(13));
  for (const until of [7, steps]) {
    const { shapes, tokens } = trainedBatches(UNEVEN, { ...options, seed: 3, until });
    const seen = whole.seen.slice(0, until).map(({ ids }) => ids);
    assert.equal(tokens, seen.flat().filter((id) => id !== 0).length);
    const counted = Map.groupBy(shapes, ({ shape }) => shape.pieces);
    const made = Map.groupBy(seen, (ids) => ids.length);
    assert.deepEqual(
      [...counted].map((
        [pieces, all],
      ) => [pieces, all.reduce((sum, each) => sum + each.batches, 0)])
        .toSorted(),
      [...made].map(([pieces, all]) => [pieces, all.length]).toSorted(),
    );
    assert.equal(new Set(shapes.map(({ shape }) => shapeName(shape))).size, shapes.length);
  }
});

Deno.test("finetune() warms up over its fraction, then falls to 0", async () => {
  const { session, seen } = fakeSession(() => 1);
  await run({ session });
  const expected = [1 / 2, 1, 3 / 4, 2 / 4, 1 / 4];
  seen.forEach((each, i) => assert(Math.abs(each.learningRate - expected[i]!) < 1e-12));
});

Deno.test("finetune() averages its loss over about the last epoch", async () => {
  // 10 examples in rows of 4: an epoch is about 3 steps.
  const point = await run({ session: fakeSession((step) => step < 3 ? 9 : 1).session, steps: 40 });
  assert(Math.abs(meanLoss(point) - 1) < 1e-5, `${meanLoss(point)}`);
});

Deno.test("finetune() refuses to train on nothing, and stops when the loss is no number", async () => {
  await assert.rejects(run({ examples: [] }), { code: "train/examples" });
  await assert.rejects(run({ session: fakeSession((step) => step === 3 ? Infinity : 1).session }), {
    code: "train/diverged",
    message: "the loss is no number any more at step 3, learning rate 0.75",
  });
});

Deno.test("finetune() stops when only the last gradient is no number: every weight would be", async () => {
  const { session } = fakeSession(() => 1, (step) => step === 5 ? Infinity : 1);
  await assert.rejects(run({ session }), { code: "train/diverged" });
});

Deno.test("finetune() pads each batch to the shortest rows that hold it", async () => {
  const examples = [1, 2, 3, 8].map((length) => example(...new Array(length).fill(8)));
  const { session, seen } = fakeSession(() => 1);
  const padding = { rows: 2, lengths: [2, 4, 8], padId: 0, hasSegments: false };
  await run({ session, examples, padding, steps: 20 });
  const lengths = seen.map(({ ids }) => ids.length / 2);
  const longest = seen.map(({ ids }) => {
    const length = ids.length / 2, rows = [ids.slice(0, length), ids.slice(length)];
    return Math.max(...rows.map((row) => row.filter((id) => id === 8).length));
  });
  const fitting = { 1: 2, 2: 2, 3: 4, 8: 8 } as Record<number, number>;
  assert.deepEqual(lengths, longest.map((each) => fitting[each]));
  assert.deepEqual([...new Set(lengths)].toSorted(), [2, 4, 8]);
});

Deno.test("trainedBatches() counts the pieces and shapes of the batches that finetune() makes", async () => {
  const examples = Array.from({ length: 7 }, (_, i) => example(...new Array(i + 1).fill(8)));
  const { session, seen } = fakeSession(() => 1);
  const padding = { rows: 3, lengths: [2, 4, 6, 8], padId: 0, hasSegments: false };
  for (const steps of [1, 2, 7, 9]) {
    seen.length = 0;
    await run({ session, examples, padding, steps });
    const counted = trainedBatches(examples, { padding, steps, seed: 3 });
    const pieces = seen.flatMap((each) => each.ids).filter((id) => id === 8).length;
    assert.equal(counted.tokens, pieces, `${steps} steps`);
    const lengths = Map.groupBy(seen.map(({ ids }) => ids.length / 3), (length) => length);
    assert.deepEqual(
      counted.shapes.map(({ shape, batches }) => [shape.length, batches]).toSorted(),
      [...lengths].map(([length, found]) => [length, found.length]).toSorted(),
    );
  }
});

Deno.test("predict() gives each example its own outputs, in batches of its length", async () => {
  // The outputs of a place are its id and minus its id.
  const both = (ids: Iterable<number>) => Float32Array.from([...ids].flatMap((id) => [id, -id]));
  let open = 0;
  const compiled: number[] = [];
  const compileAs =
    (logitsOf: (ids: Tensors[string], length: number) => Float32Array) => (length: number) => {
      open++;
      compiled.push(length);
      return Promise.resolve({
        run: ({ ids }: Tensors) => Promise.resolve({ logits: logitsOf(ids!, length) }),
        dispose: () => Promise.resolve(void open--),
      });
    };
  const ofPieces = compileAs((ids) => both(ids));
  const ofRows = compileAs((ids, length) => both([ids[0]!, ids[length]!]));
  const examples = [example(4, 14, 15, 3), example(5), example(2, 10, 3), example(6)];
  const padding = { rows: 2, lengths: [1, 2, 4], padId: 0, hasSegments: false };
  const { signal } = new AbortController();
  const outputsOf = async (compile: (length: number) => Promise<Executable>, head: Head) => {
    const found: number[][] = [];
    for await (
      const { index, example, outputs } of predict(compile, { examples, padding, head, signal })
    ) {
      assert.equal(open, 1);
      assert.equal(example, examples[index]);
      found[index] = [...outputs];
    }
    return found;
  };
  const byPiece = examples.map(({ ids }) => [...both(ids)]);
  assert.deepEqual(await outputsOf(ofPieces, { kind: "tokens", labels: 2 }), byPiece);
  assert.deepEqual(compiled, [1, 4]);
  assert.deepEqual(await outputsOf(ofPieces, { kind: "span" }), byPiece);
  const byRow = [[4, -4], [5, -5], [2, -2], [6, -6]];
  assert.deepEqual(await outputsOf(ofRows, { kind: "sequence", labels: 2 }), byRow);
  assert.equal(open, 0);
});

Deno.test("predict() stops between two batches when it is aborted", async () => {
  const abort = new AbortController();
  let batches = 0, disposed = 0;
  const model: Executable = {
    run({ ids }) {
      if (++batches === 2) abort.abort(new Error("interrupted"));
      return Promise.resolve({ logits: new Float32Array(3 * ids!.length) });
    },
    dispose: () => Promise.resolve(void disposed++),
  };
  const padding = { rows: 2, lengths: [1], padId: 0, hasSegments: false };
  const options = { examples: EXAMPLES, padding, head: TOKENS, signal: abort.signal };
  const all = Array.fromAsync(predict(() => Promise.resolve(model), options));
  await assert.rejects(all, { message: "interrupted" });
  assert.deepEqual([batches, disposed], [2, 1]);
});
