/**
 * Fine-tuning as a task, for every benchmark: reads model and data, trains with
 * checkpoints, predicts, scores, and leaves scores and predictions.
 */
import type { z } from "zod";
import type { JsonObject } from "../../base/canonical.ts";
import { ExperimentError } from "../../base/errors.ts";
import type { Benchmark, Example, Prepared } from "../../benchmarks/benchmark.ts";
import { openDevice } from "../../engine/devices.ts";
import type { TrainingSession } from "../../engine/engine.ts";
import type { Facts, TaskContext, TaskOutcome } from "../../graph/task.ts";
import { hasDropout } from "../../model/bert.ts";
import type { BertConfig } from "../../model/config.ts";
import { trainingFlops } from "../../model/flops.ts";
import { classifier } from "../../model/heads/heads.ts";
import { freshState } from "../../model/init.ts";
import { type ModelParam, paramsOf } from "../../model/layers.ts";
import { classifierLayer } from "../../model/params.ts";
import type { Model } from "../../model/weights/model_artifact.ts";
import { finetune, trainedBatches } from "../../train/finetune.ts";
import { withFrozen, withLayerRates } from "../../train/param_groups.ts";
import { paddedLengths, type Padding, type RowShape, shapeName } from "../../train/row_batch.ts";
import { BEGINNING, meanLoss, type StepsOptions, type TrainingPoint } from "../../train/steps.ts";
import { Checkpoints } from "../training/checkpoints.ts";
import { drain, Phases } from "../training/phases.ts";
import { fitToMemory, isInParts } from "../training/fit_memory.ts";
import { checkParams } from "../training/params_check.ts";
import { fineTunedArtifact, type NewFineTuned } from "./fine_tuned.ts";
import { bestOf, BestWeights, isBetter, isOver, STOPPING_SPLIT } from "./early_stopping.ts";
import { startingParams } from "./head.ts";
import {
  fittingPadding,
  hasSegments,
  refuseEmpty,
  scoredPadding,
  scoreParts,
  type Scoring,
  tellScores,
  writtenScores,
} from "./scoring.ts";
import type { SavedTraining } from "../training/training_state.ts";
import { withoutReplicas } from "../training/replicas.ts";
import {
  finetuneFaults,
  type FinetuneInputs,
  type FinetuneParams,
  finetuneSteps,
} from "./params.ts";

type Context<Data> = TaskContext<FinetuneParams, FinetuneInputs<Data>>;

/** All that a fine-tuning is made from. */
interface Material<Row extends Example, Answer> {
  readonly model: Model;
  readonly config: BertConfig;
  readonly prepared: Prepared<Row, Answer>;
  readonly steps: number;
  readonly hasSegments: boolean;
}

/** Does the work of a fine-tuning on a benchmark. */
export async function runFinetune<
  Data,
  Own extends z.ZodRawShape,
  Row extends Example,
  Answer,
>(
  context: Context<Data>,
  benchmark: Benchmark<Data, Own, Row, Answer>,
): Promise<TaskOutcome> {
  const { params: asked, emit } = context;
  checkParams(context, finetuneFaults);
  const phases = new Phases(context.emit);
  phases.begin("loading");
  const material = await readMaterial(context, benchmark);
  const { config, prepared } = material, { head, examples } = prepared;
  await using resources = new AsyncDisposableStack();
  const device = withoutReplicas(context.device), engine = await openDevice(device);
  const warn = (message: string) => emit({ type: "warning", message });
  const params = await fitToMemory(asked, {
    engine,
    device: device.name,
    programOf: (each) => preparedStep(each, material).program,
    warn,
  });
  const { padding, parts, trainings, program } = preparedStep(params, material);
  const { microBatch = params.rows, seed } = params, { params: specs } = program;
  const session = await engine.train(program);
  resources.defer(() => session.dispose());
  const checkpoints = new Checkpoints(context.scratchDir, specs);
  const from = await beginning(context, { checkpoints, material, specs });
  await session.load(from.state);
  const graphOf = (shape: RowShape) =>
    classifier(config, { ...shape, head, isTraining: false }).graph;
  const held = scoredPadding(prepared, { ...params, rows: microBatch, padId: padding.padId });
  const isScored = params.evaluate.length > 0 || params.earlyStopping !== undefined;
  const heldPadding = !isScored ? held : await fittingPadding(held, {
    engine,
    graphOf,
    beside: { program, isInParts: isInParts(params, device.name) },
    warn,
  });
  const scoring = {
    compile: (length: number) => session.forward(graphOf({ ...heldPadding, length })),
    padding: heldPadding,
    prepared,
    phases,
    signal: context.signal,
  };
  const stopping = stoppingOf(context, { benchmark, session, specs, from: from.point, scoring });
  const done = await train(context, {
    session,
    padding,
    material,
    checkpoints,
    from: from.point,
    heldOut: stopping?.heldOut,
  });
  const kept = await stopping?.takeBest(done) ?? done.step;
  const scored = await scoreParts({ ...scoring, parts: params.evaluate })
    .catch(async (error: unknown) => {
      // What was trained is not lost to an interrupt of what comes after.
      if (context.signal.aborted) await checkpoints.save(done, await session.save());
      throw error;
    });
  phases.begin("saving");
  const lossNats = meanLoss(done);
  const { keepsModel } = context, { benchmark: name } = params;
  emit({ type: "measurement", step: done.step, name: "lossNats", split: "train", value: lossNats });
  const scores = tellScores(scored, { benchmark: name, step: kept, emit });
  await fineTunedArtifact.write(context.outDir, {
    ...(keepsModel
      ? { model: await modelOf(context, { kind: benchmark.kind, material, specs, session }) }
      : {}),
    ...writtenScores(scored, {
      benchmark: name,
      steps: done.step,
      ...stopping === undefined ? {} : { bestStep: kept },
      lossNats,
    }),
  });
  const before = context.inputs.model.facts,
    ran = trainedBatches(examples.train, {
      padding,
      parts,
      steps: material.steps,
      until: done.step,
      seed,
    }),
    ownFlops = ran.shapes.reduce((sum, { shape, batches }) => {
      const { graph } = trainings.get(shapeName(shape))!;
      return sum + batches * trainingFlops(graph, specs);
    }, 0);
  const facts: Facts = {
    ...before,
    flops: (before.flops ?? 0) + ownFlops,
    ownSteps: done.step,
    ownTokens: ran.tokens,
    ownFlops,
  };
  phases.end();
  return { facts, scores, hasModel: keepsModel };
}

/** How a training's rows become batches, and what a step of each shape computes. */
function preparedStep<Row extends Example, Answer>(
  params: FinetuneParams,
  material: Material<Row, Answer>,
) {
  const { config, prepared: { head, examples }, steps } = material;
  const { rows, microBatch = rows, seed } = params;
  const padding = paddingOf(material, { ...params, rows: microBatch, examples: examples.train });
  const parts = rows / microBatch, partOf = parts === 1 ? undefined : rows;
  const { shapes } = trainedBatches(examples.train, { padding, parts, steps, seed });
  const trainings = new Map(
    shapes.map(({ shape }) => shape).toSorted(byLength).map((shape) => [
      shapeName(shape),
      classifier(config, { ...shape, head, isTraining: true, partOf }),
    ]),
  );
  const [own, ...others] = [...trainings.values()];
  const rated = withLayerRates(own!.params, {
    layers: config.layers,
    decay: params.layerwiseDecay,
    headScale: params.headLearningRateScale,
    isHead: isOfClassifier(material),
  });
  const program = {
    graph: own!.graph,
    otherShapes: others.map(({ graph }) => graph),
    params: withFrozen(rated, params.frozenLayers),
    loss: "loss",
    optimizer: params.optimizer,
  };
  return { padding, parts, trainings, program };
}

/** Longer rows first. */
function byLength(a: RowShape, b: RowShape): number {
  return b.length - a.length || (b.pieces ?? 0) - (a.pieces ?? 0);
}

/** The fine-tuned model as it is written, with its classifier and how it was made. */
async function modelOf<Data, Row extends Example, Answer>(
  { params }: Context<Data>,
  { kind, material, specs, session }: {
    readonly kind: string;
    readonly material: Material<Row, Answer>;
    readonly specs: readonly ModelParam[];
    readonly session: TrainingSession;
  },
): Promise<NonNullable<NewFineTuned["model"]>> {
  const { model: { config, vocabulary }, prepared: { head, labels } } = material;
  const { pieces, lowercase } = vocabulary;
  const weights = { config, specs, params: await session.saveParams(), pieces, lowercase };
  return {
    weights: { ...weights, head: { kind: head.kind, labels } },
    recipe: { kind, params: params as unknown as JsonObject },
  };
}

async function readMaterial<
  Data,
  Own extends z.ZodRawShape,
  Row extends Example,
  Answer,
>(
  { params, inputs, emit }: Context<Data>,
  benchmark: Benchmark<Data, Own, Row, Answer>,
): Promise<Material<Row, Answer>> {
  const model = await inputs.model.open();
  const { length, dropout, attentionDropout, frozenLayers } = params;
  const { rows } = benchmark;
  const config = model.configFor({
    length,
    rows,
    lengthParam: "length",
    dropout,
    attentionDropout,
    frozenLayers,
  });
  const data = benchmark.trainOn(await inputs.data.open(), params.train);
  const prepared = benchmark.prepare(data, {
    encoder: model.vocabulary,
    length,
    params: params as unknown as z.output<z.ZodObject<Own>>,
    warn: (message) => emit({ type: "warning", message }),
  });
  const { examples } = prepared;
  if (examples.train.length === 0) {
    throw new ExperimentError("tasks/no-examples", `there are no ${rows} to train on`, {
      mend:
        "give the data's train part such as can be learned; its warnings say what became of them",
    });
  }
  const stopsOn = params.earlyStopping === undefined ? [] : [STOPPING_SPLIT] as const;
  refuseEmpty(prepared, { parts: [...params.evaluate, ...stopsOn], rows });
  const steps = finetuneSteps(params, examples.train.length);
  return { model, config, prepared, steps, hasSegments: hasSegments(examples) };
}

function paddingOf<Row extends Example, Answer>(
  { model, hasSegments }: Material<Row, Answer>,
  { rows, length, unpadded, examples }: Pick<FinetuneParams, "rows" | "length" | "unpadded"> & {
    readonly examples: readonly Row[];
  },
): Padding {
  const { padId } = model.vocabulary, lengths = paddedLengths(examples, length);
  return { rows, lengths, padId, hasSegments, isUnpadded: unpadded };
}

/** A checkpoint of this very task, else the model with a fresh head. */
async function beginning<Data, Row extends Example, Answer>(
  { params, emit }: Context<Data>,
  { checkpoints, material, specs }: {
    readonly checkpoints: Checkpoints;
    readonly material: Material<Row, Answer>;
    readonly specs: readonly ModelParam[];
  },
): Promise<SavedTraining> {
  const warn = (message: string) => emit({ type: "warning", message });
  const saved = await checkpoints.latest(warn);
  if (saved !== undefined) return saved;
  const { model, prepared: { head, labels } } = material, isOwn = isOfClassifier(material);
  const wanted = { kind: head.kind, labels };
  const values = await startingParams(model, { wanted, specs, isOwn, params, warn });
  return { point: BEGINNING, state: freshState(values, specs) };
}

/** Tells the benchmark's own last layer; the pooler below it is the model's where it has one. */
function isOfClassifier<Row extends Example, Answer>(
  { config, prepared }: Material<Row, Answer>,
): (spec: ModelParam) => boolean {
  const own = paramsOf([classifierLayer(config, prepared.head)]).map(({ name }) => name);
  return ({ name }) => own.includes(name);
}

async function train<Data, Row extends Example, Answer>(
  context: Context<Data>,
  { session, padding, material, checkpoints, from, heldOut }: {
    readonly session: TrainingSession;
    readonly padding: Padding;
    readonly material: Material<Row, Answer>;
    readonly checkpoints: Checkpoints;
    readonly from: TrainingPoint;
    readonly heldOut: StepsOptions["heldOut"];
  },
): Promise<TrainingPoint> {
  const { params, signal } = context, { config, prepared, steps } = material;
  const { learningRate, warmupFraction, seed } = params;
  const training = finetune({
    session,
    padding,
    parts: params.rows / padding.rows,
    from,
    steps,
    learningRate,
    warmupFraction,
    seed,
    head: prepared.head,
    examples: prepared.examples.train,
    hasDropout: hasDropout(config),
    ...heldOut === undefined ? {} : { heldOut },
    save: (point, state) => checkpoints.save(point, state),
    signal,
  });
  return await drain(training, context.emit);
}

/** How a training that is stopped early is measured, and what it leaves; undefined where none is. */
function stoppingOf<Row extends Example, Answer>(
  { params, scratchDir }: Pick<TaskContext<FinetuneParams>, "params" | "scratchDir">,
  { benchmark, session, specs, from, scoring }: {
    readonly benchmark: Pick<Benchmark<never, never, Row, Answer>, "metrics">;
    readonly session: TrainingSession;
    readonly specs: readonly ModelParam[];
    readonly from: TrainingPoint;
    readonly scoring: Omit<Scoring<Row, Answer>, "parts">;
  },
) {
  const { earlyStopping, rows } = params;
  if (earlyStopping === undefined) return undefined;
  const { metric, every } = earlyStopping;
  const rule = { ...earlyStopping, better: benchmark.metrics[metric]!.better! };
  const weights = new BestWeights(scratchDir, specs);
  let best = bestOf(from.measurements, rule);
  const measure = async (step: number) => {
    const scored = await scoreParts({ ...scoring, parts: [STOPPING_SPLIT] });
    const { scores } = scored[STOPPING_SPLIT]!;
    const measured = { step, value: scores[metric]!.value };
    if (best === undefined || isBetter(measured, best, rule)) {
      await weights.keep(step, await session.saveParams());
      best = measured;
    }
    return scores;
  };
  const epoch = Math.ceil(scoring.prepared.examples.train.length / rows);
  const heldOut: StepsOptions["heldOut"] = {
    measure,
    every: every ?? Math.max(1, epoch),
    part: STOPPING_SPLIT,
    isOver: (measurements) => isOver(measurements, rule),
  };
  return {
    heldOut,
    /** Loads the best weights in the place of the last, and tells their step. */
    async takeBest(done: TrainingPoint): Promise<number> {
      const { step } = bestOf(done.measurements, rule)!;
      if (step < done.step) await session.load(freshState(await weights.read(step), specs));
      return step;
    },
  };
}
