/**
 * The folder of a model: config.json, model.safetensors, vocab.txt, and the
 * optimizer's moments beside them for training that goes on.
 *
 * The first three are what Hugging Face's libraries read.
 */
import { join } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import type { ParamSpec, TrainingState } from "../../engine/engine.ts";
import { type BertConfig, fromHuggingFace, toHuggingFace } from "../config.ts";
import { freshState, type Params } from "../init.ts";
import { type NamedTensor, writeSafetensors } from "./safetensors.ts";
import { readWeights } from "./names.ts";

const FIRST = "first/", SECOND = "second/";

/**
 * Reads the configuration of a model's folder.
 *
 * @throws ExperimentError "model/config" when there is none, or it is no BERT's
 */
export async function readConfig(dir: string): Promise<BertConfig> {
  const file = join(dir, "config.json");
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new ExperimentError("model/config", "cannot read the model: no config.json", {
      at: { file },
      mend: "give the folder of a model",
      cause,
    });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new ExperimentError("model/config", "config.json is no JSON", {
      at: { file },
      mend: "fetch or make the model again",
      cause,
    });
  }
  return fromHuggingFace(content, file);
}

/** Writes config.json and model.safetensors, and copies the vocabulary. */
export async function writeModel(
  dir: string,
  model: {
    readonly config: BertConfig;
    readonly specs: readonly ParamSpec[];
    readonly params: Params;
    /** The path of a vocab.txt. */
    readonly vocabFile: string;
  },
): Promise<void> {
  const config = JSON.stringify(toHuggingFace(model.config), null, 2);
  await Deno.writeTextFile(join(dir, "config.json"), `${config}\n`);
  await writeParams(join(dir, "model.safetensors"), model);
  await Deno.writeFile(join(dir, "vocab.txt"), await Deno.readFile(model.vocabFile));
}

/** Writes parameters alone, as model.safetensors holds them. */
export async function writeParams(
  path: string,
  model: { readonly specs: readonly ParamSpec[]; readonly params: Params },
): Promise<void> {
  const tensors = named(model.specs, model.params, "");
  // Hugging Face's loader refuses a file that does not say so.
  await writeSafetensors(path, tensors, { metadata: { format: "pt" } });
}

/** Writes both moments of a training state. */
export async function writeMoments(
  path: string,
  options: { readonly specs: readonly ParamSpec[]; readonly state: TrainingState },
): Promise<void> {
  const { specs, state } = options;
  await writeSafetensors(path, [
    ...named(specs, state.firstMoments, FIRST),
    ...named(specs, state.secondMoments, SECOND),
  ]);
}

/**
 * Reads a whole training state.
 *
 * @param files moments: absent at step 0, where they are zero
 * @throws ExperimentError "train/checkpoint" when a tensor is missing, and as `readWeights`
 */
export async function readState(
  files: { readonly params: string; readonly moments?: string },
  specs: readonly ParamSpec[],
): Promise<TrainingState> {
  const params = await readAll(files.params, specs, "");
  if (files.moments === undefined) return freshState(params);
  return {
    params,
    firstMoments: await readAll(files.moments, specs, FIRST),
    secondMoments: await readAll(files.moments, specs, SECOND),
  };
}

async function readAll(path: string, specs: readonly ParamSpec[], prefix: string): Promise<Params> {
  const wanted = specs.map((each) => ({ ...each, name: prefix + each.name }));
  const { params, missing } = await readWeights(path, wanted);
  if (missing.length > 0) {
    throw new ExperimentError("train/checkpoint", `${missing[0]!.name} is missing`, {
      at: { file: path },
      mend: "remove the artifact, so that it is made again",
    });
  }
  return Object.fromEntries(specs.map((each) => [each.name, params[prefix + each.name]!]));
}

function named(specs: readonly ParamSpec[], values: Params, prefix: string): NamedTensor[] {
  return specs.map(({ name, shape }) => ({ name: prefix + name, shape, values: values[name]! }));
}
