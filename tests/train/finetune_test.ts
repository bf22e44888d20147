import assert from "node:assert/strict";
import type { Example, Head } from "../../lib/benchmarks/benchmark.ts";
import type { Executable, Tensors, TrainingSession } from "../../lib/engine/engine.ts";
import { PADDING_BIAS } from "../../lib/model/bert.ts";
import {
  finetune,
  type FinetuneOptions,
  fittingLength,
  padRows,
  padTargets,
  predict,
  trainedTokens,
} from "../../lib/train/finetune.ts";
import { BEGINNING, meanLoss } from "../../lib/train/steps.ts";

const TOKENS: Head = { kind: "tokens", labels: 3 };

const example = (...ids: number[]): Example => ({
  ids: Int32Array.from(ids),
  targets: Int32Array.from(ids, (id) => id === 2 || id === 3 ? -1 : id % 3),
});

Deno.test("fittingLength() is the smallest multiple of 16 that fits, up to the limit", () => {
  const of = (length: number) => [{ ids: new Int32Array(length) }];
  assert.equal(fittingLength(of(5), 128), 16);
  assert.equal(fittingLength(of(16), 128), 16);
  assert.equal(fittingLength([...of(17), ...of(3)], 128), 32);
  assert.equal(fittingLength(of(120), 123), 123);
  assert.equal(fittingLength([], 128), 16);
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

Deno.test("padTargets() weighs only what is learned, whatever the head", () => {
  const targetsOf = (head: Head, ...targets: number[][]) => {
    const examples = targets.map((each) => ({ ...example(5), targets: Int32Array.from(each) }));
    const padded = padTargets(examples, { rows: 2, length: 3, head });
    return [[...padded.targets], [...padded.weights]];
  };
  assert.deepEqual(targetsOf(TOKENS, [-1, 2]), [[0, 2, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]]);
  assert.deepEqual(targetsOf({ kind: "sequence", labels: 4 }, [3]), [[3, 0], [1, 0]]);
  assert.deepEqual(targetsOf({ kind: "span" }, [-1, -1], [1, 2]), [[0, 0, 1, 2], [0, 0, 1, 1]]);
});

function fakeSession(loss: (step: number) => number, norm: (step: number) => number = () => 1) {
  const seen: { ids: number[]; learningRate: number }[] = [];
  const session = {
    stepsAhead: 1,
    step(batch: Tensors, { step, learningRate }: { step: number; learningRate: number }) {
      seen.push({ ids: [...batch.ids!], learningRate });
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
    shape: { rows: 4, length: 1, padId: 0, hasSegments: false },
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

Deno.test("trainedTokens() counts the pieces of the batches that finetune() makes", async () => {
  const examples = Array.from({ length: 7 }, (_, i) => example(...new Array(i + 1).fill(8)));
  const { session, seen } = fakeSession(() => 1);
  const shape = { rows: 3, length: 8, padId: 0, hasSegments: false };
  for (const steps of [1, 2, 7, 9]) {
    seen.length = 0;
    await run({ session, examples, shape, steps });
    const pieces = seen.flatMap((each) => each.ids).filter((id) => id === 8).length;
    assert.equal(trainedTokens(examples, { rows: 3, steps, seed: 3 }), pieces, `${steps} steps`);
  }
});

Deno.test("predict() gives each example its own outputs, in batches", async () => {
  // The outputs of a place are its id and minus its id.
  const both = (ids: Iterable<number>) => Float32Array.from([...ids].flatMap((id) => [id, -id]));
  const model: Executable = {
    run: ({ ids }) => Promise.resolve({ logits: both(ids!) }),
    dispose: () => Promise.resolve(),
  };
  const pooling: Executable = {
    run: ({ ids }) => Promise.resolve({ logits: both([ids![0]!, ids![4]!]) }),
    dispose: () => Promise.resolve(),
  };
  const examples = [example(2, 10, 3), example(4, 14, 15, 3), example(5)];
  const shape = { rows: 2, length: 4, padId: 0, hasSegments: false };
  const { signal } = new AbortController();
  const outputsOf = async (compiled: Executable, head: Head) => {
    const found: number[][] = [];
    for await (const { outputs } of predict(compiled, { examples, shape, head, signal })) {
      found.push([...outputs]);
    }
    return found;
  };
  const byPiece = examples.map(({ ids }) => [...both(ids)]);
  assert.deepEqual(await outputsOf(model, { kind: "tokens", labels: 2 }), byPiece);
  assert.deepEqual(await outputsOf(model, { kind: "span" }), byPiece);
  const byRow = [[2, -2], [4, -4], [5, -5]];
  assert.deepEqual(await outputsOf(pooling, { kind: "sequence", labels: 2 }), byRow);
});

Deno.test("predict() stops between two batches when it is aborted", async () => {
  const abort = new AbortController();
  let batches = 0;
  const model: Executable = {
    run({ ids }) {
      if (++batches === 2) abort.abort(new Error("interrupted"));
      return Promise.resolve({ logits: new Float32Array(3 * ids!.length) });
    },
    dispose: () => Promise.resolve(),
  };
  const shape = { rows: 2, length: 1, padId: 0, hasSegments: false };
  const options = { examples: EXAMPLES, shape, head: TOKENS, signal: abort.signal };
  const all = Array.fromAsync(predict(model, options));
  await assert.rejects(all, { message: "interrupted" });
  assert.equal(batches, 2);
});
