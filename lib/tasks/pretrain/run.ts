/**
 * Pre-training as a task: reads corpus and model, trains, writes the artifact.
 *
 * The state to go on from is the latest of: a checkpoint of this very task, an
 * earlier point of its trajectory, the model given as `init`, fresh weights.
 */
import { Stream } from "../../base/rng.ts";
import { openDevice } from "../../engine/devices.ts";
import type { Executable } from "../../engine/engine.ts";
import type { Graph } from "../../engine/ir/graph.ts";
import type { Facts, Score, TaskContext, TaskOutcome } from "../../graph/task.ts";
import { hasDropout } from "../../model/bert.ts";
import { type BertConfig, bertConfig, modelSizes } from "../../model/config.ts";
import { trainingFlops } from "../../model/flops.ts";
import { maskedLanguageModel } from "../../model/heads/heads.ts";
import { freshState, initialParams } from "../../model/init.ts";
import type { ModelParam } from "../../model/layers.ts";
import { countParameters } from "../../model/params.ts";
import { checkSameVocabulary } from "../../model/vocabulary.ts";
import { type Model, modelArtifact } from "../../model/weights/model_artifact.ts";
import type { Shards } from "../../text/pieces/shards_artifact.ts";
import { CorpusRows, MaskedBatches } from "../../train/batches.ts";
import { heldOutPredictions, HeldOutSet } from "../../train/heldout.ts";
import { pretrain } from "../../train/pretrain.ts";
import { BEGINNING, heldOutMeasurements, type TrainingPoint } from "../../train/steps.ts";
import { Checkpoints } from "../training/checkpoints.ts";
import { checkParams } from "../training/params_check.ts";
import { drain, Phases } from "../training/phases.ts";
import { readStart, type SavedTraining, writeTraining } from "../training/training_state.ts";
import { pretrainFaults, type PretrainInputs, type PretrainParams } from "./params.ts";

type Context = TaskContext<PretrainParams, PretrainInputs>;

/** Does the work of a `pretrain` task. */
export async function runPretrain(context: Context): Promise<TaskOutcome> {
  const { params, inputs } = context;
  checkParams(context, pretrainFaults);
  const phases = new Phases(context.emit);
  phases.begin("loading");
  await using resources = new AsyncDisposableStack();
  const corpus = await inputs.corpus.open();
  const init = await inputs.init?.open();
  const text = await openText(context, { corpus, init, resources });
  const config = configOf(params, { init, corpus });
  const before = inputs.init?.facts;
  const seed = streamSeed(params.seed, before?.pretrainings ?? 0);
  const batches = new MaskedBatches(text.corpus, { ...params, seed });
  const { graph, params: specs } = maskedLanguageModel(config, {
    rows: params.rows,
    length: params.rowPieces,
    predictions: batches.predictions,
    isTraining: true,
  });
  const checkpoints = new Checkpoints(context.scratchDir, specs);
  const { from, startStep } = await beginning(context, { checkpoints, config, specs, init });
  const done = await advance(context, {
    config,
    graph,
    specs,
    text,
    batches,
    seed,
    checkpoints,
    from,
    phases,
    resources,
  });
  phases.begin("saving");
  const { state, point } = done, { pieces, lowercase } = corpus.vocabulary;
  const model = { config, specs, params: state.params, pieces, lowercase };
  await modelArtifact.write(context.outDir, model);
  // At step 0 there is no optimizer's state that would take room.
  const canGoOn = context.keepsState || params.steps === 0;
  if (canGoOn) {
    // Without the measurements, which depend on where this task began.
    const kept = { ...BEGINNING, step: point.step, average: point.average };
    await writeTraining(context.outDir, { point: kept, state, specs });
  }
  const seenTokens = params.steps * batches.tokens;
  const ownSteps = params.steps - startStep;
  const facts: Facts = {
    steps: params.steps,
    // Within its first epoch a training meets no row twice.
    uniqueTokens: Math.min(text.corpus.tokens, seenTokens),
    seenTokens,
    epochs: seenTokens / text.corpus.tokens,
    parameters: countParameters(specs),
    flops: (before?.flops ?? 0) + params.steps * trainingFlops(graph),
    pretrainings: (before?.pretrainings ?? 0) + 1,
    ownSteps,
    ownTokens: ownSteps * batches.tokens,
    ownFlops: ownSteps * trainingFlops(graph),
  };
  phases.end();
  return { facts, scores: scoresAt(point, params.steps), ...(canGoOn ? {} : { canGoOn }) };
}

/**
 * The seed of order, masks and dropout. A training that goes on from another on the
 * same corpus with the same seed must not meet the very batches of the first again.
 */
function streamSeed(seed: number, pretrainingsBefore: number): number {
  if (pretrainingsBefore === 0) return seed;
  return new Stream(seed, "pretrain/further", pretrainingsBefore).uint32();
}

/** The text that a training reads, cut into rows. */
interface TrainingText {
  readonly corpus: CorpusRows;
  readonly heldOut: CorpusRows;
}

async function openText(
  { params, inputs }: Context,
  { corpus, init, resources }: {
    readonly corpus: Shards;
    readonly init: Model | undefined;
    readonly resources: AsyncDisposableStack;
  },
): Promise<TrainingText> {
  const validation = await inputs.validation?.open() ?? corpus;
  const as = placed(corpus);
  for (const other of [validation, init]) {
    if (other !== undefined && other !== corpus) checkSameVocabulary(placed(other), as);
  }
  const train = await corpus.stream("train", { limitTokens: params.tokens });
  resources.use(train);
  const heldOut = resources.use(await validation.stream("validation"));
  const cut = { rowPieces: params.rowPieces, pieces: corpus.vocabulary };
  return {
    corpus: new CorpusRows(train, { ...cut, name: "corpus" }),
    heldOut: new CorpusRows(heldOut, { ...cut, name: "validation split" }),
  };
}

function placed({ vocabulary, vocabularyFile }: Shards | Model) {
  return { vocabulary, file: vocabularyFile };
}

/** What a training goes through from its beginning to its end. */
interface Course {
  readonly config: BertConfig;
  readonly graph: Graph;
  readonly specs: readonly ModelParam[];
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

async function advance(context: Context, course: Course): Promise<SavedTraining> {
  const { params, signal } = context;
  const { config, graph, specs, text, batches, seed, checkpoints, from, phases } = course;
  const { resources } = course;
  const batchRows = Math.min(params.rows, params.evaluation.rows, text.heldOut.count);
  const heldOut = new HeldOutSet(text.heldOut, { rows: params.evaluation.rows, batchRows });
  const evaluation = maskedLanguageModel(config, {
    rows: batchRows,
    length: params.rowPieces,
    predictions: heldOutPredictions(batchRows, params.rowPieces),
    isTraining: false,
  });
  const engine = await openDevice(context.device);
  const measure = (model: Executable) => {
    phases.begin("evaluating held-out text", { total: heldOut.passes, unit: "rows" });
    return heldOut.measure(model, { signal, onRows: (done) => phases.reach(done) });
  };
  if (params.steps === 0) {
    const measured = await engine.compile(evaluation.graph, from.state.params);
    resources.defer(() => measured.dispose());
    const scores = await measure(measured);
    const measurements = heldOutMeasurements(0, { ...scores });
    measurements.forEach(context.emit);
    return { point: { ...BEGINNING, measurements }, state: from.state };
  }
  const { optimizer, schedule, steps, measureEvery } = params;
  const session = await engine.train({ graph, params: specs, loss: "loss", optimizer });
  resources.defer(() => session.dispose());
  await session.load(from.state);
  const measured = await session.forward(evaluation.graph);
  resources.defer(() => measured.dispose());
  const training = pretrain({
    session,
    batches,
    schedule,
    steps,
    from: from.point,
    ...(hasDropout(config) ? { dropoutSeed: seed } : {}),
    measure: () => measure(measured),
    measureEvery,
    save: (point, state) => checkpoints.save(point, state),
    signal,
  });
  const point = await drain(training, context.emit);
  return { point, state: await session.save() };
}

function scoresAt(point: TrainingPoint, step: number): Score[] {
  return point.measurements
    .filter((each) => each.step === step && each.split === "validation")
    .map(({ type: _, step: __, name, ...measured }) => (
      { benchmark: "mlm", metric: name, ...measured }
    ));
}

function configOf(
  params: PretrainParams,
  { init, corpus }: { readonly init: Model | undefined; readonly corpus: Shards },
): BertConfig {
  const { rowPieces: length, dropout, attentionDropout } = params;
  if (init !== undefined) {
    const use = { length, rows: "rows", lengthParam: "rowPieces", dropout, attentionDropout };
    return init.configFor(use);
  }
  const { positions, initializerRange } = params.model!;
  const sizes = { ...modelSizes(params.model!)!, vocabSize: corpus.vocabulary.size };
  return bertConfig(sizes, {
    positions,
    initializerRange,
    dropout,
    attentionDropout: attentionDropout ?? dropout,
  });
}

async function beginning(
  context: Context,
  options: {
    readonly checkpoints: Checkpoints;
    readonly config: BertConfig;
    readonly specs: readonly ModelParam[];
    readonly init: Model | undefined;
  },
): Promise<{ readonly from: SavedTraining; readonly startStep: number }> {
  const { specs, init, config } = options, { start } = context;
  const warn = (message: string) => context.emit({ type: "warning", message });
  const earlier = start && await readStart(start, specs);
  if (start !== undefined && earlier === undefined) {
    // Another run may have made that point, and nobody was to go on from it.
    warn(`step ${start.step} was kept without its optimizer's state: training begins anew`);
  }
  const startStep = earlier?.point.step ?? 0;
  const saved = await options.checkpoints.latest(warn);
  if (saved !== undefined && saved.point.step > startStep) return { from: saved, startStep };
  if (earlier !== undefined) return { from: earlier, startStep };
  const { seed } = context.params;
  const params = init === undefined
    ? initialParams(specs, { seed, std: config.initializerRange })
    : await init.weights(specs, { seed, onFresh: warn, onUnused: warn });
  return { from: { point: BEGINNING, state: freshState(params) }, startStep };
}
