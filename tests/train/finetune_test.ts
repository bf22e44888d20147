import assert from "node:assert/strict";
import type { Executable, Tensors, TrainingSession } from "../../lib/engine/engine.ts";
import { PADDING_BIAS } from "../../lib/model/bert.ts";
import {
  finetune,
  type FinetuneOptions,
  fittingLength,
  padBatch,
  predictLabels,
  type TokenExample,
} from "../../lib/train/finetune.ts";

const example = (...ids: number[]): TokenExample => ({
  ids: Int32Array.from(ids),
  pieceLabels: Int32Array.from(ids, (id) => id === 2 || id === 3 ? -1 : id % 3),
});

Deno.test("fittingLength() is the smallest multiple of 16 that fits, up to the limit", () => {
  const of = (length: number) => [{ ids: new Int32Array(length), pieceLabels: new Int32Array(0) }];
  assert.equal(fittingLength(of(5), 128), 16);
  assert.equal(fittingLength(of(16), 128), 16);
  assert.equal(fittingLength([...of(17), ...of(3)], 128), 32);
  assert.equal(fittingLength(of(120), 123), 123);
  assert.equal(fittingLength([], 128), 16);
});

Deno.test("padBatch() hides padding from attention and weighs only labelled pieces", () => {
  const shape = { rows: 2, length: 4, padId: 0 };
  const far = Math.fround(PADDING_BIAS);
  assert.deepEqual(padBatch([example(2, 7, 3)], shape), {
    ids: Int32Array.of(2, 7, 3, 0, 0, 0, 0, 0),
    attentionBias: Float32Array.of(0, 0, 0, far, 0, far, far, far),
    targets: Int32Array.of(0, 1, 0, 0, 0, 0, 0, 0),
    weights: Float32Array.of(0, 1, 0, 0, 0, 0, 0, 0),
  });
});

function fakeSession(loss: (step: number) => number, norm: (step: number) => number = () => 1) {
  const seen: { ids: number[]; learningRate: number }[] = [];
  const session = {
    step(batch: Tensors, { step, learningRate }: { step: number; learningRate: number }) {
      seen.push({ ids: [...batch.ids!], learningRate });
      const results = {
        loss: Float32Array.of(loss(step)),
        gradientNorm: Float32Array.of(norm(step)),
      };
      return Promise.resolve({ read: () => Promise.resolve(results) });
    },
  } as unknown as TrainingSession;
  return { session, seen };
}

const EXAMPLES = Array.from({ length: 10 }, (_, i) => example(10 + i));

async function run(more: Partial<FinetuneOptions>) {
  const progress = finetune({
    session: fakeSession(() => 1).session,
    examples: EXAMPLES,
    shape: { rows: 4, length: 1, padId: 0 },
    steps: 5,
    learningRate: 1,
    warmupFraction: 0.4,
    seed: 3,
    hasDropout: false,
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

Deno.test("finetune() warms up over its fraction, then falls to 0", async () => {
  const { session, seen } = fakeSession(() => 1);
  await run({ session });
  const expected = [1 / 2, 1, 3 / 4, 2 / 4, 1 / 4];
  seen.forEach((each, i) => assert(Math.abs(each.learningRate - expected[i]!) < 1e-12));
});

Deno.test("finetune() returns the mean loss of the last epoch", async () => {
  // 10 examples in rows of 4: an epoch is about 3 steps.
  const { lossNats } = await run({ session: fakeSession((step) => step).session });
  assert.equal(lossNats, 4);
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

Deno.test("predictLabels() gives each example's likeliest labels, in batches", async () => {
  const model: Executable = {
    // Label (id mod 3) is the likeliest at each place.
    run: ({ ids }) =>
      Promise.resolve({
        logits: Float32Array.from({ length: 3 * ids!.length }, (_, i) =>
          ids![Math.floor(i / 3)]! % 3 === i % 3 ? 1 : 0),
      }),
    dispose: () => Promise.resolve(),
  };
  const examples = [example(2, 10, 3), example(2, 14, 15, 3), example(5)];
  const shape = { rows: 2, length: 4, padId: 0 };
  const { signal } = new AbortController();
  const predicted = await predictLabels(model, { examples, shape, labels: 3, signal });
  assert.deepEqual(predicted.map((each) => [...each]), [[2, 1, 0], [2, 2, 0, 0], [2]]);
});

Deno.test("predictLabels() stops between two batches when it is aborted", async () => {
  const abort = new AbortController();
  let batches = 0;
  const model: Executable = {
    run({ ids }) {
      if (++batches === 2) abort.abort(new Error("interrupted"));
      return Promise.resolve({ logits: new Float32Array(ids!.length) });
    },
    dispose: () => Promise.resolve(),
  };
  const shape = { rows: 2, length: 1, padId: 0 };
  const options = { examples: EXAMPLES, shape, labels: 1, signal: abort.signal };
  await assert.rejects(predictLabels(model, options), { message: "interrupted" });
  assert.equal(batches, 2);
});
