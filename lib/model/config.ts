/**
 * The sizes of a BERT: presets, checks, and Hugging Face's config.json.
 *
 * Knows no graph and no weights. The preset names and sizes above `bert-pico`
 * are those of Google's released models, the miniature ones and BERT's own two.
 *
 * @see BERT, arXiv:1810.04805; miniatures, arXiv:1908.08962
 */
import { basename } from "node:path";
import type { JsonObject } from "../base/canonical.ts";
import type { Head } from "../benchmarks/benchmark.ts";
import { ExperimentError, type Fault, fault } from "../base/errors.ts";

/** Everything that shapes a BERT and its parameters. */
export interface BertConfig {
  /** Rows of the word embedding: pieces of the vocabulary. */
  readonly vocabSize: number;
  /** Layers of the encoder. */
  readonly layers: number;
  /** Width of the encoder, a multiple of heads. */
  readonly hiddenSize: number;
  /** Attention heads a layer. */
  readonly heads: number;
  /** Width inside the feed-forward blocks. */
  readonly intermediateSize: number;
  /** The longest row in pieces, [CLS] and [SEP] counted. */
  readonly positions: number;
  /** Rows of the token type embedding. */
  readonly tokenTypes: number;
  /** Added to the variance in layer norms. */
  readonly layerNormEpsilon: number;
  /** Standard deviation of the normal that weights are drawn from, before truncation. */
  readonly initializerRange: number;
  /** Dropout after embeddings, attention outputs and feed-forward outputs. */
  readonly dropout: number;
  /** Dropout on attention probabilities. */
  readonly attentionDropout: number;
}

/** The sizes that a preset names. */
export type BertSizes = Pick<
  BertConfig,
  "layers" | "hiddenSize" | "heads" | "intermediateSize"
>;

/** Sizes by preset name, from the smallest to the larger of BERT's own. */
export const BERT_PRESETS = {
  "bert-pico": { layers: 2, hiddenSize: 64, heads: 2, intermediateSize: 256 },
  "bert-tiny": { layers: 2, hiddenSize: 128, heads: 2, intermediateSize: 512 },
  "bert-mini": { layers: 4, hiddenSize: 256, heads: 4, intermediateSize: 1024 },
  "bert-small": { layers: 4, hiddenSize: 512, heads: 8, intermediateSize: 2048 },
  "bert-medium": { layers: 8, hiddenSize: 512, heads: 8, intermediateSize: 2048 },
  "bert-base": { layers: 12, hiddenSize: 768, heads: 12, intermediateSize: 3072 },
  "bert-large": { layers: 24, hiddenSize: 1024, heads: 16, intermediateSize: 4096 },
} as const satisfies Record<string, BertSizes>;

/** The name of a preset. */
export type BertPreset = keyof typeof BERT_PRESETS;

/** Sizes as a person chooses them: by name, one by one, or both. */
export interface ModelChoice {
  /** Sizes by name; those given beside it replace its own. */
  readonly preset?: BertPreset | undefined;
  /** Layers of the encoder. */
  readonly layers?: number | undefined;
  /** Width of the encoder. */
  readonly hiddenSize?: number | undefined;
  /** Attention heads a layer. */
  readonly heads?: number | undefined;
  /** Width inside the feed-forward blocks; absent: 4 times hiddenSize. */
  readonly intermediateSize?: number | undefined;
}

/** The sizes that a choice gives; undefined when one is missing. */
export function modelSizes(choice: ModelChoice): BertSizes | undefined {
  const named = choice.preset === undefined ? undefined : BERT_PRESETS[choice.preset];
  const layers = choice.layers ?? named?.layers;
  const heads = choice.heads ?? named?.heads;
  const hiddenSize = choice.hiddenSize ?? named?.hiddenSize;
  if (layers === undefined || heads === undefined || hiddenSize === undefined) return undefined;
  return { layers, hiddenSize, heads, intermediateSize: choice.intermediateSize ?? 4 * hiddenSize };
}

/**
 * A configuration from sizes, with BERT's own values for all that is not given.
 *
 * @throws ExperimentError "model/config" with every size that cannot be
 */
export function bertConfig(
  sizes: BertSizes & { readonly vocabSize: number },
  options: Partial<Omit<BertConfig, keyof BertSizes | "vocabSize">> = {},
): BertConfig {
  const config: BertConfig = {
    positions: 512,
    tokenTypes: 2,
    layerNormEpsilon: 1e-12,
    initializerRange: 0.02,
    dropout: 0.1,
    attentionDropout: 0.1,
    ...options,
    ...sizes,
  };
  const faults = configFaults(config);
  if (faults.length > 0) throw ExperimentError.of(faults);
  return config;
}

/** What is wrong with a configuration; empty when it can be built. */
export function configFaults(config: BertConfig): readonly Fault[] {
  const faults: Fault[] = [];
  const wrong = (message: string, mend: string) =>
    void faults.push(fault("model/config", message, { mend }));
  for (
    const name of [
      "vocabSize",
      "layers",
      "hiddenSize",
      "heads",
      "intermediateSize",
      "positions",
      "tokenTypes",
    ] as const
  ) {
    if (!Number.isSafeInteger(config[name]) || config[name] < 1) {
      wrong(`the model's ${name} is ${config[name]}`, "give a whole number, at least 1");
    }
  }
  if (faults.length === 0 && config.hiddenSize % config.heads !== 0) {
    wrong(
      `hiddenSize ${config.hiddenSize} cannot be divided among ${config.heads} heads`,
      "make hiddenSize a multiple of heads",
    );
  }
  for (const name of ["dropout", "attentionDropout"] as const) {
    if (!(config[name] >= 0 && config[name] < 1)) {
      wrong(`the model's ${name} is ${config[name]}`, "give a rate of at least 0 and below 1");
    }
  }
  for (const name of ["initializerRange", "layerNormEpsilon"] as const) {
    if (!(config[name] > 0 && config[name] < 1)) {
      wrong(`the model's ${name} is ${config[name]}`, "give a number above 0 and below 1");
    }
  }
  return faults;
}

/** A classifier on an encoder, and what its outputs are of. */
export interface NamedHead {
  /** What is classified. */
  readonly kind: Head["kind"];
  /** Names by number; of a span none. */
  readonly labels: readonly string[];
}

/** What a model with a head is called in transformers, by the head's kind. */
export const ARCHITECTURES: Readonly<Record<Head["kind"], string>> = {
  tokens: "BertForTokenClassification",
  sequence: "BertForSequenceClassification",
  span: "BertForQuestionAnswering",
};

/**
 * The content of Hugging Face's config.json for a configuration.
 *
 * @param options padId: the id of [PAD] in the model's vocabulary; architecture: what it is
 *   called in transformers, absent: BertForMaskedLM; head: the classifier of a fine-tuned model
 */
export function toHuggingFace(
  config: BertConfig,
  { padId, head, architecture }: {
    readonly padId: number;
    readonly head?: NamedHead | undefined;
    readonly architecture?: string;
  },
): JsonObject {
  const labels = head?.labels ?? [];
  return {
    architectures: [
      architecture ?? (head === undefined ? "BertForMaskedLM" : ARCHITECTURES[head.kind]),
    ],
    attention_probs_dropout_prob: config.attentionDropout,
    hidden_act: "gelu",
    hidden_dropout_prob: config.dropout,
    hidden_size: config.hiddenSize,
    initializer_range: config.initializerRange,
    intermediate_size: config.intermediateSize,
    layer_norm_eps: config.layerNormEpsilon,
    max_position_embeddings: config.positions,
    model_type: "bert",
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    pad_token_id: padId,
    position_embedding_type: "absolute",
    type_vocab_size: config.tokenTypes,
    vocab_size: config.vocabSize,
    ...(labels.length === 0 ? {} : {
      id2label: Object.fromEntries(labels.entries()),
      label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
      ...(head?.kind === "sequence" ? { problem_type: "single_label_classification" } : {}),
    }),
  };
}

/**
 * The classifier that a config.json names, as `toHuggingFace` writes it; undefined where it
 * names none, or names of labels are not whole.
 */
export function headOf(source: unknown): NamedHead | undefined {
  const { architectures, id2label = {} } = source as {
    readonly architectures?: unknown;
    readonly id2label?: Readonly<Record<string, unknown>>;
  };
  const name = Array.isArray(architectures) ? architectures[0] : undefined;
  const kind = (Object.keys(ARCHITECTURES) as Head["kind"][])
    .find((each) => ARCHITECTURES[each] === name);
  if (kind === undefined) return undefined;
  const labels = Object.keys(id2label).map((_, id) => id2label[String(id)]);
  if (!labels.every((label) => typeof label === "string")) return undefined;
  if ((labels.length === 0) !== (kind === "span")) return undefined;
  return { kind, labels };
}

/**
 * Reads Hugging Face's config.json; keys that do not shape a BERT are passed over.
 *
 * @param source its parsed content
 * @param file the file's path, for messages
 * @throws ExperimentError "model/config" for another architecture, or sizes that cannot be
 */
export function fromHuggingFace(source: unknown, file: string): BertConfig {
  const at = { file }, name = basename(file);
  const refuse = (message: string, mend: string) =>
    new ExperimentError("model/config", message, { at, mend });
  if (typeof source !== "object" || source === null || Array.isArray(source)) {
    throw refuse(`${name} holds no mapping`, `give the ${name} of a BERT model`);
  }
  const values = source as Record<string, unknown>;
  const expected = {
    model_type: "bert",
    hidden_act: "gelu",
    position_embedding_type: "absolute",
    is_decoder: false,
  };
  for (const [key, value] of Object.entries(expected)) {
    if (values[key] !== undefined && values[key] !== value) {
      throw refuse(
        `${key} is ${JSON.stringify(values[key])}, not ${JSON.stringify(value)}`,
        "give a BERT model",
      );
    }
  }
  const number = (key: string, fallback?: number): number => {
    const value = values[key] ?? fallback;
    if (typeof value !== "number") {
      throw refuse(`${name} has no number ${key}`, `give the ${name} of a BERT model`);
    }
    return value;
  };
  const config: BertConfig = {
    vocabSize: number("vocab_size"),
    layers: number("num_hidden_layers"),
    hiddenSize: number("hidden_size"),
    heads: number("num_attention_heads"),
    intermediateSize: number("intermediate_size"),
    positions: number("max_position_embeddings", 512),
    tokenTypes: number("type_vocab_size", 2),
    layerNormEpsilon: number("layer_norm_eps", 1e-12),
    initializerRange: number("initializer_range", 0.02),
    dropout: number("hidden_dropout_prob", 0.1),
    attentionDropout: number("attention_probs_dropout_prob", 0.1),
  };
  const faults = configFaults(config);
  if (faults.length > 0) throw ExperimentError.of(faults.map((each) => ({ ...each, at })));
  return config;
}
