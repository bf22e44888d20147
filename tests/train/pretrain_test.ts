import assert from "node:assert/strict";
import type { Tensors, TrainingSession, TrainingState } from "../../lib/engine/engine.ts";
import { MaskedBatches } from "../../lib/train/batches.ts";
import { CorpusRows } from "../../lib/train/corpus_rows.ts";
import { pretrain, type PretrainOptions } from "../../lib/train/pretrain.ts";
import { BEGINNING, type TrainingPoint } from "../../lib/train/steps.ts";

const PIECES = { size: 50, padId: 0, clsId: 2, sepId: 3, maskId: 4, continues: () => false };
const CORPUS = new CorpusRows(
  { tokens: 600, read: (_, count) => new Int32Array(count).fill(7) },
  { rowPieces: 8, pieces: PIECES, name: "corpus" },
);
const STATE: TrainingState = { params: {}, firstMoments: {}, secondMoments: {} };

/** A session whose loss at a step is what a function says, and which keeps what it was given. */
function fakeSession(lossAt: (step: number) => number) {
  const steps: { step: number; learningRate: number; dropoutSeed: number[] | undefined }[] = [];
  const session: TrainingSession = {
    stepsAhead: 1,
    load: () => Promise.resolve(),
    save: () => Promise.resolve(STATE),
    saveParams: () => Promise.reject(new Error("not used")),
    step(batch, { step, learningRate }) {
      const [{ dropoutSeed: seed } = {}] = batch as readonly Tensors[];
      steps.push({ step, learningRate, dropoutSeed: seed === undefined ? undefined : [...seed] });
      const results = {
        loss: Float64Array.of(lossAt(step)) as unknown as Float32Array,
        gradientNorm: Float32Array.of(2),
      };
      return Promise.resolve({ read: () => Promise.resolve(results) });
    },
    forward: () => Promise.reject(new Error("not used")),
    dispose: () => Promise.resolve(),
  };
  return { session, steps };
}

function optionsOf(more: Partial<PretrainOptions>): PretrainOptions {
  return {
    session: fakeSession(() => 1).session,
    batches: new MaskedBatches(CORPUS, { rows: 2, seed: 0, maskRate: 0.15 }),
    schedule: { kind: "constant", learningRate: 0.5, warmup: 0 },
    steps: 10,
    from: BEGINNING,
    measure: () =>
      Promise.resolve({
        lossNats: { value: 5, standardError: 0.1 },
        contextGapNats: { value: 0.5, standardError: 0.2 },
        maskedAccuracy: { value: 0.25 },
      }),
    save: () => Promise.resolve(),
    signal: new AbortController().signal,
    ...more,
  };
}

/** What a training tells, less progress, as "step split name=value"; and the point it reaches. */
async function follow(options: PretrainOptions) {
  const told: string[] = [];
  const training = pretrain(options);
  for (;;) {
    const { done, value } = await training.next();
    if (done === true) return { told, point: value };
    if (value.type === "measurement") {
      told.push(`${value.step} ${value.split} ${value.name}=${value.value}`);
    }
  }
}

Deno.test("pretrain() measures at step 0, at multiples of measureEvery, and at the end", async () => {
  const { told } = await follow(optionsOf({ measureEvery: 4 }));
  const at = (step: number) => told.filter((each) => each.startsWith(`${step} `));
  const heldOut = ["lossNats=5", "contextGapNats=0.5", "maskedAccuracy=0.25"];
  assert.deepEqual(at(0), heldOut.map((each) => `0 validation ${each}`));
  for (const step of [4, 8, 10]) {
    assert.deepEqual(at(step).slice(3), heldOut.map((each) => `${step} validation ${each}`));
    assert.deepEqual(at(step).slice(1, 3), [
      `${step} train learningRate=0.5`,
      `${step} train gradientNorm=2`,
    ]);
    assert.match(at(step)[0]!, /train lossNats=(1|0\.9999)/);
  }
  assert.equal(told.length, 3 + 3 * 6);
});

Deno.test("pretrain() gives each step its learning rate, number and dropout seed", async () => {
  const { session, steps } = fakeSession(() => 1);
  const schedule = { kind: "linear", learningRate: 1, warmup: 1 } as const;
  await follow(optionsOf({ session, schedule, steps: 3, dropoutSeed: 2 ** 32 - 1 }));
  assert.deepEqual(steps, [
    { step: 1, learningRate: 1, dropoutSeed: [-1, 1] },
    { step: 2, learningRate: 2 / 3, dropoutSeed: [-1, 2] },
    { step: 3, learningRate: 1 / 3, dropoutSeed: [-1, 3] },
  ]);
});

Deno.test("pretrain() saves where it is when aborted, and going on tells the same", async () => {
  const lossAt = (step: number) => Math.sin(step) + 2;
  const whole = await follow(optionsOf({ session: fakeSession(lossAt).session, measureEvery: 3 }));

  const abort = new AbortController();
  const first = fakeSession((step) => {
    if (step === 7) abort.abort(new Error("interrupted"));
    return lossAt(step);
  });
  const saved: TrainingPoint[] = [];
  const options = optionsOf({
    session: first.session,
    measureEvery: 3,
    signal: abort.signal,
    save: (point) => {
      saved.push(structuredClone(point));
      return Promise.resolve();
    },
  });
  await assert.rejects(follow(options), { message: "interrupted" });
  assert.deepEqual(saved.map((each) => each.step), [7]);

  const second = fakeSession(lossAt);
  const from = JSON.parse(JSON.stringify(saved[0]));
  const rest = await follow(optionsOf({ session: second.session, measureEvery: 3, from }));
  assert.deepEqual(second.steps.map((each) => each.step), [8, 9, 10]);
  assert.deepEqual(rest, whole);
});

for (const stopAt of [6, 10]) {
  Deno.test(`pretrain() aborted while it measures step ${stopAt} goes on with that`, async () => {
    const lossAt = (step: number) => Math.cos(step) + 2;
    const whole = await follow(
      optionsOf({ session: fakeSession(lossAt).session, measureEvery: 3 }),
    );
    const abort = new AbortController();
    const first = fakeSession(lossAt);
    const saved: TrainingPoint[] = [];
    const options = optionsOf({
      session: first.session,
      measureEvery: 3,
      signal: abort.signal,
      measure: () => {
        if (first.steps.length === stopAt) abort.abort(new Error("interrupted"));
        abort.signal.throwIfAborted();
        return optionsOf({}).measure();
      },
      save: (point) => {
        saved.push(structuredClone(point));
        return Promise.resolve();
      },
    });
    await assert.rejects(follow(options), { message: "interrupted" });
    assert.deepEqual(saved.map((each) => each.step), [stopAt]);

    const second = fakeSession(lossAt);
    const from = JSON.parse(JSON.stringify(saved[0]));
    const rest = await follow(optionsOf({ session: second.session, measureEvery: 3, from }));
    assert.equal(second.steps.length, 10 - stopAt);
    assert.deepEqual(rest, whole);
  });
}

Deno.test("pretrain() does not measure again at the point it starts from", async () => {
  const from = { ...BEGINNING, step: 6 };
  const { told } = await follow(optionsOf({ from, measureEvery: 3 }));
  assert.deepEqual([...new Set(told.map((each) => each.split(" ")[0]))], ["9", "10"]);
});

Deno.test("pretrain() stops at a loss that is no number, saying where", async () => {
  const { session, steps } = fakeSession((step) => step === 4 ? NaN : 1);
  await assert.rejects(follow(optionsOf({ session })), {
    code: "train/diverged",
    message: "the loss is no number any more at step 4, learning rate 0.5",
  });
  assert.equal(steps.length, 4);
});

Deno.test("pretrain() tells progress at the end, in corpus tokens a second", async () => {
  const progress = [];
  for await (const event of pretrain(optionsOf({}))) {
    if (event.type === "progress") progress.push(event);
  }
  const last = progress.at(-1)!;
  assert.deepEqual([last.done, last.total], [10, 10]);
  assert(Math.abs(last.lossNats - 1) < 1e-12 && last.tokensPerSecond > 0);
});
