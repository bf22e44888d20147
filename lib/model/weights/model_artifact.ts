/**
 * The artifact type "model": a BERT's configuration, weights and vocabulary, in the files
 * that Hugging Face's libraries read.
 *
 * All that is known of a model's folder is known here: which files it has, and what is
 * wrong with one that is not whole.
 */
import { basename, join } from "node:path";
import type { JsonObject } from "../../base/canonical.ts";
import { ExperimentError, fault } from "../../base/errors.ts";
import type { ParamSpec } from "../../engine/engine.ts";
import type { ArtifactType } from "../../graph/task.ts";
import { vocabArtifact } from "../../text/pieces/vocab_artifact.ts";
import { PAD_PIECE, type WordPiece } from "../../text/pieces/wordpiece.ts";
import {
  type BertConfig,
  fromHuggingFace,
  headOf,
  type NamedHead,
  toHuggingFace,
} from "../config.ts";
import { initialParams, type Params } from "../init.ts";
import type { ModelParam } from "../layers.ts";
import { encoderSpecs } from "../params.ts";
import { architectureOf } from "./architecture.ts";
import { checkVocabularySize } from "../vocabulary.ts";
import { readWeights } from "./names.ts";
import { SafetensorsFile, writeSafetensors } from "./safetensors.ts";

/** A model to be written. */
export interface NewModel {
  /** Its sizes. */
  readonly config: BertConfig;
  /** Its parameters, in the order in which they are updated. */
  readonly specs: readonly ParamSpec[];
  /** Their values. */
  readonly params: Params;
  /** By id. */
  readonly pieces: readonly string[];
  /** Whether its text is lower-cased and loses its accents; absent: no. */
  readonly lowercase?: boolean;
  /** The classifier among its parameters, of a fine-tuned model. */
  readonly head?: NamedHead;
}

/** A model's folder. */
export interface ModelArtifact extends ArtifactType<Model> {
  /** Writes a model into an existing folder. */
  write(dir: string, model: NewModel): Promise<void>;
}

/** The artifact type "model". */
export const modelArtifact: ModelArtifact = {
  type: "model",
  async write(dir, model) {
    const padId = model.pieces.indexOf(PAD_PIECE), { head } = model;
    const names = model.specs.map(({ name }) => name);
    const { name: architecture } = architectureOf(model.config, names, { head });
    const config = toHuggingFace(model.config, { padId, head, architecture });
    await writeJson(configFile(dir), config);
    await writeParams(dir, model);
    await vocabArtifact.write(dir, model.pieces, {
      lowercase: model.lowercase ?? false,
      maxLength: model.config.positions,
    });
  },
  async open(dir) {
    const source = await readConfig(configFile(dir));
    const config = fromHuggingFace(source, configFile(dir));
    const vocabulary = await vocabArtifact.open(dir), file = vocabArtifact.file(dir);
    checkVocabularySize(config, { vocabulary, file });
    return new Model(dir, config, vocabulary, headOf(source));
  },
};

/** How a model is to be used. */
export interface ModelUse {
  /** Pieces of the longest row. */
  readonly length: number;
  /** What such a row is called in messages: "rows", "sentences". */
  readonly rows: string;
  /** The parameter to lower where they do not fit. */
  readonly lengthParam: string;
  /** Dropout after embeddings and in every block. */
  readonly dropout: number;
  /** Dropout of attention probabilities; absent: as `dropout`. */
  readonly attentionDropout?: number | undefined;
  /** Whether rows are pairs of segments. */
  readonly isPaired?: boolean;
  /** How many of the lowest layers are frozen; absent: none. */
  readonly frozenLayers?: number | undefined;
}

/** A model in a folder, its weights read when they are asked for. */
export class Model {
  /** For `modelArtifact.open` alone. */
  constructor(
    readonly dir: string,
    /** As config.json has it. */
    readonly config: BertConfig,
    /** What its word embeddings are of. */
    readonly vocabulary: WordPiece,
    /** The classifier that it was fine-tuned with, if it was. */
    readonly head?: NamedHead,
  ) {}

  /** The file of its weights. */
  get weightsFile(): string {
    return weightsFile(this.dir);
  }

  /** The file of the vocabulary, for messages. */
  get vocabularyFile(): string {
    return vocabArtifact.file(this.dir);
  }

  /**
   * The configuration for a use. What does not fit is at fault with who asks, not with the
   * model's file: it has no place, and so is told at the stage that asks.
   *
   * @throws ExperimentError "model/config" when rows are longer than the model takes, or pairs
   *   where it has one token type, or it has fewer layers than are to be frozen
   */
  configFor(use: ModelUse): BertConfig {
    const { dropout, attentionDropout } = use;
    const faults = useFaults(this.config, use).map(({ message, mend }) =>
      fault("model/config", message, { mend })
    );
    if (faults.length > 0) throw ExperimentError.of(faults);
    return { ...this.config, dropout, attentionDropout: attentionDropout ?? dropout };
  }

  /**
   * Those of some parameters that the file has, with their values.
   *
   * @throws ExperimentError "model/weights" when sizes differ
   */
  async present(
    specs: readonly ModelParam[],
  ): Promise<{ readonly specs: readonly ModelParam[]; readonly params: Params }> {
    const { params, missing } = await readWeights(weightsFile(this.dir), specs);
    return { specs: specs.filter((each) => !missing.includes(each)), params };
  }

  /**
   * The values of parameters; those of a head that the file lacks are drawn afresh.
   *
   * @param options seed: of what is drawn; onFresh, onUnused: told what is drawn, and what of
   *   the file is not used
   * @throws ExperimentError "model/weights" when the encoder is not whole, or sizes differ
   */
  async weights(
    specs: readonly ModelParam[],
    options: {
      readonly seed: number;
      readonly onFresh?: (note: string) => void;
      readonly onUnused?: (note: string) => void;
    },
  ): Promise<Params> {
    const file = weightsFile(this.dir);
    const { params, missing, notes } = await readWeights(file, specs);
    notes.forEach((note) => options.onUnused?.(note));
    if (missing.length === 0) return params;
    const names = missing.map((each) => each.name).join(", ");
    const inEncoder = new Set(encoderSpecs(this.config).map((each) => each.name));
    if (missing.some((each) => inEncoder.has(each.name))) {
      throw new ExperimentError("model/weights", `the model lacks ${names}`, {
        at: { file },
        mend: "give a whole model",
      });
    }
    options.onFresh?.(`${file}: drawn afresh, as the file lacks them: ${names}`);
    const { seed } = options, std = this.config.initializerRange;
    return { ...params, ...initialParams(missing, { seed, std }) };
  }
}

/** What of a use does not fit a model. */
function useFaults(
  { positions, tokenTypes, layers }: BertConfig,
  { length, rows, lengthParam, isPaired, frozenLayers }: ModelUse,
): readonly { readonly message: string; readonly mend: string }[] {
  const faults = [];
  if (positions < length) {
    faults.push({
      message: `${rows} of ${length} pieces do not fit a model of ${positions} positions`,
      mend: `lower ${lengthParam} to at most ${positions}`,
    });
  }
  if (isPaired === true && tokenTypes < 2) {
    faults.push({
      message: "the model has one token type, and pairs of segments take two",
      mend: "give a model whose type_vocab_size is 2",
    });
  }
  if (frozenLayers !== undefined && frozenLayers > layers) {
    faults.push({
      message: `${frozenLayers} layers are to be frozen of a model of ${layers}`,
      mend: `lower frozenLayers to at most ${layers}`,
    });
  }
  return faults;
}

/** Writes parameters alone, as a model's folder holds them. */
export async function writeParams(
  dir: string,
  { specs, params }: { readonly specs: readonly ParamSpec[]; readonly params: Params },
): Promise<void> {
  const tensors = specs.map(({ name, shape }) => ({ name, shape, values: params[name]! }));
  // Hugging Face's loader refuses a file that does not say so.
  await writeSafetensors(weightsFile(dir), tensors, { metadata: { format: "pt" } });
}

/**
 * Reads parameters, all of which must be there.
 *
 * @throws ExperimentError "model/weights" for one that is missing or of another shape
 */
export async function readParams(dir: string, specs: readonly ParamSpec[]): Promise<Params> {
  return await readWhole(weightsFile(dir), specs);
}

/**
 * Reads tensors of a safetensors file of our own by their very names, all of which must be there.
 *
 * @throws ExperimentError "model/weights" for one that is missing or of another shape
 */
export async function readWhole(file: string, specs: readonly ParamSpec[]): Promise<Params> {
  using tensors = await SafetensorsFile.open(file);
  const params: Record<string, Float32Array> = {};
  for (const { name, shape } of specs) {
    const found = tensors.entries.get(name);
    if (String(found?.shape) !== String(shape)) {
      const what = found === undefined ? "is missing" : `is [${found.shape}], not [${shape}]`;
      throw new ExperimentError("model/weights", `${name} ${what}`, {
        at: { file },
        mend: "fetch or make the file again",
      });
    }
    params[name] = await tensors.read(name);
  }
  return params;
}

function configFile(dir: string): string {
  return join(dir, "config.json");
}

function weightsFile(dir: string): string {
  return join(dir, "model.safetensors");
}

async function writeJson(file: string, content: JsonObject): Promise<void> {
  await Deno.writeTextFile(file, `${JSON.stringify(content, null, 2)}\n`);
}

/**
 * The content of a config.json.
 *
 * @throws ExperimentError "model/config" when it is missing or damaged
 */
export async function readConfig(file: string): Promise<unknown> {
  try {
    return parseJson(await Deno.readTextFile(file), file);
  } catch (cause) {
    if (cause instanceof ExperimentError) throw cause;
    const isGone = cause instanceof Deno.errors.NotFound;
    const why = isGone ? `no ${basename(file)}` : `${basename(file)} is no file that can be read`;
    throw new ExperimentError("model/config", `cannot read the model: ${why}`, {
      at: { file },
      mend: "give the folder of a model",
      cause,
    });
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ExperimentError("model/config", `${basename(file)} is no JSON`, {
      at: { file },
      mend: "fetch or make the model again",
      cause,
    });
  }
}
