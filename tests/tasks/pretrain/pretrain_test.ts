import assert from "node:assert/strict";
import { join } from "node:path";
import { canonical } from "../../../lib/base/canonical.ts";
import { sha256File } from "../../../lib/base/digest.ts";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { DEVICES } from "../../../lib/engine/devices.ts";
import type { StoredArtifact, TaskOutcome } from "../../../lib/graph/task.ts";
import { pretrain } from "../../../lib/tasks/pretrain/kind.ts";
import { Checkpoints, latestStep } from "../../../lib/tasks/training/checkpoints.ts";
import type { TrainingPoint } from "../../../lib/train/steps.ts";
import { testOnEachDevice } from "../../engine/each_device.ts";
import { makeDir, makeRun, makeShards, PIECES } from "../made_inputs.ts";
import { artifactOf, filesOf, measurements, pretrainings, type Run } from "./made_pretrainings.ts";

const ROOT = makeDir();
const CORPUS = await makeShards(join(ROOT, "shards"), { train: 3000, validation: 600 });

const PARAMS = {
  model: { layers: 1, hiddenSize: 16, heads: 2, positions: 12, initializerRange: 0.1 },
  steps: 12,
  rowPieces: 12,
  rows: 8,
  schedule: { kind: "constant", learningRate: 5e-3, warmup: 4 },
  measureEvery: 4,
  evaluation: { rows: 20 },
  seed: 11,
};

const run = pretrainings(PARAMS, CORPUS);

/** What a model is, without what its last task spent on it. */
function withoutOwn({ facts, scores }: TaskOutcome): TaskOutcome {
  const { ownSteps: _, ownTokens: __, ownFlops: ___, ...whole } = facts;
  return { facts: whole, scores };
}

/** The held-out loss among the scores. */
function lossOf({ scores }: TaskOutcome): number {
  return scores.find(({ metric }) => metric === "lossNats")!.value;
}

async function assertSameBits(actual: Run, expected: Run): Promise<void> {
  assert.deepEqual(await filesOf(actual), await filesOf(expected));
  assert.deepEqual(withoutOwn(actual.outcome), withoutOwn(expected.outcome));
}

Deno.test("pretrain learns what its corpus holds, and its context gap grows", async () => {
  const large = await makeShards(join(ROOT, "large"), { train: 20_000, validation: 2000 });
  const { outcome, events } = await run({
    model: { layers: 1, hiddenSize: 64, heads: 2, positions: 8, initializerRange: 0.1 },
    steps: 60,
    rowPieces: 8,
    rows: 64,
    schedule: { kind: "constant", learningRate: 2e-3, warmup: 30 },
    measureEvery: 30,
    dropout: 0,
  }, { inputs: { corpus: [large] } });
  const loss = new Map<number, number>(), gap = new Map<number, number>();
  for (const { step, name, split, value } of measurements(events)) {
    if (split === "validation" && name === "lossNats") loss.set(step, value);
    if (name === "contextGapNats") gap.set(step, value);
  }
  assert.deepEqual([...loss.keys()], [0, 30, 60]);
  // Frequencies alone give log(16) = 2.8; the neighbour tells nine pieces of ten.
  assert(loss.get(0)! > 2.8 && loss.get(60)! < 1.5, JSON.stringify([...loss]));
  assert(Math.abs(gap.get(0)!) < 0.1 && gap.get(60)! > 1, JSON.stringify([...gap]));
  assert.deepEqual(
    outcome.scores.map(({ benchmark, metric, split }) => [benchmark, metric, split]),
    ["lossNats", "contextGapNats", "maskedAccuracy"].map((each) => ["mlm", each, "validation"]),
  );
  assert.equal(outcome.scores[0]!.value, loss.get(60));
});

Deno.test("pretrain measures on training text when asked, and trains the same bits", async () => {
  const small = await makeShards(join(ROOT, "small"), { train: 300, validation: 600 });
  const of = (evaluation: object) =>
    run({ steps: 40, rows: 16, dropout: 0, evaluation }, { inputs: { corpus: [small] } });
  const plain = await of({ rows: 20 }), both = await of({ rows: 20, trainingRows: 20 });
  assert.deepEqual(await filesOf(both), await filesOf(plain));
  const named = both.outcome.scores.map(({ metric, split }) => `${metric} ${split}`);
  assert.deepEqual(named, [
    "lossNats validation",
    "contextGapNats validation",
    "maskedAccuracy validation",
    "usefulContextNats validation",
    "seenLossNats train",
    "seenContextGapNats train",
  ]);
  assert.deepEqual(both.outcome.scores.slice(0, 3), plain.outcome.scores);
  const promised = pretrain.scores!(both.context.params);
  assert.deepEqual(promised.map(({ metric, split }) => `${metric} ${split}`), named);
  const value = (name: string) => both.outcome.scores.find(({ metric }) => metric === name)!.value;
  // Sixteen rows a step of the 30 that there are: it knows them better than others.
  assert(value("seenLossNats") < value("lossNats"), JSON.stringify(both.outcome.scores));
  assert(value("usefulContextNats") <= Math.max(0, value("contextGapNats")) + 1e-9);
  // The mean loss of steps stays what it was: another name on the same split.
  const steps = (made: Run) =>
    measurements(made.events).filter(({ name, split }) => name === "lossNats" && split === "train");
  assert.deepEqual(steps(both), steps(plain));
});

Deno.test("pretrain leaves a model's folder and says what it took", async () => {
  const made = await run();
  assert.deepEqual(Object.keys(await filesOf(made)).sort(), [
    "config.json",
    "model.safetensors",
    "optimizer.safetensors",
    "tokenizer_config.json",
    "training.json",
    "vocab.txt",
  ]);
  const read = async (name: string) =>
    JSON.parse(await Deno.readTextFile(join(made.context.outDir, name)));
  const config = await read("config.json");
  assert.equal(config.hidden_size, 16);
  assert.equal(config.intermediate_size, 64);
  assert.equal(config.vocab_size, PIECES.length);
  assert.equal((await read("training.json")).step, 12);
  const { flops, ownFlops, ...facts } = made.outcome.facts;
  // 300 rows of 10 tokens; 12 steps of 8 rows.
  assert.deepEqual(facts, {
    steps: 12,
    uniqueTokens: 960,
    seenTokens: 960,
    epochs: 0.32,
    learningRateShare: 1,
    allTokens: 960,
    furtherShare: 1,
    heldOutLossNats: lossOf(made.outcome),
    parameters: 4231,
    pretrainings: 1,
    ownSteps: 12,
    ownTokens: 960,
  });
  // Per step: a layer 2*96*(4*256 + 2*16*64) + 4*8*12*12*16, a head 2*16*(256 + 16*23); thrice.
  const step = 3 * (2 * 96 * 3072 + 73_728 + 2 * 16 * 624);
  assert.equal(flops, 12 * step);
  assert.equal(ownFlops, flops);
});

testOnEachDevice("pretrain in segments gives the bits of one long run", async (_, device) => {
  const whole = await run({}, { device });
  const zero = await run({ steps: 0 }, { device });
  const early = await run({ steps: 5 }, { device, start: { ...artifactOf(zero), step: 0 } });
  const late = await run({}, { device, start: { ...artifactOf(early), step: 5 } });
  await assertSameBits(late, whole);
  const after = measurements(whole.events).filter((each) => each.step > 5);
  assert.deepEqual(measurements(late.events), after);
  // What each segment spent itself adds up to what the one long run spent.
  for (const fact of ["ownSteps", "ownTokens", "ownFlops"] as const) {
    const parts = [zero, early, late].map(({ outcome }) => outcome.facts[fact]!);
    const sum = parts.reduce((total, part) => total + part, 0);
    assert.equal(sum, whole.outcome.facts[fact], fact);
  }
});

Deno.test("pretrain, interrupted at any step and run again, gives the bits of one run", async () => {
  const whole = await run();
  for (const stopAt of [0, 1, 6, 11]) {
    const made = await makeRun(pretrain, { params: PARAMS, inputs: { corpus: [CORPUS] } });
    const { abort, context } = made;
    // What a kill in the middle of a save leaves.
    await Deno.mkdir(join(context.scratchDir, "writing"));
    await Deno.writeTextFile(join(context.scratchDir, "writing", "training.json"), "{");
    // Measured at every step, so that an abort can be timed by what is told.
    const interrupted = pretrain.run({
      ...context,
      params: { ...context.params, measureEvery: 1 },
      emit(event) {
        if (event.type === "measurement" && event.step === stopAt) abort.abort(new Error("stop"));
      },
    });
    await assert.rejects(interrupted, { message: "stop" });
    const left = [...Deno.readDirSync(context.scratchDir)].map((each) => each.name);
    assert.deepEqual(left, [stopAt === 0 ? "writing" : `step-${stopAt}`]);
    const resumed = await run({}, { scratchDir: context.scratchDir });
    await assertSameBits(resumed, whole);
  }
});

Deno.test("pretrain told of measurements tells them again after a resume", async () => {
  const whole = await run();
  const { abort, context } = await makeRun(pretrain, {
    params: PARAMS,
    inputs: { corpus: [CORPUS] },
    onEvent: (event) => {
      if (event.type === "measurement" && event.step === 8) abort.abort(new Error("stop"));
    },
  });
  await assert.rejects(pretrain.run(context), { message: "stop" });
  const resumed = await run({}, { scratchDir: context.scratchDir });
  assert.deepEqual(measurements(resumed.events), measurements(whole.events));
});

Deno.test("pretrain passes over a damaged checkpoint with a warning, and starts again", async () => {
  const scratchDir = makeDir();
  await Deno.mkdir(join(scratchDir, "step-6"));
  await Deno.writeTextFile(join(scratchDir, "step-6", "training.json"), '{"step":6}');
  const resumed = await run({}, { scratchDir });
  await assertSameBits(resumed, await run());
  const warnings = resumed.events.filter((each) => each.type === "warning");
  assert.match(warnings[0]!.message, /^the checkpoint of step 6 is damaged and not used/);
});

/** The scratch folder of a training that was interrupted at a step. */
async function interruptedAt(step: number): Promise<string> {
  const { abort, context } = await makeRun(pretrain, {
    params: PARAMS,
    inputs: { corpus: [CORPUS] },
    onEvent: (event) => {
      if (event.type === "measurement" && event.step === step) abort.abort(new Error("stop"));
    },
  });
  await assert.rejects(pretrain.run(context), { message: "stop" });
  return context.scratchDir;
}

Deno.test("pretrain trains on no checkpoint in which a bit has flipped", async () => {
  const whole = await run();
  const names = ["model.safetensors", "optimizer.safetensors", "training.json", "checkpoint.json"];
  for (const name of names) {
    const scratchDir = await interruptedAt(8);
    const file = join(scratchDir, "step-8", name);
    const bytes = await Deno.readFile(file);
    // In a tensor, or in a digit of a number: the file can still be read.
    bytes[bytes.length - 10]! ^= 1;
    await Deno.chmod(file, 0o644);
    await Deno.writeFile(file, bytes);
    const resumed = await run({}, { scratchDir });
    await assertSameBits(resumed, whole);
    const warnings = resumed.events.flatMap((each) => each.type === "warning" ? each.message : []);
    assert.equal(warnings.length, 1, name);
    assert.match(warnings[0]!, /^the checkpoint of step 8 is damaged and not used: /);
  }
});

Deno.test("Checkpoints.latest() passes over a point that is not well-formed", async () => {
  const point = { step: 0, average: { sum: 0, weight: 0 }, measurements: [] };
  const measurement = { type: "measurement", step: 0, name: "a", split: "train", value: NaN };
  const cases: readonly [object, boolean][] = [
    [{}, true],
    [{ measurements: [measurement] }, true],
    [{ step: 1, unmeasuredNorm: 2 }, true],
    [{ average: { sum: "x", weight: 0 } }, false],
    [{ average: { sum: 0 } }, false],
    [{ measurements: undefined }, false],
    [{ measurements: [{ ...measurement, value: null }] }, false],
    [{ measurements: [{ ...measurement, split: "moon" }] }, false],
    [{ measurements: [{ ...measurement, step: 5 }] }, false],
    [{ unmeasuredNorm: "x" }, false],
  ];
  for (const [changes, isSound] of cases) {
    const checkpoints = new Checkpoints(makeDir(), []);
    const state = { params: {}, firstMoments: {}, secondMoments: {} };
    const given = { ...point, ...changes } as TrainingPoint;
    // As if it had been saved so: the digests are right.
    await checkpoints.save(given, state);
    const warnings: string[] = [];
    const latest = await checkpoints.latest((message) => warnings.push(message));
    const text = JSON.stringify(changes);
    if (isSound) assert.deepEqual(latest, { point: given, state }, text);
    else {
      assert.equal(latest, undefined, text);
      assert.match(warnings.join(), /is damaged and not used: cannot read how far/, text);
    }
  }
});

Deno.test("Checkpoints.latest() does not believe a folder of another step", async () => {
  const dir = makeDir();
  const checkpoints = new Checkpoints(dir, []);
  const state = { params: {}, firstMoments: {}, secondMoments: {} };
  await checkpoints.save({ step: 3, average: { sum: 1, weight: 1 }, measurements: [] }, state);
  await Deno.rename(join(dir, "step-3"), join(dir, "step-4"));
  assert.equal(await checkpoints.latest(() => {}), undefined);
});

Deno.test("Checkpoints.latest() takes the later of two that a kill has left, or the one that is sound", async () => {
  const [dir, beside] = [makeDir(), makeDir()];
  const state = { params: {}, firstMoments: {}, secondMoments: {} };
  const save = (folder: string, step: number) =>
    new Checkpoints(folder, []).save(
      { step, average: { sum: 1, weight: 1 }, measurements: [] },
      state,
    );
  await save(dir, 9);
  await save(beside, 10);
  // As it stands when the one before is not yet removed.
  await Deno.rename(join(beside, "step-10"), join(dir, "step-10"));
  const latest = () => new Checkpoints(dir, []).latest(() => {});
  assert.equal((await latest())!.point.step, 10);
  assert.equal(await latestStep(dir), 10);
  await Deno.truncate(join(dir, "step-10", "checkpoint.json"));
  assert.equal((await latest())!.point.step, 9);
});

Deno.test("a trapezoid's trunk gives its branch the bits of one run", async () => {
  const schedule = {
    kind: "trapezoid",
    learningRate: 5e-3,
    warmup: 4,
    cooldown: { fraction: 0.25 },
  };
  const whole = await run({ schedule });
  const params = pretrain.params.parse({ ...PARAMS, schedule });
  const trunkParams = pretrain.trunk!(params)!;
  assert.equal(trunkParams.steps, 9);
  const trunk = await run(trunkParams as unknown as Record<string, unknown>);
  const branch = await run({ schedule }, { start: { ...artifactOf(trunk), step: 9 } });
  await assertSameBits(branch, whole);
});

Deno.test("pretrain of 0 steps copies its start and measures it", async () => {
  const first = await run();
  const init = artifactOf(first);
  const { model: _, ...rest } = PARAMS;
  const made = await makeRun(pretrain, {
    params: { ...rest, steps: 0, seed: 99 },
    inputs: { corpus: [CORPUS], init: [init] },
  });
  const outcome = await pretrain.run(made.context);
  const [mine, theirs] = await Promise.all(
    [made.context.outDir, init.dir].map((dir) => sha256File(join(dir, "model.safetensors"))),
  );
  assert.equal(mine, theirs);
  assert.deepEqual(outcome.scores, first.outcome.scores);
  assert.deepEqual(outcome.facts, {
    ...first.outcome.facts,
    steps: 0,
    uniqueTokens: 0,
    seenTokens: 0,
    epochs: 0,
    allTokens: first.outcome.facts.seenTokens!,
    furtherShare: 0,
    heldOutLossNats: lossOf(outcome),
    pretrainings: 2,
    ownSteps: 0,
    ownTokens: 0,
    ownFlops: 0,
  });
});

Deno.test("pretrain from a model does not replay the batches of the training before", async () => {
  const first = await run({ dropout: 0 });
  const { model: _, ...rest } = PARAMS;
  const from = async (pretrainings: number) => {
    const init = { ...artifactOf(first), facts: { pretrainings } };
    const made = await makeRun(pretrain, {
      params: { ...rest, dropout: 0, steps: 3 },
      inputs: { corpus: [CORPUS], init: [init] },
    });
    const outcome = await pretrain.run(made.context);
    return (await filesOf({ ...made, outcome }))["model.safetensors"];
  };
  const replayed = await from(0);
  assert.equal(await from(0), replayed);
  assert.notEqual(await from(1), replayed);
  assert.notEqual(await from(2), await from(1));
});

Deno.test("pretrain from a model has a fresh optimizer and adds its flops", async () => {
  const first = await run({ schedule: { ...PARAMS.schedule, warmup: 0 } });
  const { model: _, ...rest } = PARAMS;
  const from = async (init: StoredArtifact, steps: number) => {
    const made = await makeRun(pretrain, {
      params: { ...rest, steps, seed: 5 },
      inputs: { corpus: [CORPUS], init: [init] },
    });
    return { ...made, outcome: await pretrain.run(made.context) };
  };
  const withMoments = await from(artifactOf(first), 3);
  await Deno.remove(join(first.context.outDir, "optimizer.safetensors"));
  await Deno.remove(join(first.context.outDir, "training.json"));
  await assertSameBits(await from(artifactOf(first), 3), withMoments);
  assert.equal(withMoments.outcome.facts.flops, first.outcome.facts.flops! * (1 + 3 / 12));
  assert.equal(withMoments.outcome.facts.steps, 3);
});

Deno.test("pretrain uses only the prefix that tokens asks for", async () => {
  const small = await makeShards(join(ROOT, "small"), { train: 205, validation: 600 });
  const prefix = await run({ tokens: 205 });
  const alone = await run({}, { inputs: { corpus: [small] } });
  await assertSameBits(prefix, alone);
  assert.equal(prefix.outcome.facts.uniqueTokens, 200);
});

Deno.test("pretrain gives other weights for another seed", async () => {
  const [a, b] = [await filesOf(await run()), await filesOf(await run({ seed: 12 }))];
  assert.notEqual(a["model.safetensors"], b["model.safetensors"]);
});

const model = (more: Record<string, unknown>) => ({ model: { ...PARAMS.model, ...more } });

Deno.test("pretrain.check() finds what does not go together", () => {
  const faults = (params: Record<string, unknown>, roles?: readonly string[]) =>
    pretrain.check!(pretrain.params.parse({ ...PARAMS, ...params }), roles)
      .map(({ path, message }) => `${path}: ${message}`);
  assert.deepEqual(faults({}, ["corpus"]), []);
  assert.deepEqual(faults({}, ["corpus", "init"]), [
    "model: the model's sizes are those of `init`",
  ]);
  assert.deepEqual(faults({ model: undefined }, ["corpus"]), [
    "model: there is neither a fresh model nor one to start from",
  ]);
  assert.deepEqual(faults({ model: { layers: 2 } }), ["model: the model's sizes are incomplete"]);
  assert.deepEqual(faults(model({ heads: 3 })), [
    "model.hiddenSize: hiddenSize 16 cannot be divided among 3 heads",
  ]);
  assert.deepEqual(faults({ rowPieces: 13 }), [
    "model.positions: rows of 13 pieces do not fit a model of 12 positions",
  ]);
  const schedule = { kind: "linear", learningRate: 1, warmup: 0, horizon: 5 };
  assert.deepEqual(faults({ schedule }), [
    "schedule.horizon: the learning rate is 0 from step 6 on, of 12 steps",
  ]);
});

Deno.test("pretrain.check() warns of weights drawn far more widely than trained ones lie", () => {
  const check = (initializerRange: number) =>
    pretrain.check!(pretrain.params.parse({ ...PARAMS, ...model({ initializerRange }) }), [
      "corpus",
    ]);
  assert.deepEqual(check(0.9), [{
    path: "model.initializerRange",
    message:
      "weights drawn with a deviation of 0.9 are far larger than trained ones, and training " +
      "may diverge",
    mend: "give such as 0.02, for small models up to 0.1",
    isWarning: true,
  }]);
  assert.deepEqual(check(0.06), []);
});

Deno.test("pretrain.trajectory() is the same for what shapes no weight, else another", () => {
  const sharedOf = (params: Record<string, unknown>) => {
    const trajectory = pretrain.trajectory!(pretrain.params.parse({ ...PARAMS, ...params }));
    return "whyNot" in trajectory ? trajectory.whyNot : canonical(trajectory.shared);
  };
  for (const same of [{ steps: 99 }, { measureEvery: 3 }, { evaluation: { rows: 1 } }]) {
    assert.equal(sharedOf(same), sharedOf({}), JSON.stringify(same));
  }
  const others = [
    { seed: 1 },
    { tokens: 500 },
    { rows: 4 },
    { dropout: 0 },
    { optimizer: { beta2: 0.9 } },
    { schedule: { ...PARAMS.schedule, warmup: 5 } },
    model({ preset: "bert-pico" }),
  ];
  for (const other of others) {
    assert.notEqual(sharedOf(other), sharedOf({}), JSON.stringify(other));
  }
  assert.match(
    sharedOf({ schedule: { ...PARAMS.schedule, kind: "linear" } }),
    /^its learning rate/,
  );
});

Deno.test("pretrain says what is wrong with its inputs", async () => {
  const other = await makeShards(join(ROOT, "other"), { train: 300, validation: 600 });
  await Deno.writeTextFile(
    join(other.dir, "vocab.txt"),
    [...PIECES].reverse().map((each) => `${each}\n`).join(""),
  );
  const short = await makeShards(join(ROOT, "short"), { train: 300, validation: 9 });
  const trained = artifactOf(await run({ steps: 0 }));
  const cases: readonly [
    Record<string, unknown>,
    Record<string, StoredArtifact>,
    string,
    RegExp,
  ][] = [
    [{}, { validation: other }, "model/vocab", /its pieces differ from those of/],
    [{}, { validation: short }, "train/corpus", /the validation split has 9 tokens/],
    [{}, { init: trained }, "tasks/params", /the model's sizes are those of `init`/],
    [{ model: undefined }, {}, "tasks/params", /neither a fresh model nor/],
    [{ tokens: 4000 }, {}, "text/short-corpus", /4,000 tokens/],
    [
      { model: undefined, rowPieces: 20 },
      { init: trained },
      "model/config",
      /rows of 20 pieces do not fit a model of 12 positions/,
    ],
  ];
  for (const [params, inputs, code, message] of cases) {
    const given = Object.fromEntries(Object.entries(inputs).map(([role, each]) => [role, [each]]));
    await assert.rejects(
      run(params, { inputs: { corpus: [CORPUS], ...given } }),
      (error: ExperimentError) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

Deno.test("pretrain's estimate of bert-large is six FLOPs a parameter and token, and its bytes", () => {
  const corpus = { kind: "shards", params: {}, inputs: {} };
  const params = pretrain.params.parse({
    model: { preset: "bert-large" },
    steps: 10,
    rows: 128,
    rowPieces: 128,
    schedule: { kind: "constant", learningRate: 1e-4 },
  });
  const { flops, bytes } = pretrain.estimate!(params, { corpus: [corpus] });
  // Of the encoder's layers; embeddings are looked up, the head is on masked places alone.
  const rule = 6 * 302e6 * 10 * 128 * 128;
  assert(flops! > rule && flops! < 1.1 * rule, `${flops} by ${rule}`);
  assert(bytes! > 4 * 330e6 && bytes! < 4 * 340e6);
});

Deno.test("openDevice() refuses a name that is none", async () => {
  await assert.rejects(run({}, { device: "abacus" }), (error: ExperimentError) => {
    assert.equal(error.code, "engine/unknown-device");
    assert.equal(error.message, 'there is no device "abacus"');
    assert.equal(error.faults[0].mend, `use one of ${Object.keys(DEVICES).join(", ")}`);
    return true;
  });
});

Deno.test("pretrain tells each phase that takes time, and when it is over", async () => {
  const { events } = await run({ steps: 4, measureEvery: undefined });
  const phases = new Map<string, number[]>();
  for (const event of events) {
    if (event.type !== "progress") continue;
    const told = phases.get(event.phase!) ?? [];
    phases.set(event.phase!, [...told, event.done / event.total]);
  }
  const names = ["loading", "evaluating held-out text", "pre-training", "saving"];
  assert.deepEqual([...phases.keys()], names);
  for (const [phase, shares] of phases) assert.equal(shares.at(-1), 1, phase);
});

Deno.test("pretrain gives its scores with standard errors, in measurements too", async () => {
  const { outcome, events } = await run({ steps: 2 });
  for (const { metric, value, standardError } of outcome.scores) {
    assert(standardError! >= 0 && standardError! < 1, `${metric}: ${standardError}`);
    const same = measurements(events).find((each) =>
      each.step === 2 && each.name === metric &&
      each.split === "validation"
    );
    assert.deepEqual([same?.value, same?.standardError], [value, standardError]);
  }
  assert(outcome.scores[0]!.standardError! > 0);
});

Deno.test("pretrain keeps its optimizer's state only where a later point goes on from it", async () => {
  const whole = await run(), dropped = await run({}, { keepsState: false });
  const { "optimizer.safetensors": _, "training.json": __, ...model } = await filesOf(whole);
  assert.deepEqual(await filesOf(dropped), model);
  assert.deepEqual(dropped.outcome, { ...whole.outcome, canGoOn: false });
  const zero = await run({ steps: 0 }, { keepsState: false });
  assert.equal(zero.outcome.canGoOn, undefined);
});

Deno.test("pretrain from a point without its optimizer's state begins anew, with the same bits", async () => {
  const whole = await run();
  const dropped = await run({ steps: 5 }, { keepsState: false });
  const start = { ...artifactOf(dropped), step: 5 };
  const late = await run({}, { start });
  await assertSameBits(late, whole);
  assert.equal(late.outcome.facts.ownSteps, 12);
  assert.deepEqual(late.events.filter((each) => each.type === "warning"), [{
    type: "warning",
    message: "step 5 was kept without its optimizer's state: training begins anew",
  }]);
});
