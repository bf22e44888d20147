/** Real models on a CPU plugin: the same training as on `cpu`, whatever is done in between. */
import assert from "node:assert/strict";
import { Stream } from "../../../lib/base/rng.ts";
import { openDevice } from "../../../lib/engine/devices.ts";
import type {
  Engine,
  Tensors,
  TrainingProgram,
  TrainingSession,
  TrainingState,
} from "../../../lib/engine/engine.ts";
import { Graph, sizeOf } from "../../../lib/engine/ir/graph.ts";
import { openXla } from "../../../lib/engine/xla/open.ts";
import type { Precision } from "../../../lib/engine/xla/module.ts";
import type { XlaSession } from "../../../lib/engine/xla/session.ts";
import { BERT_PRESETS, bertConfig } from "../../../lib/model/config.ts";
import { maskedLanguageModel } from "../../../lib/model/heads/heads.ts";
import { freshState, initialParams } from "../../../lib/model/init.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { PLAIN } from "../tiny_program.ts";
import { testOnCpuPlugin } from "./cpu_plugin.ts";

const ROWS = 8, LENGTH = 16, VOCABULARY = 200, STEPS = 20;

function program(rows = ROWS) {
  const sizes = { ...BERT_PRESETS["bert-pico"], vocabSize: VOCABULARY };
  const config = bertConfig(sizes, { dropout: 0.1, attentionDropout: 0.1 });
  const predictions = 2 * rows;
  const model = maskedLanguageModel(config, {
    rows,
    length: LENGTH,
    predictions,
    isTraining: true,
  });
  const optimizer = { ...PLAIN, clipNorm: 1 };
  return { ...model, loss: "loss", optimizer } satisfies TrainingProgram;
}

function batchOf({ graph }: TrainingProgram, step: number, part = 0): Tensors {
  const stream = new Stream(1, "tests/trajectory", step, part);
  const data = graph.nodes.flatMap((node) =>
    node.op === "input" && node.attrs.role === "data" ? [node] : []
  );
  return Object.fromEntries(data.map(({ attrs: { name }, output: { shape, dtype } }) => {
    if (name === "dropoutSeed") return [name, Int32Array.of(7 + part, step)];
    const length = sizeOf(shape);
    return [
      name,
      dtype === "i32"
        ? Int32Array.from({ length }, () => stream.below(VOCABULARY / 2))
        : new Float32Array(length).fill(1),
    ];
  }));
}

function start({ params }: ReturnType<typeof program>): TrainingState {
  return freshState(initialParams(params, { seed: 3, std: 0.02 }));
}

async function train(
  session: TrainingSession,
  { from, to, of = program() }: { from: number; to: number; of?: TrainingProgram },
): Promise<number[]> {
  const begun = [];
  for (let step = from; step <= to; step++) {
    begun.push(await session.step(batchOf(of, step), { learningRate: 1e-3, step }));
  }
  const losses = await Promise.all(begun.map(async (each) => (await each.read())["loss"]![0]!));
  return losses;
}

async function trained(
  engine: Engine,
  of = program(),
): Promise<{ losses: number[]; state: TrainingState }> {
  const session = await engine.train(of);
  await session.load(start(of));
  const losses = await train(session, { from: 1, to: STEPS, of });
  const state = await session.save();
  await session.dispose();
  return { losses, state };
}

/** What one test has compiled the others need not. */
const COMPILED = new TempDir();
globalThis.addEventListener("unload", () => COMPILED[Symbol.dispose]());

function openCpu(
  { threads = 1, precision = "float32", replicas = 1, cache = COMPILED.path }: {
    threads?: number;
    precision?: Precision;
    replicas?: number;
    cache?: string;
  } = {},
) {
  return openXla({ platform: "cpu", precision, threads, replicas, cache });
}

/** The greatest difference of two lists, relative to the first. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (each, i) => Math.abs(each - b[i]!) / Math.abs(each)));
}

testOnCpuPlugin("twenty steps with dropout follow the device cpu", async () => {
  const expected = await trained(await openDevice({ name: "cpu", threads: 1 }));
  const { losses, state } = await trained(await openCpu());
  assert.ok(difference(expected.losses, losses) < 1e-5, `${losses} not ${expected.losses}`);
  const [name] = Object.keys(state.params);
  assert.equal(state.params[name!]!.length, expected.state.params[name!]!.length);
});

testOnCpuPlugin("twenty steps with products in bfloat16 learn as those in float32", async () => {
  const { losses: exact } = await trained(await openCpu());
  const { losses } = await trained(await openCpu({ precision: "bfloat16" }));
  assert.notDeepEqual(losses, exact);
  assert.ok(difference(exact, losses) < 1e-2, `${losses} not ${exact}`);
});

testOnCpuPlugin("bits do not depend on the number of threads", async () => {
  // Each compiles for itself: a program that is loaded was compiled for other threads.
  using one = new TempDir(), two = new TempDir();
  const bits = async (threads: number, { path: cache }: TempDir) => {
    const engine = await openCpu({ threads, cache });
    const made = await trained(engine);
    assert.equal(engine.options.programs.counts.loaded, 0);
    return made;
  };
  assert.deepEqual(await bits(2, two), await bits(1, one));
});

testOnCpuPlugin("a training saved, killed and loaded elsewhere goes on bit for bit", async () => {
  const whole = await trained(await openCpu());
  const engine = await openCpu();
  const first = await engine.train(program());
  await first.load(start(program()));
  const losses = await train(first, { from: 1, to: 7 });
  const saving = first.save();
  // It trains on while it is saved, and what it does then is lost.
  await train(first, { from: 8, to: 9 });
  const saved = await saving;
  await first.dispose();
  const second = await engine.train(program());
  await second.load(saved);
  losses.push(...await train(second, { from: 8, to: STEPS }));
  assert.deepEqual({ losses, state: await second.save() }, whole);
  await second.dispose();
});

testOnCpuPlugin(
  "replicas stay equal to the bit, and do what one device does in micro-batches",
  async () => {
    const of = program(2), replicas = 4;
    const parts = (step: number) => Array.from({ length: 4 }, (_, part) => batchOf(of, step, part));
    const run = async (engine: Engine) => {
      const session = await engine.train(of) as XlaSession;
      await session.load(start(of));
      const losses: number[] = [];
      for (let step = 1; step <= 5; step++) {
        const begun = await session.step(parts(step), { learningRate: 1e-3, step });
        losses.push((await begun.read())["loss"]![0]!);
      }
      return { session, losses };
    };
    const one = await run(await openCpu());
    const four = await run(await openCpu({ replicas }));
    assert.ok(difference(one.losses, four.losses) < 1e-5, `${four.losses} not ${one.losses}`);
    const states = await Promise.all(
      Array.from({ length: replicas }, (_, i) => four.session.saveReplica(i)),
    );
    for (const each of states.slice(1)) assert.deepEqual(each, states[0]);
    // Two rounds of micro-batches on two devices: the same sums in another order.
    const two = await run(await openCpu({ replicas: 2 }));
    assert.ok(difference(one.losses, two.losses) < 1e-5, `${two.losses} not ${one.losses}`);
    for (const { session } of [one, two, four]) await session.dispose();
  },
);

testOnCpuPlugin("a program that was compiled under other flags of XLA is not used", async () => {
  using folder = new TempDir();
  const graph = new Graph();
  graph.output("y", graph.neg(graph.input("x", [3])));
  const countsUnder = async (flags: string | undefined) => {
    const before = Deno.env.get("XLA_FLAGS");
    const set = (value: string | undefined) =>
      value === undefined ? Deno.env.delete("XLA_FLAGS") : Deno.env.set("XLA_FLAGS", value);
    set(flags);
    try {
      const engine = await openCpu({ cache: folder.path });
      await (await engine.compile(graph)).dispose();
      engine.options.programs.dispose();
      return engine.options.programs.counts;
    } finally {
      set(before);
    }
  };
  const compiled = { compiled: 1, loaded: 0 }, isLoaded = { compiled: 0, loaded: 1 };
  assert.deepEqual(await countsUnder(undefined), compiled);
  assert.deepEqual(await countsUnder("--xla_cpu_enable_fast_math=true"), compiled);
  assert.deepEqual(await countsUnder(undefined), isLoaded);
  assert.deepEqual(await countsUnder("--xla_cpu_enable_fast_math=true"), isLoaded);
});

testOnCpuPlugin(
  "compiled programs are found again on the disk, with equal bits; damaged ones are not used",
  async () => {
    using folder = new TempDir();
    const cache = `${folder.path}/compiled`;
    const engine = await openCpu({ cache });
    const compiled = await trained(engine);
    const { programs } = engine.options;
    assert.deepEqual(programs.counts, { compiled: 2, loaded: 0 });
    const again = await openCpu({ cache });
    assert.deepEqual(await trained(again), compiled);
    assert.deepEqual(again.options.programs.counts, { compiled: 0, loaded: 2 });
    for (const { name } of Deno.readDirSync(cache)) {
      const file = `${cache}/${name}`, bytes = Deno.readFileSync(file);
      bytes[bytes.length >> 1]! ^= 1;
      Deno.writeFileSync(file, bytes);
    }
    const third = await openCpu({ cache });
    assert.deepEqual(await trained(third), compiled);
    assert.deepEqual(third.options.programs.counts, { compiled: 2, loaded: 0 });
    for (const each of [programs, again.options.programs, third.options.programs]) each.dispose();
  },
);
