/**
 * With what a pre-training begins: the model's sizes, its values, and how far it is.
 *
 * The state to go on from is the latest of: a checkpoint of this very task, an earlier point of
 * its trajectory, the model given as `init`, fresh weights.
 */
import type { TaskContext } from "../../graph/task.ts";
import { type BertConfig, bertConfig, modelSizes } from "../../model/config.ts";
import { freshState, initialParams, type Params } from "../../model/init.ts";
import type { ModelParam } from "../../model/layers.ts";
import { encoderSpecs, nextSentenceHeadSpecs, poolerSpecs } from "../../model/params.ts";
import type { Model } from "../../model/weights/model_artifact.ts";
import type { Shards } from "../../text/pieces/shards_artifact.ts";
import { BEGINNING } from "../../train/steps.ts";
import type { Checkpoints } from "../training/checkpoints.ts";
import { carriedMoments, readStart, type SavedTraining } from "../training/training_state.ts";
import type { PretrainInputs, PretrainParams } from "./params.ts";

/**
 * The sizes of the model that is trained.
 *
 * @throws ExperimentError "model/config" when rows, pairs or frozen layers do not fit `init`
 */
export function configOf(
  params: PretrainParams,
  { init, corpus }: { readonly init: Model | undefined; readonly corpus: Shards },
): BertConfig {
  const { rowPieces: length, dropout, attentionDropout, nextSentence, frozenLayers } = params;
  if (init !== undefined) {
    const use = { length, rows: "rows", lengthParam: "rowPieces", dropout, attentionDropout };
    return init.configFor({ ...use, isPaired: nextSentence, frozenLayers });
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

/** Where a training begins, and from what. */
export interface Beginning {
  /** Values, moments and how far it is. */
  readonly from: SavedTraining;
  /** The step of the trajectory's point that it starts from; 0 where it starts anew. */
  readonly startStep: number;
}

/**
 * Finds the state to go on from.
 *
 * @throws ExperimentError those of the model and of the trajectory's point; "tasks/checkpoint" when
 *   moments are to be carried on that `init` was kept without
 */
export async function beginning(
  context: TaskContext<PretrainParams, PretrainInputs>,
  options: {
    readonly checkpoints: Checkpoints;
    readonly config: BertConfig;
    readonly specs: readonly ModelParam[];
    readonly init: Model | undefined;
    readonly kept: readonly ModelParam[];
  },
): Promise<Beginning> {
  const { specs, init, config, kept } = options,
    { start, params: { seed, head, carryMoments } } = context;
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
  const fresh = (some: readonly ModelParam[]) =>
    initialParams(some, { seed, std: config.initializerRange });
  const inEncoder = new Set(encoderSpecs(config).map(({ name }) => name));
  const isFresh = ({ name }: ModelParam) =>
    init === undefined || (head === "fresh" && !inEncoder.has(name));
  const given = await init?.weights([...specs.filter((each) => !isFresh(each)), ...kept], {
    seed,
    onFresh: warn,
    onUnused: warn,
  });
  const all = { ...given, ...fresh(specs.filter(isFresh)) };
  const values = Object.fromEntries(specs.map(({ name }) => [name, all[name]!]));
  const state = freshState(values, specs);
  if (!carryMoments) return { from: { point: BEGINNING, state }, startStep };
  const moments = await carriedMoments(init!.dir, { specs, zeros: state, onFresh: warn });
  return { from: { point: BEGINNING, state: { ...state, ...moments } }, startStep };
}

/** Parameters that a training leaves as they are, and their values. */
export interface KeptHeads {
  /** Which they are. */
  readonly specs: readonly ModelParam[];
  /** Their values. */
  readonly params: Params;
}

/**
 * What of `init` stands above its encoder and is not trained: pooler and next-sentence head. They
 * are kept as they are, which is told, so that what goes on from the model later finds them.
 */
export async function keptHeads(
  { params: { head }, emit }: Pick<
    TaskContext<PretrainParams, PretrainInputs>,
    "params" | "emit"
  >,
  { init, config, specs }: {
    readonly init: Model | undefined;
    readonly config: BertConfig;
    readonly specs: readonly ModelParam[];
  },
): Promise<KeptHeads> {
  if (init === undefined || head === "fresh") return { specs: [], params: {} };
  const trained = new Set(specs.map(({ name }) => name));
  const others = [...poolerSpecs(config), ...nextSentenceHeadSpecs(config)];
  const kept = await init.present(others.filter(({ name }) => !trained.has(name)));
  if (kept.specs.length > 0) {
    const names = kept.specs.map(({ name }) => name).join(", ");
    emit({ type: "warning", message: `kept as they are, as nothing here trains them: ${names}` });
  }
  return kept;
}
