import assert from "node:assert/strict";
import type { Tensors, TrainingSession } from "../../lib/engine/engine.ts";
import { finetune, type FinetuneOptions, trainedBatches } from "../../lib/train/finetune.ts";
import { shapeName } from "../../lib/train/row_batch.ts";
import { BEGINNING, meanLoss } from "../../lib/train/steps.ts";
import { example, TOKENS } from "./_examples.ts";

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
