/**
 * Pre-training as a task: reads corpus and model, trains, writes the artifact.
 *
 * The state to go on from is the latest of: a checkpoint of this very task, an
 * earlier point of its trajectory, the model given as `init`, fresh weights.
 */
import { join } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import { Stream } from "../../base/rng.ts";
import { openDevice } from "../../engine/devices.ts";
import type { ParamSpec } from "../../engine/engine.ts";
import type { Graph } from "../../engine/ir/graph.ts";
import type { Facts, InputArtifact, Score, TaskContext, TaskOutcome } from "../../graph/task.ts";
import { hasDropout } from "../../model/bert.ts";
import { readConfig, writeModel } from "../../model/weights/checkpoint.ts";
import { type BertConfig, bertConfig } from "../../model/config.ts";
import { trainingFlops } from "../../model/flops.ts";
import { maskedLanguageModel } from "../../model/heads/heads.ts";
import { freshState, initialParams, type Params } from "../../model/init.ts";
import { countParameters, encoderSpecs } from "../../model/params.ts";
import { readWeights } from "../../model/weights/names.ts";
import { TokenShard } from "../../text/pieces/shards.ts";
import { WordPiece } from "../../text/pieces/wordpiece.ts";
import { CorpusRows, MaskedBatches } from "../../train/batches.ts";
import { heldOutPredictions, HeldOutSet } from "../../train/heldout.ts";
import { BEGINNING, heldOutMeasurements, pretrain, type TrainingPoint } from "../../train/loop.ts";
import { modelSizes, type PretrainParams } from "./kind.ts";
import { Checkpoints, readTraining, type SavedTraining, writeTraining } from "./checkpoints.ts";

type Context = TaskContext<PretrainParams>;

/** Does the work of a `pretrain` task. */
export async function runPretrain(context: TaskContext<PretrainParams>): Promise<TaskOutcome> {
  const { params, inputs } = context;
  await using resources = new AsyncDisposableStack();
  const text = await openText(context, resources);
  const init = inputs.init?.[0];
  const config = await configOf(context, { init, vocabSize: text.pieces.size });
  const seed = streamSeed(params.seed, init?.facts.pretrainings ?? 0);
  const batches = new MaskedBatches(text.corpus, { ...params, seed });
  const { graph, params: specs } = maskedLanguageModel(config, {
    rows: params.rows,
    length: params.rowPieces,
    predictions: batches.predictions,
    isTraining: true,
  });
  const checkpoints = new Checkpoints(context.scratchDir, specs);
  const from = await beginning(context, { checkpoints, config, specs, init });
  const done = await advance(context, {
    config,
    graph,
    specs,
    text,
    batches,
    seed,
    checkpoints,
    from,
    resources,
  });
  const { vocabFile } = text, { state, point } = done;
  await writeModel(context.outDir, { config, specs, params: state.params, vocabFile });
  // Without the measurements, which depend on where this task began.
  const kept = { ...BEGINNING, step: point.step, average: point.average };
  await writeTraining(context.outDir, { point: kept, state, specs });
  const seenTokens = params.steps * batches.tokens;
  const facts: Facts = {
    steps: params.steps,
    // Within its first epoch a training meets no row twice.
    uniqueTokens: Math.min(text.corpus.tokens, seenTokens),
    seenTokens,
    epochs: seenTokens / text.corpus.tokens,
    parameters: countParameters(specs),
    flops: (init?.facts.flops ?? 0) + params.steps * trainingFlops(graph),
    pretrainings: (init?.facts.pretrainings ?? 0) + 1,
  };
  return { facts, scores: scoresAt(point, params.steps) };
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
  readonly pieces: WordPiece;
  readonly vocabFile: string;
  readonly corpus: CorpusRows;
  readonly heldOut: CorpusRows;
}

async function openText(
  { params, inputs }: Context,
  resources: AsyncDisposableStack,
): Promise<TrainingText> {
  const corpusDir = inputs.corpus![0]!.dir;
  const validationDir = inputs.validation?.[0]?.dir ?? corpusDir;
  const vocabFile = join(corpusDir, "vocab.txt");
  const pieces = await WordPiece.load(vocabFile);
  for (const dir of new Set([validationDir, inputs.init?.[0]?.dir ?? corpusDir])) {
    if (dir !== corpusDir) await checkVocabulary(pieces, join(dir, "vocab.txt"), vocabFile);
  }
  const train = await TokenShard.open(corpusDir, "train", { limitTokens: params.tokens });
  resources.use(train);
  const validation = resources.use(await TokenShard.open(validationDir, "validation"));
  const cut = { rowPieces: params.rowPieces, pieces };
  return {
    pieces,
    vocabFile,
    corpus: new CorpusRows(train, { ...cut, name: "corpus" }),
    heldOut: new CorpusRows(validation, { ...cut, name: "validation split" }),
  };
}

/** What a training goes through from its beginning to its end. */
interface Course {
  readonly config: BertConfig;
  readonly graph: Graph;
  readonly specs: readonly ParamSpec[];
  readonly text: TrainingText;
  readonly batches: MaskedBatches;
  /** Of order, masks and dropout. */
  readonly seed: number;
  readonly checkpoints: Checkpoints;
  readonly from: SavedTraining;
  /** Where what is opened for it is put, to be closed at the end. */
  readonly resources: AsyncDisposableStack;
}

async function advance(context: Context, course: Course): Promise<SavedTraining> {
  const { params, signal } = context;
  const { config, graph, specs, text, batches, seed, checkpoints, from, resources } = course;
  const batchRows = Math.min(params.rows, params.evaluation.rows, text.heldOut.count);
  const heldOut = new HeldOutSet(text.heldOut, { rows: params.evaluation.rows, batchRows });
  const evaluation = maskedLanguageModel(config, {
    rows: batchRows,
    length: params.rowPieces,
    predictions: heldOutPredictions(batchRows, params.rowPieces),
    isTraining: false,
  });
  const engine = await openDevice(context.device);
  if (params.steps === 0) {
    const measured = await engine.compile(evaluation.graph, from.state.params);
    resources.defer(() => measured.dispose());
    const scores = await heldOut.measure(measured, { signal });
    const measurements = heldOutMeasurements(0, scores);
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
    measure: () => heldOut.measure(measured, { signal }),
    measureEvery,
    save: (point, state) => checkpoints.save(point, state),
    signal,
  });
  const point = await drain(training, context.emit);
  return { point, state: await session.save() };
}

/** Emits what a generator yields and returns what it returns. */
async function drain<Event, Result>(
  source: AsyncGenerator<Event, Result>,
  emit: (event: Event) => void,
): Promise<Result> {
  for (;;) {
    const { done, value } = await source.next();
    if (done === true) return value;
    emit(value);
  }
}

function scoresAt(point: TrainingPoint, step: number): Score[] {
  return point.measurements
    .filter((each) => each.step === step && each.split === "validation")
    .map(({ name, split, value }) => ({ benchmark: "mlm", metric: name, split, value }));
}

async function configOf(
  context: Context,
  options: { readonly init: InputArtifact | undefined; readonly vocabSize: number },
): Promise<BertConfig> {
  const { params } = context;
  const dropouts = {
    dropout: params.dropout,
    attentionDropout: params.attentionDropout ?? params.dropout,
  };
  if ((options.init === undefined) === (params.model === undefined)) {
    throw new ExperimentError(
      "tasks/model",
      options.init === undefined
        ? "there is neither a fresh model nor one to start from"
        : "the model's sizes are given, and those of `init`",
      { mend: "give either `model:` or `init:`" },
    );
  }
  const config = options.init === undefined
    ? freshConfig(params, options.vocabSize)
    : await readConfig(options.init.dir);
  if (config.vocabSize < options.vocabSize) {
    throw new ExperimentError(
      "model/vocab",
      `the model has ${config.vocabSize} word embeddings for ${options.vocabSize} pieces`,
      { mend: "tokenise the corpus with the model's own vocabulary" },
    );
  }
  if (config.positions < params.rowPieces) {
    throw new ExperimentError(
      "model/config",
      `rows of ${params.rowPieces} pieces do not fit a model of ${config.positions} positions`,
      { mend: "lower rowPieces" },
    );
  }
  return { ...config, ...dropouts };
}

function freshConfig(params: PretrainParams, vocabSize: number): BertConfig {
  const { positions, initializerRange } = params.model!;
  const sizes = modelSizes(params.model!);
  if (sizes === undefined) {
    throw new ExperimentError("model/config", "the model's sizes are incomplete", {
      mend: "give a preset, or layers, hiddenSize and heads",
    });
  }
  return bertConfig({ ...sizes, vocabSize }, { positions, initializerRange });
}

async function beginning(
  context: Context,
  options: {
    readonly checkpoints: Checkpoints;
    readonly config: BertConfig;
    readonly specs: readonly ParamSpec[];
    readonly init: InputArtifact | undefined;
  },
): Promise<SavedTraining> {
  const { specs } = options;
  const warn = (message: string) => context.emit({ type: "warning", message });
  const saved = await options.checkpoints.latest(warn);
  if (saved !== undefined && saved.point.step > (context.start?.step ?? 0)) return saved;
  if (context.start !== undefined) {
    const { dir, step } = context.start;
    const { point, state } = await readTraining(dir, specs);
    if (point.step !== step) {
      throw new ExperimentError(
        "train/checkpoint",
        `the artifact is of step ${point.step}, not ${step}`,
        { at: { file: dir }, mend: "remove the artifact, so that it is made again" },
      );
    }
    return { point, state };
  }
  const { seed } = context.params, std = options.config.initializerRange;
  const params = options.init === undefined
    ? initialParams(specs, { seed, std })
    : await paramsOf(options.init, { ...options, seed, warn });
  return { point: BEGINNING, state: freshState(params) };
}

async function paramsOf(
  init: InputArtifact,
  options: {
    readonly config: BertConfig;
    readonly specs: readonly ParamSpec[];
    readonly seed: number;
    readonly warn: (message: string) => void;
  },
): Promise<Params> {
  const { config, specs, seed, warn } = options;
  const file = join(init.dir, "model.safetensors");
  const { params, missing, notes } = await readWeights(file, specs);
  notes.forEach(warn);
  if (missing.length === 0) return params;
  const names = missing.map((each) => each.name).join(", ");
  const inEncoder = new Set(encoderSpecs(config).map((each) => each.name));
  if (missing.some((each) => inEncoder.has(each.name))) {
    throw new ExperimentError("model/weights", `the model lacks ${names}`, {
      at: { file },
      mend: "give a whole model",
    });
  }
  warn(`${file}: drawn afresh, as the file lacks them: ${names}`);
  return { ...params, ...initialParams(missing, { seed, std: config.initializerRange }) };
}

async function checkVocabulary(pieces: WordPiece, file: string, other: string): Promise<void> {
  const found = (await WordPiece.load(file)).pieces;
  const isEqual = found.length === pieces.size &&
    found.every((piece, id) => piece === pieces.pieces[id]);
  if (isEqual) return;
  throw new ExperimentError("model/vocab", `its pieces differ from those of ${other}`, {
    at: { file },
    mend: "tokenise every corpus with the vocabulary of the model to start from",
  });
}
