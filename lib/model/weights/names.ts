/**
 * Weights of a BERT by name, from files of ours or Hugging Face's.
 *
 * Files in the wild differ in names: with or without `bert.` or `module.` in front, `gamma`
 * and `beta` for a layer norm, TensorFlow's with slashes, the decoder stored although
 * it is tied, heads that we have not. What fits is taken, and the rest is told.
 */
import { counted } from "../../base/count.ts";
import { ExperimentError } from "../../base/errors.ts";
import type { ParamSpec } from "../../engine/engine.ts";
import type { Params } from "../init.ts";
import { SafetensorsFile } from "./safetensors.ts";
import type { WeightSource } from "./weight_source.ts";

/** Weights that were found, and what became of the rest. */
export interface LoadedWeights<Spec extends ParamSpec = ParamSpec> {
  /** What was found, by our names. */
  readonly params: Params;
  /** Parameters that the file has not, in the order asked for. */
  readonly missing: readonly Spec[];
  /** One sentence each on tensors that were not used. */
  readonly notes: readonly string[];
}

const WORDS = "bert.embeddings.word_embeddings.weight";
const DECODER = "cls.predictions.decoder.weight";
const DECODER_BIAS = "cls.predictions.decoder.bias";
const OUTPUT_BIAS = "cls.predictions.bias";
/** Buffers of older files that hold no weights. */
const BUFFERS = new Set(["bert.embeddings.position_ids", "bert.embeddings.token_type_ids"]);

/**
 * Reads the weights that a model asks for.
 *
 * @param path a safetensors file
 * @param specs the parameters wanted
 * @throws ExperimentError "model/weights" naming every tensor of another shape, or
 *   found twice; "model/safetensors" for a damaged file
 */
export async function readWeights<Spec extends ParamSpec>(
  path: string,
  specs: readonly Spec[],
): Promise<LoadedWeights<Spec>> {
  using file = await SafetensorsFile.open(path);
  return await weightsFrom(file, specs);
}

/**
 * As `readWeights`, from an open source of any form.
 *
 * @throws ExperimentError as `readWeights` does
 */
export async function weightsFrom<Spec extends ParamSpec>(
  file: WeightSource,
  specs: readonly Spec[],
): Promise<LoadedWeights<Spec>> {
  const { path } = file;
  const stored = storedNames(file);
  const faults: string[] = [];
  const params: Record<string, Float32Array> = {};
  const missing: Spec[] = [];
  for (const spec of specs) {
    const name = stored.get(spec.name);
    if (name === undefined) {
      missing.push(spec);
      continue;
    }
    const { shape } = file.entries.get(name)!;
    if (String(shape) !== String(spec.shape)) {
      faults.push(`${name} is [${shape}], not [${spec.shape}]`);
    } else {
      params[spec.name] = await file.read(name);
    }
  }
  if (faults.length > 0) throw unfit(path, faults.join("; "));
  const used = new Set(specs.map((each) => each.name));
  const notes: string[] = [];
  const unused = [...stored].filter(([name]) => !used.has(name) && name !== DECODER)
    .map(([, name]) => name);
  const [training, others] = [unused.filter(isOfTraining), unused.filter((n) => !isOfTraining(n))];
  if (others.length > 0) {
    notes.push(`${path}: not used: ${others.toSorted().join(", ")}`);
  }
  if (training.length > 0) {
    notes.push(
      `${path}: not used: the state of the training that made it, ` +
        `${counted(training.length, "tensor")} such as ${training.toSorted()[0]}`,
    );
  }
  if (await isUntied(file, { stored, params })) {
    notes.push(`${path}: its decoder differs from its word embeddings, which are used instead`);
  }
  return { params, missing, notes };
}

/** Names as we have them, to names as the file has them. */
function storedNames(file: WeightSource): Map<string, string> {
  const stored = new Map<string, string>();
  for (const name of file.entries.keys()) {
    const ours = canonicalName(name);
    if (BUFFERS.has(ours) || (ours === OUTPUT_BIAS && name.endsWith(DECODER_BIAS))) continue;
    const other = stored.get(ours);
    if (other !== undefined) throw unfit(file.path, `${other} and ${name} are the same parameter`);
    stored.set(ours, name);
  }
  if (!stored.has(OUTPUT_BIAS) && file.entries.has(DECODER_BIAS)) {
    stored.set(OUTPUT_BIAS, DECODER_BIAS);
  }
  return stored;
}

/** Parts of names as other files have them, and as we do. */
const ALIASES = {
  whole: new Map([[DECODER_BIAS, OUTPUT_BIAS]]),
  end: new Map([["LayerNorm.gamma", "LayerNorm.weight"], ["LayerNorm.beta", "LayerNorm.bias"]]),
  begin: new Map(["embeddings.", "encoder.", "pooler."].map((part) => [part, `bert.${part}`])),
} as const;

/** What a training keeps beside a model's weights: Adam's moments, and how far it was. */
function isOfTraining(name: string): boolean {
  return /(^|[/.])(global_step|(adam|lamb)_[mv]|Adam(_1)?|beta[12]_power)$/.test(name);
}

/** A name of BERT's own code for TensorFlow, in the words of Hugging Face's for PyTorch. */
function fromTensorFlow(name: string): string {
  return name.replaceAll("/", ".")
    .replace(/\blayer_(\d+)\b/, "layer.$1")
    .replace(/\.kernel$/, ".weight")
    .replace(/\.(\w+_embeddings)$/, ".$1.weight")
    .replace(/^(cls\.\w+)\.output_bias$/, "$1.bias")
    .replace(/^(cls\.\w+)\.output_weights$/, "$1.weight");
}

function canonicalName(name: string): string {
  const isTensorFlow = /^(bert|cls)\//.test(name);
  const plain = isTensorFlow ? fromTensorFlow(name) : name.replace(/^module\./, "");
  let ours = ALIASES.whole.get(plain) ?? plain;
  for (const [end, our] of ALIASES.end) {
    if (ours.endsWith(end)) ours = ours.slice(0, -end.length) + our;
  }
  for (const [begin, our] of ALIASES.begin) {
    if (ours.startsWith(begin)) return our + ours.slice(begin.length);
  }
  return ours;
}

async function isUntied(
  file: WeightSource,
  { stored, params }: { readonly stored: ReadonlyMap<string, string>; readonly params: Params },
): Promise<boolean> {
  const decoder = stored.get(DECODER), words = stored.get(WORDS);
  if (decoder === undefined || words === undefined) return false;
  // Its shape has been compared with nothing yet: what it claims may fit into no memory.
  const shapeOf = (name: string) => String(file.entries.get(name)!.shape);
  if (shapeOf(decoder) !== shapeOf(words)) return true;
  const a = await file.read(decoder), b = params[WORDS] ?? await file.read(words);
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return true;
  return false;
}

function unfit(path: string, message: string): ExperimentError {
  return new ExperimentError("model/weights", `the weights do not fit the model: ${message}`, {
    at: { file: path },
    mend: "give weights of the same sizes as config.json",
  });
}
