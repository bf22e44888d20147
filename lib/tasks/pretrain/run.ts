/**
 * Pre-training as a task: reads corpus and model, trains, writes the artifact.
 */
import { Stream } from "../../base/rng.ts";
import { openDevice } from "../../engine/devices.ts";
import type { Engine, Executable, TrainingProgram, TrainingState } from "../../engine/engine.ts";
import type { Graph } from "../../engine/ir/graph.ts";
import type { Score } from "../../base/measures.ts";
import type { Facts, TaskContext, TaskOutcome } from "../../graph/task.ts";
import { hasDropout } from "../../model/bert.ts";
import type { BertConfig } from "../../model/config.ts";
import { trainingFlops } from "../../model/flops.ts";
import { maskedLanguageModel } from "../../model/heads/heads.ts";
import type { ModelParam } from "../../model/layers.ts";
import { countParameters } from "../../model/params.ts";
import { modelArtifact } from "../../model/weights/model_artifact.ts";
import { MaskedBatches } from "../../train/batches.ts";
import { withFrozen } from "../../train/param_groups.ts";
import { pretrain } from "../../train/pretrain.ts";
import { BEGINNING, heldOutMeasurements, type TrainingPoint } from "../../train/steps.ts";
import { learningRateAt } from "../../train/schedule.ts";
import type { HeldOutScores } from "../../train/heldout.ts";
import { isOfTrainingText } from "../../train/seen_text.ts";
import { Checkpoints } from "../training/checkpoints.ts";
import { fitPass, fitToMemory, isInParts } from "../training/fit_memory.ts";
import { checkParams } from "../training/params_check.ts";
import { drain, Phases } from "../training/phases.ts";
import { forReplicas } from "../training/replicas.ts";
import { type SavedTraining, writeTraining } from "../training/training_state.ts";
import { beginning, configOf, keptHeads } from "./beginning.ts";
import { HeldOut } from "./held_out.ts";
import { pretrainFaults, type PretrainInputs, type PretrainParams } from "./params.ts";
import { openText, type TrainingText } from "./text.ts";

type Context = TaskContext<PretrainParams, PretrainInputs>;

/** Does the work of a `pretrain` task. */
export async function runPretrain(given: Context): Promise<TaskOutcome> {
  checkParams(given, pretrainFaults);
  const { inputs, emit, device } = given;
  const asked = { ...given, params: forReplicas(given.params, device.name) };
  const phases = new Phases(emit);
  phases.begin("loading");
  await using resources = new AsyncDisposableStack();
  const corpus = await inputs.corpus.open();
  const init = await inputs.init?.open();
  const before = inputs.init?.facts;
  const seed = streamSeed(asked.params.seed, before?.pretrainings ?? 0);
  const text = await openText(asked, { corpus, init, seed, resources });
  const config = configOf(asked.params, { init, corpus });
  const engine = await openDevice(device);
  const stepOf = (params: PretrainParams) => preparedStep(params, { text, config, seed });
  // Without a step there is nothing that need fit.
  const params = asked.params.steps === 0 ? asked.params : await fitToMemory(asked.params, {
    engine,
    device: device.name,
    programOf: (each) => stepOf(each).program,
    warn: (message) => emit({ type: "warning", message }),
  });
  const context = { ...asked, params };
  const { batches, program } = stepOf(params);
  const { graph, params: specs } = program;
  const kept = await keptHeads(context, { init, config, specs });
  const checkpoints = new Checkpoints(context.scratchDir, specs);
  const { from, startStep } = await beginning(context, {
    checkpoints,
    config,
    specs,
    init,
    kept: kept.specs,
  });
  const done = await advance(context, {
    config,
    engine,
    program,
    text,
    batches,
    seed,
    checkpoints,
    from,
    phases,
    resources,
  });
  phases.begin("saving");
  const { params: trained, state, point } = done, { pieces, lowercase } = corpus.vocabulary;
  await modelArtifact.write(context.outDir, {
    config,
    specs: [...specs, ...kept.specs],
    params: { ...trained, ...kept.params },
    pieces,
    lowercase,
  });
  const canGoOn = state !== undefined;
  if (canGoOn) {
    // Without the measurements, which depend on where this task began.
    const kept = { ...BEGINNING, step: point.step, average: point.average };
    await writeTraining(context.outDir, { point: kept, state, specs });
  }
  const scores = scoresAt(done.point, params.steps);
  const facts = factsOf(params, {
    scores,
    batches,
    startStep,
    parameters: countParameters(specs),
    stepFlops: trainingFlops(graph, specs) * params.rows / batches.microRows,
    before,
  });
  phases.end();
  return { facts, scores, ...(canGoOn ? {} : { canGoOn }) };
}

/** The batches of a training, and what a step, or a micro-batch of one, computes. */
function preparedStep(
  params: PretrainParams,
  { text, config, seed }: Pick<Course, "text" | "config" | "seed">,
): Pick<Course, "batches" | "program"> {
  const { rows, rowPieces: length, nextSentence, optimizer, frozenLayers } = params;
  const batches = new MaskedBatches(text.corpus, {
    ...params,
    seed,
    dupeFactor: params.masking === "static" ? params.dupeFactor : undefined,
  });
  const { microRows, predictions } = batches;
  const { graph, params: all } = maskedLanguageModel(config, {
    rows: microRows,
    length,
    predictions,
    isTraining: true,
    nextSentence,
    partOf: microRows === rows ? undefined : rows,
  });
  const specs = withFrozen(all, frozenLayers);
  return { batches, program: { graph, params: specs, loss: "loss", optimizer } };
}

function factsOf(
  { steps, schedule }: PretrainParams,
  { scores, batches, startStep, parameters, stepFlops, before }: {
    readonly scores: readonly Score[];
    readonly batches: MaskedBatches;
    readonly startStep: number;
    readonly parameters: number;
    readonly stepFlops: number;
    readonly before: Facts | undefined;
  },
): Facts {
  const seenTokens = batches.tokensOf(steps), corpusTokens = batches.source.tokens;
  const ownSteps = steps - startStep;
  const hasHistory = before === undefined || before.allTokens !== undefined;
  const allTokens = (before?.allTokens ?? 0) + seenTokens;
  const loss = scores.find(({ metric }) => metric === "lossNats" satisfies keyof HeldOutScores);
  // At step 0 it is the model that it starts from that was brought to its end, or not.
  const share = steps === 0
    ? before?.learningRateShare
    : learningRateAt(schedule, { step: steps, steps }) / schedule.learningRate;
  return {
    steps,
    // Within its first epoch a training meets no row twice.
    uniqueTokens: Math.min(corpusTokens, seenTokens),
    seenTokens,
    epochs: seenTokens / corpusTokens,
    // A model from elsewhere does not tell what it was trained on.
    ...(hasHistory
      ? { allTokens, furtherShare: allTokens === 0 ? 1 : seenTokens / allTokens }
      : {}),
    ...(loss === undefined ? {} : { heldOutLossNats: loss.value }),
    ...(share === undefined ? {} : { learningRateShare: share }),
    parameters,
    flops: (before?.flops ?? 0) + steps * stepFlops,
    pretrainings: (before?.pretrainings ?? 0) + 1,
    ownSteps,
    ownTokens: seenTokens - batches.tokensOf(startStep),
    ownFlops: ownSteps * stepFlops,
  };
}

/**
 * The seed of order, masks, pairs and dropout. A training that goes on from another on the
 * same corpus with the same seed must not meet the very batches of the first again.
 */
function streamSeed(seed: number, pretrainingsBefore: number): number {
  if (pretrainingsBefore === 0) return seed;
  return new Stream(seed, "pretrain/further", pretrainingsBefore).uint32();
}

/** What a training goes through from its beginning to its end. */
interface Course {
  readonly config: BertConfig;
  readonly engine: Engine;
  readonly program: TrainingProgram & { readonly params: readonly ModelParam[] };
  readonly text: TrainingText;
  readonly batches: MaskedBatches;
  /** Of order, masks and dropout. */
  readonly seed: number;
  readonly checkpoints: Checkpoints;
  readonly from: SavedTraining;
  readonly phases: Phases;
  /** Where what is opened for it is put, to be closed at the end. */
  readonly resources: AsyncDisposableStack;
}

/** What a training comes to. */
interface Advanced {
  readonly point: TrainingPoint;
  readonly params: TrainingState["params"];
  /** All that a later point goes on from; absent where none does. */
  readonly state?: TrainingState;
}

async function advance(context: Context, course: Course): Promise<Advanced> {
  const { params, signal } = context;
  const { config, engine, program, text, batches, seed, checkpoints, from, phases } = course;
  const { resources } = course;
  const warn = (message: string) => context.emit({ type: "warning", message });
  const beside = params.steps === 0
    ? undefined
    : { program, isInParts: isInParts(params, context.device.name) };
  const fit = (rows: number, graphOf: (rows: number) => Graph) =>
    fitPass(rows, { engine, what: "held-out text", graphOf, beside, warn });
  const heldOut = await HeldOut.prepare(config, { text, params, fit });
  const compile = (each: (graph: Graph) => Promise<Executable>) =>
    heldOut.compile(each, { phases, signal, resources });
  if (params.steps === 0) {
    const measure = await compile((each) => engine.compile(each, from.state.params));
    const measurements = heldOutMeasurements(0, await measure());
    measurements.forEach(context.emit);
    // At step 0 there is no optimizer's state that would take room.
    const { state } = from;
    return { point: { ...BEGINNING, measurements }, params: state.params, state };
  }
  const { schedule, steps, measureEvery } = params;
  const session = await engine.train(program);
  resources.defer(() => session.dispose());
  await session.load(from.state);
  const measure = await compile((each) => session.forward(each));
  const training = pretrain({
    session,
    batches,
    schedule,
    steps,
    from: from.point,
    ...(hasDropout(config) ? { dropoutSeed: seed } : {}),
    measure,
    measureEvery,
    save: (point, state) => checkpoints.save(point, state),
    signal,
  });
  const point = await drain(training, context.emit);
  if (!context.keepsState) return { point, params: await session.saveParams() };
  const state = await session.save();
  return { point, params: state.params, state };
}

function scoresAt(point: TrainingPoint, step: number): Score[] {
  return point.measurements
    .filter((each) =>
      each.step === step && (each.split === "validation" || isOfTrainingText(each.name))
    )
    .map(({ type: _, step: __, name, ...measured }) => (
      { benchmark: "mlm", metric: name, ...measured }
    ));
}
