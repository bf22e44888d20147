/** What a training on a device does with buffers, failures and memory: by the books of a plugin. */
import assert from "node:assert/strict";
import { ExperimentError } from "../../../lib/base/errors.ts";
import type { TrainingSession } from "../../../lib/engine/engine.ts";
import { XlaEngine } from "../../../lib/engine/xla/engine.ts";
import { PjrtClient } from "../../../lib/engine/xla/pjrt/client.ts";
import { MEMORY_VARIABLE, memoryLimit } from "../../../lib/engine/xla/memory.ts";
import { Programs } from "../../../lib/engine/xla/programs.ts";
import { PLAIN, tinyBatch, tinyForward, tinyProgram, tinyState } from "../tiny_program.ts";
import { type FakeOptions, FakePlugin } from "./fake_plugin.ts";

/** An engine on a plugin that computes nothing; at the end all must be freed. */
async function withFake(
  body: (fake: FakePlugin, engine: XlaEngine) => Promise<void>,
  { replicas = 1, ...options }: FakeOptions & { readonly replicas?: number } = {},
): Promise<void> {
  using fake = new FakePlugin({ devices: replicas, ...options });
  const client = await PjrtClient.create(fake.open());
  const programs = new Programs(client, { machine: "" });
  const engine = new XlaEngine({
    programs,
    precision: "float32",
    platform: "cpu",
    replicas,
    stepsAhead: 2,
  });
  await body(fake, engine);
  programs.dispose();
  client.destroy();
  assert.deepEqual(fake.faults, []);
  assert.deepEqual([...fake.live.values()], []);
}

async function loaded(engine: XlaEngine): Promise<TrainingSession> {
  const session = await engine.train(tinyProgram(PLAIN));
  await session.load(tinyState());
  return session;
}

const CONTROL = { learningRate: 0.01, step: 1 };

Deno.test("XlaSession frees all that it made, whatever was done and left undone", async () => {
  for (const replicas of [1, 2]) {
    await withFake(async (_, engine) => {
      const batches = (count: number) => Array.from({ length: count }, (_, i) => tinyBatch(i));
      const session = await loaded(engine);
      const forward = await session.forward(tinyForward());
      await session.step(batches(replicas), CONTROL);
      const begun = await session.step(batches(replicas), CONTROL);
      await session.step(batches(3 * replicas), CONTROL);
      await begun.read();
      const saved = session.save();
      await session.step(batches(2 * replicas), CONTROL);
      await forward.run({ factor: Float32Array.of(1) });
      await session.load(tinyState());
      await saved;
      const [params, { params: wanted }] = [session.saveParams(), await session.save()];
      assert.deepEqual(Object.keys(await params), Object.keys(wanted));
      await session.step(batches(2 * replicas), CONTROL);
      // Neither the executable nor the last step was waited for.
      await session.dispose();
    }, { replicas });
  }
});

Deno.test("XlaSession: what fails before a step begins has no effect, and it goes on", async () => {
  await withFake(async (fake, engine) => {
    const session = await loaded(engine);
    for (const name of ["Client_Compile", "Client_BufferFromHostBuffer"] as const) {
      fake.fail(name);
      await assert.rejects(session.step(tinyBatch(1), CONTROL), /the device is lost/);
    }
    const wrong = { ...tinyBatch(1), ids: new Float32Array(6) };
    await assert.rejects(session.step(wrong, CONTROL), /the input "ids" is Float32Array, not i32/);
    fake.fail("Client_BufferFromHostBuffer");
    await assert.rejects(session.load(tinyState()), /the device is lost/);
    await session.step(tinyBatch(1), CONTROL);
    await session.save();
    await session.dispose();
  });
});

Deno.test("XlaSession: a step that fails ends it, and no state is saved after it", async () => {
  await withFake(async (fake, engine) => {
    const session = await loaded(engine);
    await session.step(tinyBatch(1), CONTROL);
    fake.fail("LoadedExecutable_Execute");
    await assert.rejects(session.step(tinyBatch(2), CONTROL), /the device is lost/);
    await assert.rejects(session.save(), /the device is lost/);
    await assert.rejects(session.step(tinyBatch(2), CONTROL), /the device is lost/);
    await session.dispose();
  });
});

Deno.test("XlaSession: a step that fails late is told by its losses and by all later calls", async () => {
  await withFake(async (fake, engine) => {
    const session = await loaded(engine);
    await session.step(tinyBatch(1), CONTROL).then((begun) => begun.read());
    fake.failLate();
    const begun = await session.step(tinyBatch(2), CONTROL);
    await assert.rejects(begun.read(), /the device is lost/);
    await assert.rejects(session.save(), /the device is lost/);
    await assert.rejects(session.saveParams(), /the device is lost/);
    await session.dispose();
  });
});

Deno.test("a program that does not fit is refused before anything runs, and says what to lower", async () => {
  await withFake(async (fake, engine) => {
    const session = await loaded(engine);
    await assert.rejects(session.step(tinyBatch(1), CONTROL), {
      code: "engine/memory",
      message: "the program takes 29.9 GB of the device's memory, which has 15 GB to give",
      faults: [{
        code: "engine/memory",
        message: "the program takes 29.9 GB of the device's memory, which has 15 GB to give",
        mend: "lower the rows that are computed at once, or their length",
      }],
    });
    assert.equal(fake.calls.includes("LoadedExecutable_Execute"), false);
    await session.dispose();
  }, { limitBytes: 15e9, peakBytes: 29.9e9, argumentBytes: 1.5e9 });
});

Deno.test("a model that does not fit by itself is told so: no smaller part of a batch would help", async () => {
  await withFake(async (_, engine) => {
    const session = await loaded(engine);
    await assert.rejects(session.step(tinyBatch(1), CONTROL), (error) => {
      assert(error instanceof ExperimentError);
      assert.equal(
        error.faults[0].mend,
        "use a smaller model or a device with more memory: 16 GB are the model's own",
      );
      return true;
    });
    await session.dispose();
  }, { limitBytes: 15e9, peakBytes: 29.9e9, argumentBytes: 16e9 });
});

Deno.test("XlaEngine.memoryOf() counts moments beside a micro-batch, and all of a limit by its share", async () => {
  await withFake(async (fake, engine) => {
    const program = tinyProgram(PLAIN), { params } = program;
    const modelBytes = bytesOf(params);
    const whole = await engine.memoryOf(program, { isInParts: false });
    assert.deepEqual(whole, { needBytes: 1000, stateBytes: 3 * modelBytes, limitBytes: 1e9 });
    // The program of the gradients knows nothing of the moments, which lie there all the same.
    const parts = await engine.memoryOf(program, { isInParts: true });
    const needBytes = 1000 + 2 * modelBytes;
    assert.deepEqual(parts, { needBytes, stateBytes: 4 * modelBytes, limitBytes: 1e9 });
    fake.fail("Client_Compile", { code: 8, message: "out of memory" });
    const other = { ...program, optimizer: { ...program.optimizer, epsilon: 2 } };
    assert.equal((await engine.memoryOf(other, { isInParts: false }))?.needBytes, Infinity);
  }, { limitBytes: 1e9, peakBytes: 1000 });
});

Deno.test("XlaEngine.forwardMemoryOf() counts the state of the training beside a pass", async () => {
  await withFake(async (_, engine) => {
    const graph = tinyForward(), program = tinyProgram(PLAIN);
    const own = program.params.filter(({ name }) => graph.inputs.has(name));
    const alone = await engine.forwardMemoryOf(graph);
    assert.deepEqual(alone, { needBytes: 1000, stateBytes: bytesOf(own), limitBytes: 1e9 });
    const model = bytesOf(program.params);
    for (const isInParts of [false, true]) {
      const state = (isInParts ? 4 : 3) * model;
      assert.deepEqual(await engine.forwardMemoryOf(graph, { program, isInParts }), {
        needBytes: 1000 + state - bytesOf(own),
        stateBytes: state,
        limitBytes: 1e9,
      });
    }
  }, { limitBytes: 1e9, peakBytes: 1000 });
  await withFake(async (_, engine) => {
    assert.equal(await engine.forwardMemoryOf(tinyForward()), undefined);
  });
});

Deno.test("memoryLimit() is what the device gives, or less as the variable says, by share", () => {
  const limit = (named: string | undefined, device: number | undefined, share = 1) => {
    if (named !== undefined) Deno.env.set(MEMORY_VARIABLE, named);
    try {
      return memoryLimit(device, { share });
    } finally {
      Deno.env.delete(MEMORY_VARIABLE);
    }
  };
  assert.equal(limit(undefined, undefined), undefined);
  // The plugin's own limit is of the share that it was told.
  assert.equal(limit(undefined, 20e9, 0.25), 20e9);
  assert.equal(limit("40", 20e9, 0.25), 10e9);
  assert.equal(limit("40", 80e9), 40e9);
  assert.equal(limit("90", 80e9), 80e9);
  assert.equal(limit("0.5", undefined, 0.5), 0.25e9);
  for (const wrong of ["a lot", "0", "-1"]) {
    assert.throws(() => limit(wrong, 80e9), {
      code: "engine/memory-variable",
      message: `TITRATE_DEVICE_GB is "${wrong}"`,
    });
  }
});

Deno.test("a checkpoint is copied on the device where that has room, else read as it is", async () => {
  const runs: number[] = [];
  for (const limitBytes of [1e9, 1001]) {
    await withFake(async (fake, engine) => {
      const session = await loaded(engine);
      await (await session.step(tinyBatch(1), CONTROL)).read();
      await session.save();
      runs.push(fake.calls.filter((each) => each === "LoadedExecutable_Execute").length);
      await session.dispose();
    }, { limitBytes, peakBytes: 1000 });
  }
  assert.deepEqual(runs, [2, 1]);
});

/** Lets everything go on that can. */
async function settleAll(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Whether a promise is settled after everything went on that could. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  const over = () => isOver = true;
  promise.then(over, over);
  await settleAll();
  return isOver;
}

/** What a step uploads: its batch and the rates, nothing of the state. */
const STEP_UPLOADS = Object.keys(tinyBatch(1)).length + 3;

Deno.test("XlaSession: steps are begun before others are over, the next batch is there, the state stays", async () => {
  await withFake(async (fake, engine) => {
    const session = await loaded(engine);
    const uploaded = fake.countCalls("Client_BufferFromHostBuffer");
    assert.equal(uploaded, 3 * tinyProgram(PLAIN).params.length);
    const state = () => ({
      begun: fake.countCalls("LoadedExecutable_Execute"),
      uploads: fake.countCalls("Client_BufferFromHostBuffer") - uploaded,
    });
    fake.holdsRuns = true;
    const first = await session.step(tinyBatch(1), CONTROL);
    const losses = first.read();
    await session.step(tinyBatch(2), CONTROL);
    assert.equal(await isSettled(losses), false);
    // As many as may be are under way; of the next one the batch alone is there, of others nothing.
    const third = session.step(tinyBatch(3), CONTROL), fourth = session.step(tinyBatch(4), CONTROL);
    assert.equal(await isSettled(third), false);
    assert.deepEqual(state(), { begun: 2, uploads: 3 * STEP_UPLOADS });
    fake.endRun();
    await losses;
    await third;
    assert.equal(await isSettled(fourth), false);
    assert.deepEqual(state(), { begun: 3, uploads: 4 * STEP_UPLOADS });
    for (let run = 0; run < 2; run++) fake.endRun();
    const last = (await fourth).read();
    fake.endRun();
    await last;
    await session.dispose();
  });
});

Deno.test("XlaSession: steps go on while a checkpoint is copied and read", async () => {
  await withFake(async (fake, engine) => {
    const session = await loaded(engine);
    fake.holdsRuns = true;
    await session.step(tinyBatch(1), CONTROL);
    const saved = session.save();
    // It is begun while the step before the copy is under way, and the copy too.
    await session.step(tinyBatch(2), CONTROL);
    assert.equal(fake.countCalls("LoadedExecutable_Execute"), 3);
    assert.equal(await isSettled(saved), false);
    fake.endRun();
    assert.equal(await isSettled(saved), false);
    fake.endRun();
    await saved;
    fake.endRun();
    await session.dispose();
  }, { limitBytes: 1e9, peakBytes: 1000 });
});

Deno.test("a checkpoint's copy leaves room for the passes that a session has, of which one may follow", async () => {
  const runs: number[] = [];
  const stateBytes = 3 * bytesOf(tinyProgram(PLAIN).params);
  // A step takes 1000 bytes with its state, a pass those beside nearly all of the state.
  for (const limitBytes of [1000 + stateBytes, 1000 + 2 * stateBytes]) {
    await withFake(async (fake, engine) => {
      const session = await loaded(engine);
      const pass = await session.forward(tinyForward());
      await (await session.step(tinyBatch(1), CONTROL)).read();
      await session.save();
      runs.push(fake.countCalls("LoadedExecutable_Execute"));
      await pass.dispose();
      await session.save();
      runs.push(fake.countCalls("LoadedExecutable_Execute"));
      await session.dispose();
    }, { limitBytes, peakBytes: 1000 });
  }
  assert.deepEqual(runs, [1, 2, 2, 3]);
});

function bytesOf(tensors: readonly { readonly shape: readonly number[] }[]): number {
  return tensors.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
}

Deno.test("XlaSession refuses batches that its replicas cannot share", async () => {
  await withFake(async (_, engine) => {
    const session = await loaded(engine);
    const one = tinyBatch(1);
    await assert.rejects(session.step(one, CONTROL), /1 batches for 2 replicas/);
    await assert.rejects(session.step([one, one, one], CONTROL), /3 batches for 2 replicas/);
    await session.dispose();
  }, { replicas: 2 });
});
