/** What every engine's training must do; each check is a claim about `train`. */
import assert from "node:assert/strict";
import type {
  AdamW,
  Engine,
  Tensors,
  TrainingProgram,
  TrainingSession,
  TrainingState,
} from "../../lib/engine/engine.ts";
import { differentiate } from "../../lib/engine/ir/grad.ts";
import { adamWStep, clipScale } from "../../lib/engine/optimizer.ts";
import { copyGraph } from "../../lib/engine/passes/rewrite.ts";
import { assertClose } from "./check_case.ts";
import { interpret } from "./reference.ts";
import { globalNorm, updateAdamW } from "./reference_optimizer.ts";
import {
  PLAIN,
  tinyBatch,
  tinyForward,
  tinyFrozen,
  tinyProgram,
  tinyProgramOfLengths,
  tinyState,
} from "./tiny_program.ts";

const LEARNING_RATE = 0.01;

/** The checks by the claim that each makes. */
export const TRAINING_CHECKS: Readonly<Record<string, (engine: Engine) => Promise<void>>> = {
  "train() follows the reference for three steps": (engine) => checkSteps(engine, PLAIN),
  "train() clips gradients to the global norm": (engine) =>
    checkSteps(engine, { ...PLAIN, clipNorm: 0.05 }),
  "train() leaves gradients within the limit alone": (engine) =>
    checkSteps(engine, { ...PLAIN, clipNorm: 1000 }),
  "train() has a variant without bias correction": (engine) =>
    checkSteps(engine, { ...PLAIN, biasCorrection: false, clipNorm: 1 }),
  "a session that is saved and loaded into another goes on bit for bit": checkResume,
  "load() copies in and save() copies out": checkCopies,
  "saveParams() gives copies of the parameters that save() gives": checkParamsAlone,
  "forward() sees the parameters as they are at each run": checkForward,
  "calls take effect in their order, though none is waited for": checkOverlap,
  "a batch may be changed once step() resolves, and its losses read late": checkLateReads,
  "a batch that does not fit is refused, and the session goes on": checkRefusal,
  "batches of several shapes train one state, in any order": checkShapes,
  "a batch that fits none of several shapes is refused": checkNoShape,
  "micro-batches make one update with the sum of their gradients": checkMicroBatches,
  "a list of one batch gives the bits of that batch": checkOneMicroBatch,
  "a micro-batch that does not fit is refused before anything is computed": checkMicroRefusal,
  "frozen parameters stay to the bit and have no moments": checkFrozen,
};

async function withSession(
  engine: Engine,
  optimizer: AdamW,
  body: (session: TrainingSession) => Promise<void>,
): Promise<void> {
  const session = await engine.train(tinyProgram(optimizer));
  try {
    await session.load(tinyState());
    await body(session);
  } finally {
    await session.dispose();
  }
}

async function steps(
  session: TrainingSession,
  { from, to }: { from: number; to: number },
): Promise<Tensors> {
  let results: Tensors = {};
  for (let step = from; step <= to; step++) {
    const begun = await session.step(tinyBatch(step), { learningRate: LEARNING_RATE, step });
    results = await begun.read();
  }
  return results;
}

/** One step by the reference interpreter and the plain loops of `optimizer.ts`. */
function referenceStep(state: TrainingState, optimizer: AdamW, step: number) {
  return referenceUpdate(state, tinyProgram(optimizer), { step, batch: tinyBatch(step) });
}

function referenceUpdate(
  state: TrainingState,
  program: TrainingProgram,
  { step, batch }: { readonly step: number; readonly batch: Tensors | readonly Tensors[] },
) {
  const { optimizer } = program;
  const { graph, at } = copyGraph(program.graph);
  const trained = program.params.filter((each) => each.isFrozen !== true);
  const wrt = trained.map(({ name }) => graph.inputs.get(name)!);
  const lossOf = at(program.graph.outputs.get("loss")!);
  for (const [i, each] of differentiate(graph, lossOf, wrt).entries()) {
    graph.output(`gradient ${trained[i]!.name}`, each);
  }
  const results = (Array.isArray(batch) ? batch : [batch]).map((each) =>
    interpret(graph, { ...each, ...state.params })
  );
  const sumOf = (name: string) => {
    const sum = new Float32Array(results[0]![name]!.length);
    for (const each of results) each[name]!.forEach((value, i) => sum[i]! += value);
    return sum;
  };
  const gradients = trained.map(({ name }) => sumOf(`gradient ${name}`));
  const norm = globalNorm(gradients);
  for (const [i, { name, decays, learningRateScale }] of trained.entries()) {
    updateAdamW({
      param: state.params[name]!,
      firstMoment: state.firstMoments[name]!,
      secondMoment: state.secondMoments[name]!,
      gradient: gradients[i]!,
    }, {
      optimizer,
      step: adamWStep(optimizer, { learningRate: LEARNING_RATE, step }),
      gradientScale: clipScale(norm, optimizer.clipNorm),
      decays,
      learningRateScale,
    });
  }
  return { loss: sumOf("loss"), norm };
}

async function checkSteps(engine: Engine, optimizer: AdamW): Promise<void> {
  await withSession(engine, optimizer, async (session) => {
    const expected = tinyState();
    for (let step = 1; step <= 3; step++) {
      const results = await steps(session, { from: step, to: step });
      const { loss, norm } = referenceStep(expected, optimizer, step);
      assertClose(results["loss"]!, loss, { what: `loss of step ${step}`, tolerance: 1e-5 });
      assertClose(results["gradientNorm"]!, [norm], { what: "gradientNorm", tolerance: 1e-5 });
    }
    assertState(await session.save(), expected);
  });
}

function assertState(actual: TrainingState, expected: TrainingState): void {
  for (const part of ["params", "firstMoments", "secondMoments"] as const) {
    assert.deepEqual(Object.keys(actual[part]), Object.keys(expected[part]), part);
    for (const name of Object.keys(expected[part])) {
      // Adam divides by the gradient's own size, so a step is good to the gradient's digits.
      const tolerance = part === "params" ? LEARNING_RATE * 2e-3 : 1e-6;
      const what = `${part} ${name}`;
      assertClose(actual[part][name]!, expected[part][name]!, { what, tolerance });
    }
  }
}

async function checkResume(engine: Engine): Promise<void> {
  let whole: TrainingState, part: TrainingState;
  let last: Tensors = {};
  await withSession(engine, PLAIN, async (session) => {
    last = await steps(session, { from: 1, to: 5 });
    whole = await session.save();
  });
  await withSession(engine, PLAIN, async (session) => {
    await steps(session, { from: 1, to: 2 });
    part = await session.save();
  });
  await withSession(engine, PLAIN, async (session) => {
    await session.load(part);
    assert.deepEqual(await steps(session, { from: 3, to: 5 }), last);
    assert.deepEqual(await session.save(), whole);
  });
}

async function checkCopies(engine: Engine): Promise<void> {
  await withSession(engine, PLAIN, async (session) => {
    const given = tinyState();
    await session.load(given);
    given.params["table"]!.fill(0);
    const saved = await session.save();
    assert.deepEqual(saved, tinyState());
    await steps(session, { from: 1, to: 1 });
    assert.deepEqual(saved, tinyState());
  });
}

async function checkParamsAlone(engine: Engine): Promise<void> {
  await withSession(engine, PLAIN, async (session) => {
    await steps(session, { from: 1, to: 2 });
    const params = await session.saveParams(), { params: wanted } = await session.save();
    assert.deepEqual(params, wanted);
    await steps(session, { from: 3, to: 3 });
    assert.deepEqual(params, wanted);
    assert.notDeepEqual(await session.saveParams(), wanted);
  });
}

async function checkForward(engine: Engine): Promise<void> {
  await withSession(engine, PLAIN, async (session) => {
    const executable = await session.forward(tinyForward());
    for (let step = 1; step <= 2; step++) {
      const { twice } = await executable.run({ factor: Float32Array.of(2) });
      const doubled = (await session.save()).params["beta"]!.map((each) => 2 * each);
      assert.deepEqual(twice, doubled);
      await steps(session, { from: step, to: step });
    }
    await executable.dispose();
  });
}

async function checkOverlap(engine: Engine): Promise<void> {
  let expected: TrainingState;
  await withSession(engine, PLAIN, async (session) => {
    await steps(session, { from: 1, to: 2 });
    expected = await session.save();
  });
  const session = await engine.train(tinyProgram(PLAIN));
  const executable = await session.forward(tinyForward());
  const step = (count: number) =>
    session.step(tinyBatch(count), { learningRate: LEARNING_RATE, step: count });
  const factor = Float32Array.of(2);
  const loaded = session.load(tinyState());
  const [, , saved, run] = await Promise.all([
    step(1),
    step(2),
    session.save(),
    executable.run({ factor }),
    step(3),
    loaded,
  ]);
  assert.deepEqual(saved, expected!);
  assert.deepEqual(run["twice"], expected!.params["beta"]!.map((each) => 2 * each));
  await session.dispose();
}

async function checkLateReads(engine: Engine): Promise<void> {
  await withSession(engine, PLAIN, async (session) => {
    const atOnce = await steps(session, { from: 1, to: 1 });
    await session.load(tinyState());
    const batch = tinyBatch(1);
    const first = await session.step(batch, { learningRate: LEARNING_RATE, step: 1 });
    for (const each of Object.values(batch)) each.fill(0);
    await session.step(tinyBatch(2), { learningRate: LEARNING_RATE, step: 2 });
    assert.deepEqual(await first.read(), atOnce);
    assert.deepEqual(await first.read(), atOnce);
  });
}

async function checkRefusal(engine: Engine): Promise<void> {
  await withSession(engine, PLAIN, async (session) => {
    const control = { learningRate: LEARNING_RATE, step: 1 };
    const { ids: _, ...lacking } = tinyBatch(1);
    await assert.rejects(session.step(lacking, control), /"ids"/);
    await assert.rejects(session.step({ ...lacking, ids: new Int32Array(1) }, control), /"ids"/);
    const beta = new Float32Array(1);
    const state = tinyState();
    await assert.rejects(
      session.load({ ...state, params: { ...state.params, beta } }),
      /"beta"/,
    );
    assert.deepEqual(await session.save(), tinyState());
    const results = await steps(session, { from: 1, to: 1 });
    assert.ok(Number.isFinite(results["loss"]![0]));
  });
}

/** Shapes in an order in which each follows a shorter and a longer one. */
const LENGTHS = [3, 5, 2, 3, 2, 5, 3];

async function checkShapes(engine: Engine): Promise<void> {
  const several = tinyProgramOfLengths(PLAIN, [2, 5]);
  const graphs = new Map([[3, several.graph], [2, several.otherShapes![0]!], [
    5,
    several.otherShapes![1]!,
  ]]);
  const session = await engine.train(several);
  const expected = tinyState();
  await session.load(tinyState());
  for (const [i, length] of LENGTHS.entries()) {
    const step = i + 1, batch = tinyBatch(step, length);
    const begun = await session.step(batch, { learningRate: LEARNING_RATE, step });
    const { loss } = await begun.read();
    const alone = { ...several, graph: graphs.get(length)! };
    const reference = referenceUpdate(expected, alone, { step, batch });
    assertClose(loss!, reference.loss, { what: `loss at length ${length}`, tolerance: 1e-4 });
  }
  const saved = await session.save();
  for (const [name, param] of Object.entries(expected.params)) {
    assertClose(saved.params[name]!, param, { what: name, tolerance: LEARNING_RATE * 1e-2 });
  }
  await session.dispose();
}

async function checkNoShape(engine: Engine): Promise<void> {
  const session = await engine.train(tinyProgramOfLengths(PLAIN, [5]));
  await session.load(tinyState());
  const control = { learningRate: LEARNING_RATE, step: 1 };
  await assert.rejects(session.step(tinyBatch(1, 4), control), /"ids"/);
  const mixed = { ...tinyBatch(1, 5), targets: tinyBatch(1).targets! };
  await assert.rejects(session.step(mixed, control), /"ids"|"targets"/);
  const begun = await session.step(tinyBatch(1, 5), control);
  assert.ok(Number.isFinite((await begun.read()).loss![0]));
  await session.dispose();
}

const CLIPPED: AdamW = { ...PLAIN, clipNorm: 0.05, biasCorrection: false };

async function checkMicroBatches(engine: Engine): Promise<void> {
  const program = tinyProgramOfLengths(CLIPPED, [5]);
  const session = await engine.train(program);
  await session.load(tinyState());
  const expected = tinyState();
  for (let step = 1; step <= 3; step++) {
    const batch = [tinyBatch(3 * step), tinyBatch(3 * step + 1), tinyBatch(3 * step + 2)];
    const begun = await session.step(batch, { learningRate: LEARNING_RATE, step });
    const results = await begun.read();
    const { loss, norm } = referenceUpdate(expected, program, { step, batch });
    assertClose(results["loss"]!, loss, { what: `loss of step ${step}`, tolerance: 1e-5 });
    assertClose(results["gradientNorm"]!, [norm], { what: "gradientNorm", tolerance: 1e-5 });
  }
  assertState(await session.save(), expected);
  // Of two shapes, and what came before is not added once more.
  const batch = [tinyBatch(20), tinyBatch(21, 5)];
  const begun = await session.step(batch, { learningRate: LEARNING_RATE, step: 4 });
  const alone = await Promise.all(batch.map(async (each) => {
    const other = await engine.train(program);
    await other.load(expected);
    const { loss } = await (await other.step(each, { learningRate: 0, step: 4 })).read();
    await other.dispose();
    return loss![0]!;
  }));
  const { loss } = await begun.read();
  assertClose(loss!, [alone[0]! + alone[1]!], { what: "loss of two shapes", tolerance: 1e-3 });
  await session.dispose();
}

async function checkOneMicroBatch(engine: Engine): Promise<void> {
  const after = async (wrap: (batch: Tensors) => Tensors | readonly Tensors[]) => {
    let results: Tensors, state: TrainingState;
    await withSession(engine, CLIPPED, async (session) => {
      const control = { learningRate: LEARNING_RATE, step: 1 };
      results = await (await session.step(wrap(tinyBatch(1)), control)).read();
      state = await session.save();
    });
    return { results: results!, state: state! };
  };
  assert.deepEqual(await after((batch) => [batch]), await after((batch) => batch));
}

async function checkMicroRefusal(engine: Engine): Promise<void> {
  await withSession(engine, PLAIN, async (session) => {
    const control = { learningRate: LEARNING_RATE, step: 1 };
    const { ids: _, ...lacking } = tinyBatch(2);
    await assert.rejects(session.step([tinyBatch(1), lacking], control), /"ids"/);
    await assert.rejects(session.step([], control), /no batch/);
    assert.deepEqual(await session.save(), tinyState());
    const results = await steps(session, { from: 1, to: 1 });
    assert.ok(Number.isFinite(results["loss"]![0]));
  });
}

async function checkFrozen(engine: Engine): Promise<void> {
  const program = tinyFrozen(CLIPPED, ["table", "query", "gamma"]);
  const trained = program.params.filter((each) => !each.isFrozen);
  const session = await engine.train(program);
  await session.load(tinyState(trained));
  const expected = tinyState(trained);
  for (let step = 1; step <= 3; step++) {
    const batch = step === 2 ? [tinyBatch(2), tinyBatch(5)] : tinyBatch(step);
    const begun = await session.step(batch, { learningRate: LEARNING_RATE, step });
    const { gradientNorm } = await begun.read();
    const { norm } = referenceUpdate(expected, program, { step, batch });
    assertClose(gradientNorm!, [norm], { what: "gradientNorm", tolerance: 1e-5 });
  }
  const saved = await session.save();
  assertState(saved, expected);
  for (const name of ["table", "query", "gamma"]) {
    assert.deepEqual(saved.params[name], tinyState().params[name], name);
  }
  await session.dispose();
}
