import assert from "node:assert/strict";
import type {
  StepControl,
  Tensors,
  TrainingSession,
  TrainingState,
} from "../../lib/engine/engine.ts";
import {
  BEGINNING,
  runSteps,
  type StepsOptions,
  type TrainingPoint,
} from "../../lib/train/steps.ts";

const STATE: TrainingState = { params: {}, firstMoments: {}, secondMoments: {} };

/** A device on which steps are over only when they are read, and what happened in which order. */
function lateSession(stepsAhead: number, lossAt: (step: number) => number = (step) => step) {
  const log: string[] = [];
  let unread = 0;
  const session: TrainingSession = {
    stepsAhead,
    load: () => Promise.resolve(),
    save: () => {
      assert.equal(unread, 0, "saved while losses are unread");
      log.push("save");
      return Promise.resolve(STATE);
    },
    saveParams: () => Promise.reject(new Error("not used")),
    step(_batch, { step }: StepControl) {
      log.push(`begin ${step}`);
      assert(++unread <= stepsAhead, `${unread} steps under way`);
      return Promise.resolve({
        read() {
          unread--;
          log.push(`read ${step}`);
          const loss = Float32Array.of(lossAt(step));
          return Promise.resolve({ loss, gradientNorm: Float32Array.of(1) });
        },
      });
    },
    forward: () => Promise.reject(new Error("not used")),
    dispose: () => Promise.resolve(),
  };
  return { session, log };
}

async function follow(more: Partial<StepsOptions>): Promise<TrainingPoint> {
  const training = runSteps({
    session: lateSession(1).session,
    batchAt: () => [{}],
    batchTokens: 1,
    schedule: { kind: "constant", learningRate: 1, warmup: 0 },
    steps: 5,
    from: BEGINNING,
    averageSteps: 2,
    phase: "training",
    save: () => Promise.resolve(),
    signal: new AbortController().signal,
    ...more,
  });
  for (;;) {
    const { done, value } = await training.next();
    if (done === true) return value;
  }
}

Deno.test("runSteps() begins as many steps ahead as pay, and reads all before it ends", async () => {
  const { session, log } = lateSession(3);
  await follow({ session });
  assert.deepEqual(log, [
    ...["begin 1", "begin 2", "begin 3", "read 1", "begin 4", "read 2"],
    ...["begin 5", "read 3", "read 4", "read 5"],
  ]);
  const plain = lateSession(1);
  await follow({ session: plain.session, steps: 2 });
  assert.deepEqual(plain.log, ["begin 1", "read 1", "begin 2", "read 2"]);
});

Deno.test("runSteps() comes to one point however late losses are read", async () => {
  const [first, ...others] = await Promise.all(
    [1, 2, 3, 9].map((ahead) => follow({ session: lateSession(ahead).session })),
  );
  for (const other of others) assert.deepEqual(other, first);
});

Deno.test("runSteps() reads all losses before it measures", async () => {
  const { session, log } = lateSession(3);
  const measure = () => {
    log.push("measure");
    return Promise.resolve({ lossNats: { value: 1 } });
  };
  await follow({ session, heldOut: { measure, every: 2 } });
  assert.deepEqual(log.filter((each) => !each.startsWith("begin")), [
    ...["measure", "read 1", "read 2", "measure", "read 3", "read 4", "measure"],
    ...["read 5", "measure"],
  ]);
});

Deno.test("runSteps() aborted with steps under way saves the point after them", async () => {
  const abort = new AbortController();
  const { session } = lateSession(3);
  const saved: TrainingPoint[] = [];
  const options: Partial<StepsOptions> = {
    session,
    batchAt(step) {
      if (step === 4) abort.abort(new Error("interrupted"));
      return [{}];
    },
    save: (point) => Promise.resolve(void saved.push(point)),
    signal: abort.signal,
  };
  await assert.rejects(follow(options), { message: "interrupted" });
  assert.deepEqual(saved.map(({ step }) => step), [4]);
  const whole = await follow({});
  assert.deepEqual(await follow({ from: saved[0]! }), whole);
});

Deno.test("runSteps() names the step whose loss is no number, though it is read late", async () => {
  const { session } = lateSession(3, (step) => step === 2 ? NaN : 1);
  await assert.rejects(follow({ session }), {
    code: "train/diverged",
    message: "the loss is no number any more at step 2, learning rate 1",
  });
});

Deno.test("runSteps() tells each micro-batch of dropout which of the batch's rows is its first", async () => {
  const { session } = lateSession(1), seen: number[][] = [];
  const watched: TrainingSession = {
    ...session,
    step(batch, control) {
      seen.push(...(batch as readonly Tensors[]).map(({ dropoutSeed }) => [...dropoutSeed!]));
      return session.step(batch, control);
    },
  };
  const whole = { session: watched, batchAt: () => [{}], dropoutSeed: 7, steps: 1 };
  await follow(whole);
  await follow({ ...whole, batchAt: () => [{}, {}, {}], partRows: 4 });
  assert.deepEqual(seen, [[7, 1], [7, 1, 0], [7, 1, 4], [7, 1, 8]]);
});

Deno.test("runSteps() tells the running mean of each loss that is to be told", async () => {
  const { session } = lateSession(1, (step) => step);
  const both: TrainingSession = {
    ...session,
    async step(batch, control) {
      const begun = await session.step(batch, control);
      return {
        read: async () => {
          const outputs = await begun.read(), loss = outputs.loss![0]!;
          return { ...outputs, one: Float32Array.of(loss / 4), two: Float32Array.of(loss / 2) };
        },
      };
    },
  };
  const told = { lossNats: "one", nextSentenceLossNats: "two" };
  const heldOut = { measure: () => Promise.resolve({}) };
  const plain = await follow({ session: both, heldOut });
  const { average, measurements } = await follow({ session: both, heldOut, told });
  assert.equal(average.sum, plain.average.sum / 4);
  assert.deepEqual(average.others, { nextSentenceLossNats: plain.average.sum / 2 });
  const values = new Map(measurements.map(({ name, value }) => [name, value]));
  assert.equal(values.get("nextSentenceLossNats"), 2 * values.get("lossNats")!);
  // A training that goes on from there tells the same.
  const early = await follow({ session: both, told, steps: 2 });
  assert.deepEqual((await follow({ session: both, told, from: early })).average, average);
});
