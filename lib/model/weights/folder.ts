/**
 * A model from elsewhere: a folder as Hugging Face's libraries write it, or as Google
 * released BERT.
 *
 * Which files of it are read, in what order, and what its words are, is known here; its
 * weights are of `source.ts`, its names of `names.ts`.
 */
import { basename, join } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import { isThere } from "../../base/files.ts";
import { listOf } from "../../base/list.ts";
import { readLowercase, TOKENIZER_CONFIG } from "../../text/pieces/tokenizer_config.ts";
import { readTokenizerJson, TOKENIZER_JSON } from "../../text/pieces/tokenizer_json.ts";
import { refuseUncased, WordPiece } from "../../text/pieces/wordpiece.ts";
import { type BertConfig, fromHuggingFace } from "../config.ts";
import type { Params } from "../init.ts";
import type { ParamSpec } from "../../engine/engine.ts";
import {
  encoderSpecs,
  maskedLanguageHeadSpecs,
  nextSentenceHeadSpecs,
  poolerSpecs,
} from "../params.ts";
import { checkVocabularySize } from "../vocabulary.ts";
import { readConfig } from "./model_artifact.ts";
import { weightsFrom } from "./names.ts";
import { namesIn, openWeights, weightFiles, weightNames } from "./source.ts";
import { INDEX_END } from "./tensorflow/file_names.ts";
import type { WeightSource } from "./weight_source.ts";

/** A model that was read, and what is to be told of it. */
export interface ImportedModel {
  /** Its sizes. */
  readonly config: BertConfig;
  /** The parameters that were found. */
  readonly specs: readonly ParamSpec[];
  /** Their values. */
  readonly params: Params;
  /** What its word embeddings are of. */
  readonly vocabulary: WordPiece;
  /** One sentence each on what the folder lacks, and on what of it is not used. */
  readonly notes: readonly string[];
}

const CONFIG = "config.json";
/** What Google's releases call it. */
const BERT_CONFIG = "bert_config.json";
const VOCABULARY = "vocab.txt";

/**
 * Which files of a folder a model is read from, by their names; those are absent that only an
 * index names.
 */
export function modelNames(names: readonly string[]): readonly string[] {
  const isAmong = (name: string) => names.includes(name);
  const weights = weightNames(names), isGoogles = weights.some((name) => name.endsWith(INDEX_END));
  const config = !isAmong(CONFIG) && (isAmong(BERT_CONFIG) || isGoogles) ? BERT_CONFIG : CONFIG;
  const words = !isAmong(VOCABULARY) && isAmong(TOKENIZER_JSON) ? TOKENIZER_JSON : VOCABULARY;
  const others = isAmong(TOKENIZER_CONFIG) ? [TOKENIZER_CONFIG] : [];
  return [config, words, ...others, ...weights];
}

/** The files of a folder that a model is read from; where one is missing, its name all the same. */
export function modelFiles(dir: string): readonly string[] {
  const names = modelNames(namesIn(dir));
  const weights = weightFiles(dir).map((file) => basename(file));
  return [...new Set([...names, ...weights])].map((name) => join(dir, name));
}

/** The sizes of a model before it is read whole; undefined where its files do not tell. */
export function sizesInFolder(dir: string): BertConfig | undefined {
  try {
    const [name] = modelNames(namesIn(dir)), file = join(dir, name!);
    return fromHuggingFace(JSON.parse(Deno.readTextFileSync(file)), file);
  } catch {
    return undefined; // whatever is wrong, the task that reads the model tells it
  }
}

/**
 * Reads a model.
 *
 * @param options lowercase: whether its text is lower-cased, where its files do not say
 * @throws ExperimentError "model/config", "model/weights", "model/safetensors", "model/torch",
 *   "model/tensorflow", "model/vocab" or "text/bad-vocab": what file is wrong, and with what
 */
export async function readModelFolder(
  dir: string,
  options: { readonly lowercase?: boolean | undefined } = {},
): Promise<ImportedModel> {
  const [name] = modelNames(namesIn(dir)), file = join(dir, name!);
  const config = fromHuggingFace(await readConfig(file), file);
  const { vocabulary, vocabularyFile } = await readVocabulary(dir, options.lowercase);
  checkVocabularySize(config, { vocabulary, file: vocabularyFile });
  using source = await openWeights(dir);
  const { notes, ...found } = await readParams(source, config);
  const spare = config.vocabSize - vocabulary.size;
  const told = spare === 0 ? [] : [
    `${vocabularyFile}: ${vocabulary.size} pieces for ${config.vocabSize} word embeddings: ` +
    `the last ${spare} of these are never read`,
  ];
  return { config, vocabulary, ...found, notes: [...notes, ...told] };
}

async function readVocabulary(dir: string, lowercase: boolean | undefined) {
  const said = lowercase ?? await readLowercase(join(dir, TOKENIZER_CONFIG));
  const plain = join(dir, VOCABULARY), whole = join(dir, TOKENIZER_JSON);
  if (isThere(plain) || !isThere(whole)) {
    const vocabulary = await WordPiece.load(plain, { lowercase: said ?? false });
    refuseUncased(vocabulary, plain);
    return { vocabulary, vocabularyFile: plain };
  }
  const { pieces, lowercase: own } = await readTokenizerJson(whole);
  const vocabulary = new WordPiece(pieces, { file: whole, lowercase: said ?? own ?? false });
  refuseUncased(vocabulary, whole);
  return { vocabulary, vocabularyFile: whole };
}

async function readParams(source: WeightSource, config: BertConfig) {
  const encoder = encoderSpecs(config),
    optional = {
      pooler: poolerSpecs(config),
      "masked-language head": maskedLanguageHeadSpecs(config),
      "next-sentence head": nextSentenceHeadSpecs(config),
    };
  const specs = [...encoder, ...Object.values(optional).flat()];
  const { params, missing, notes } = await weightsFrom(source, specs);
  const isMissing = new Set(missing);
  const lacking = encoder.filter((each) => isMissing.has(each));
  if (lacking.length > 0) throw noEncoder(source, lacking);
  checkFinite(source, params);
  const lost = Object.entries(optional).flatMap(([name, parts]) => {
    const names = parts.filter((each) => isMissing.has(each)).map((each) => each.name);
    if (names.length === 0) return [];
    return [{ what: names.length === parts.length ? `no ${name}` : `no whole ${name}`, names }];
  });
  const told = lost.length === 0 ? [] : [
    `${source.path}: ${lost.map(({ what }) => what).join(", ")}: lacks ` +
    `${lost.flatMap(({ names }) => names).join(", ")}, drawn afresh by what trains them`,
  ];
  return {
    specs: specs.filter((each) => !isMissing.has(each)),
    params,
    notes: [...notes, ...told],
  };
}

/** Refuses weights that no model computes anything with, such as of a training that diverged. */
function checkFinite({ path }: WeightSource, params: Params): void {
  const odd = Object.entries(params).flatMap(([name, values]) => {
    const place = firstOdd(values);
    return place < 0 ? [] : [`value ${place} of ${name} is ${values[place]}`];
  });
  if (odd.length === 0) return;
  throw new ExperimentError("model/weights", `not all weights are numbers: ${listOf(odd, 3)}`, {
    at: { file: path },
    mend: "fetch the file again; where it is as it was published, give another model",
  });
}

/** The place of the first value that is no number, -1 where all are: `findIndex` takes 7 times as long. */
function firstOdd(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

function noEncoder(source: WeightSource, lacking: readonly ParamSpec[]): ExperimentError {
  const some = lacking.slice(0, 3).map(({ name, shape }) => `${name} [${shape}]`).join(", ");
  const more = lacking.length > 3 ? ` and ${lacking.length - 3} more` : "";
  const [first] = source.entries.keys();
  const has = first === undefined ? "it has no tensor at all" : `its first tensor is ${first}`;
  return new ExperimentError("model/weights", `the model lacks ${some}${more}; ${has}`, {
    at: { file: source.path },
    mend: "give the whole weights of a BERT, those that its config.json describes",
  });
}
