/** What every fine-tuning takes, whatever the benchmark: parameters and inputs, and what they cost. */
import { z } from "zod";
import type { One } from "../../graph/kind.ts";
import type { Metric } from "../../base/measures.ts";
import type { Estimate, InputRole, ParamFault, UpstreamInputs } from "../../graph/task.ts";
import { type Benchmark, type Example, SCORED_PARTS } from "../../benchmarks/benchmark.ts";
import { encoderFlops } from "../../model/flops.ts";
import type { Model } from "../../model/weights/model_artifact.ts";
import {
  frozenLayersSchema,
  microBatchFaults,
  microBatchSchema,
  optimizerSchema,
  seedSchema,
} from "../training_params.ts";
import { upstreamConfig } from "../upstream.ts";

/**
 * The schema of a benchmark's fine-tuning: those parameters and the benchmark's own.
 *
 * @param options kind: names `benchmark` unless it is given; rows: what a row is called
 */
export function finetuneSchema<Own extends z.ZodRawShape>(
  own: Own,
  { kind, rows, metrics }: Pick<Benchmark<unknown, Own, Example, unknown>, "kind" | "rows"> & {
    readonly metrics: Readonly<Record<string, Metric>>;
  },
): z.ZodType<FinetuneParams> {
  const ranked = Object.keys(metrics).filter((name) => metrics[name]!.better !== undefined);
  const schema = z.strictObject({ ...commonShape(kind, rows, ranked), ...own });
  return schema as unknown as z.ZodType<FinetuneParams>;
}

function commonShape(kind: string, rows: string, ranked: readonly string[]) {
  return {
    benchmark: z.string().min(1).default(kind).describe(
      "What the results view calls the data set.",
    ),
    epochs: z.number().positive().optional().describe(
      `Passes over the training ${rows}; not together with \`steps\`; absent, as \`steps\`: ` +
        `${DEFAULT_EPOCHS}.`,
    ),
    steps: z.int().min(1).optional().describe("Optimizer updates, in place of epochs."),
    rows: z.int().min(1).default(16).describe("Rows a batch."),
    unpadded: z.boolean().default(false).describe(
      "Whether a step computes pieces alone and no padding, but in attention: the same batches " +
        "and, but for rounding and which places dropout draws, the same updates. Faster where " +
        "rows differ in length and the model is no toy; more shapes are compiled. Where begin and " +
        "end of an answer are learned, a row's own pieces compete, and not its padding too.",
    ),
    length: z.int().min(8).default(128).describe(
      "The most pieces of a row, [CLS] and [SEP] counted; what lies beyond is cut and told.",
    ),
    learningRate: z.number().positive().default(3e-5).describe(
      "The full learning rate of the model.",
    ),
    headLearningRateScale: z.number().positive().default(1).describe(
      "Factor on the learning rate of the fresh classifier.",
    ),
    layerwiseDecay: z.number().gt(0).max(1).default(1).describe(
      "The learning rate of each layer of the encoder, embeddings last, is that of the layer " +
        "above it times this; the topmost has the full one. 1: all have.",
    ),
    warmupFraction: z.number().min(0).lt(1).default(0.1).describe(
      "Share of the steps over which the learning rate rises; then it falls to 0.",
    ),
    optimizer: optimizerSchema({ biasCorrection: true }).prefault({}).describe("AdamW."),
    dropout: z.number().min(0).lt(1).default(0.1).describe(
      "Dropout in the model and before the classifier.",
    ),
    attentionDropout: z.number().min(0).lt(1).optional().describe(
      "Dropout of attention probabilities; absent: as `dropout`.",
    ),
    train: z.array(z.enum(["train", "dev"])).min(1).default(["train"]).describe(
      "What is trained on: [train, dev] once settings are chosen.",
    ),
    evaluate: z.array(z.enum(SCORED_PARTS)).default([...SCORED_PARTS]).describe(
      "What the model is scored on when it is trained. A candidate among others is scored on dev " +
        "alone, and the one that is chosen on test by a stage of its own.",
    ),
    earlyStopping: z.strictObject({
      metric: z.enum(ranked).describe("What is measured on dev."),
      patience: z.int().min(1).default(3).describe(
        "So many measurements without a better one end the training.",
      ),
      every: z.int().min(1).optional().describe(
        "Optimizer updates between two measurements; absent: an epoch.",
      ),
    }).optional().describe(
      "Ends the training when dev gets no better, and leaves the weights that were best there; " +
        "absent: it goes to its end.",
    ),
    head: z.enum(["auto", "keep", "fresh"]).default("auto").describe(
      "Of a model that was fine-tuned before: its classifier is gone on from where that has the " +
        "same labels (auto; told where it has not), must be (keep), or is drawn afresh (fresh).",
    ),
    microBatch: microBatchSchema,
    frozenLayers: frozenLayersSchema,
    seed: seedSchema,
  };
}

/** The parameters of any fine-tuning. */
export type FinetuneParams = z.output<z.ZodObject<ReturnType<typeof commonShape>>>;

/** What a fine-tuning reads. */
export interface FinetuneInputs<Data> {
  /** The model to fine-tune. */
  readonly model: One<Model>;
  /** The benchmark's data. */
  readonly data: One<Data>;
  /** What is chosen, to be fine-tuned with: it is in the params when the task runs. */
  readonly choice: InputRole;
  /** No other role. */
  readonly [role: string]: InputRole;
}

/** Passes over the training rows when a spec says neither `epochs` nor `steps`. */
const DEFAULT_EPOCHS = 10;

/** Optimizer updates over so many training rows. */
export function finetuneSteps(
  { steps, epochs, rows }: Pick<FinetuneParams, "steps" | "epochs" | "rows">,
  examples: number,
): number {
  return steps ?? Math.ceil((epochs ?? DEFAULT_EPOCHS) * examples / rows);
}

/** What does not go together. */
export function finetuneFaults(
  params: Pick<
    FinetuneParams,
    "epochs" | "steps" | "rows" | "microBatch" | "train" | "evaluate" | "earlyStopping"
  >,
): readonly ParamFault[] {
  const faults = [...microBatchFaults(params)];
  if (params.epochs !== undefined && params.steps !== undefined) {
    faults.push({
      path: "steps",
      message: "both steps and epochs say how long to train",
      mend: "remove one of them",
    });
  }
  if (params.train.includes("dev") && params.earlyStopping !== undefined) {
    faults.push({
      path: "earlyStopping",
      message: "dev is trained on, so that it cannot say when to stop",
      mend: "train on [train] alone, or give steps or epochs",
    });
  }
  if (params.train.includes("dev") && params.evaluate.includes("dev")) {
    faults.push({
      path: "evaluate",
      message: "dev is trained on, so that a score on it says nothing",
      mend: "write evaluate: [test], or [] where a stage of its own scores the model",
    });
  }
  return faults;
}

/**
 * What a fine-tuning costs at most: rows are thought of as long as they may be. Without
 * `steps` it is known only where the training rows are.
 */
export function finetuneEstimate(
  params: FinetuneParams,
  { inputs, examples }: {
    readonly inputs: UpstreamInputs;
    readonly examples: number | undefined;
  },
): Estimate {
  const { rows, length, frozenLayers } = params;
  if (params.steps === undefined && examples === undefined) return {};
  const steps = finetuneSteps(params, examples ?? 0);
  const cost = { steps, tokens: steps * rows * length };
  const config = upstreamConfig(inputs["model"]?.[0]);
  if (config === undefined) return cost;
  return { ...cost, flops: steps * encoderFlops(config, { rows, length, frozenLayers }) };
}
