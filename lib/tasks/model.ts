/**
 * The task kind `model`: a BERT from elsewhere, as an artifact that pre-training and
 * fine-tuning start from.
 *
 * A model on the hub is read from the data folder, which `deno task data fetch` brings it
 * into: nothing here touches the network.
 */
import { join } from "node:path";
import { z } from "zod";
import { isThere } from "../base/files.ts";
import { defineKind } from "../graph/kind.ts";
import { filePath } from "../graph/schema.ts";
import type { FileParam, ParamFault, TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { checkFetched, fetchCommand, MANIFEST } from "../hub/manifest.ts";
import {
  dataFolderOf,
  DEFAULT_REVISION,
  HUB_NAME,
  HUB_REVISION,
  hubFolder,
  type HubModel,
} from "../hub/place.ts";
import { BERT_PRESETS, type BertPreset } from "../model/config.ts";
import { countParameters } from "../model/params.ts";
import { modelFiles } from "../model/weights/folder.ts";
import { modelArtifact } from "../model/weights/model_artifact.ts";
import { isDeclared } from "./declared.ts";

const schema = z.strictObject({
  folder: filePath(
    "A folder as Hugging Face's libraries write it: config.json, vocab.txt or tokenizer.json, and " +
      "model.safetensors, several with an index, or pytorch_model.bin. Or as Google released BERT: " +
      "bert_config.json, vocab.txt, and the .index and .data files of a TensorFlow checkpoint.",
  ).optional(),
  hub: z.string().regex(HUB_NAME, "is no name of a model on the hub").optional().describe(
    "Instead of a folder: a model's name on the Hugging Face Hub, such as " +
      "google-bert/bert-base-cased. `deno task data fetch SPEC` brings it into the data folder " +
      "(TITRATE_DATA, else data); a run itself reads it there and needs no network.",
  ),
  revision: z.string().regex(HUB_REVISION, "is no branch, tag or commit").optional().describe(
    "The model's branch, tag or commit on the hub; absent: main. Which commit a branch meant is " +
      "recorded when it is fetched, and stays until it is fetched again.",
  ),
  declared: z.strictObject({
    preset: z.enum(Object.keys(BERT_PRESETS) as [BertPreset, ...BertPreset[]]).describe(
      "The model's sizes by name.",
    ),
  }).optional().describe(
    "What the model is, so that `plan` can cost the spec where it is not there; a run needs it, " +
      "and no result depends on this.",
  ),
  lowercase: z.boolean().optional().describe(
    "Whether the model's text is lower-cased and loses its accents; absent: as its " +
      "tokenizer_config.json or tokenizer.json says, else no.",
  ),
});

/** The parameters of a model from elsewhere; `folder` is filled in where `hub` is given. */
export type ModelParams = z.output<typeof schema>;

/** The task kind `model`. */
export const model: TaskKind<ModelParams> = defineKind({
  kind: "model",
  version: 2,
  about:
    "Takes a BERT from a folder of Hugging Face's or TensorFlow's form, or from the Hugging Face " +
    "Hub: its sizes, weights and vocabulary.",
  params: schema,
  inputs: {},
  produces: { "": modelArtifact.type },
  isNumeric: false,
  entry: import.meta.url,
  check,
  place(params, { data }) {
    const named = hubModelOf(params);
    return named === undefined ? params : { ...params, folder: hubFolder(data, named) };
  },
  unkeyed: ["hub", "revision", "declared"],
  isDeclared: (params: ModelParams) => isDeclared(params),
  files,
  run,
});

/** The model on the hub that params name; undefined where they name a folder. */
export function hubModelOf({ hub, revision }: ModelParams): HubModel | undefined {
  return hub === undefined ? undefined : { name: hub, revision: revision ?? DEFAULT_REVISION };
}

function check({ folder, hub, revision }: ModelParams): ParamFault[] {
  const mend = "give either folder, or hub with the model's name there";
  if ((folder === undefined) === (hub === undefined)) {
    const message = hub === undefined ? "no model is named" : "both folder and hub are given";
    return [{ path: hub === undefined ? "" : "hub", message, mend }];
  }
  if (revision === undefined || hub !== undefined) return [];
  return [{ path: "revision", message: "a folder has no revision", mend: "remove it" }];
}

function files(params: ModelParams): FileParam[] {
  const folder = params.folder!, named = hubModelOf(params), path = "folder";
  if (named === undefined) {
    const mend =
      "check the path, which counts from the spec, and give a folder with config.json, vocab.txt " +
      "and model.safetensors or pytorch_model.bin, or with bert_config.json, vocab.txt and a " +
      "TensorFlow checkpoint";
    // Of a folder that is not there, its own name says more than those of its files.
    const all = isThere(folder) ? modelFiles(folder) : [folder];
    return all.map((file) => ({ path, file, mend }));
  }
  const mend = fetchCommand(named, dataFolderOf(folder, named));
  const manifest = join(folder, MANIFEST);
  const all = isThere(manifest) ? modelFiles(folder) : [manifest];
  return all.map((file) => ({ path, namedBy: "hub", file, mend }));
}

async function run(
  { params, outDir, emit }: TaskContext<ModelParams>,
): Promise<TaskOutcome> {
  const { readModelFolder } = await import("../model/weights/folder.ts");
  const folder = params.folder!, named = hubModelOf(params);
  if (named !== undefined) await checkFetched(folder, named);
  const { vocabulary, notes, ...found } = await readModelFolder(folder, params);
  for (const message of notes) emit({ type: "warning", message });
  const { pieces, lowercase } = vocabulary;
  await modelArtifact.write(outDir, { ...found, pieces, lowercase });
  return { facts: { parameters: countParameters(found.specs) }, scores: [] };
}
