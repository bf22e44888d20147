/**
 * The task kind `model`: a BERT from elsewhere, as an artifact that pre-training and
 * fine-tuning start from.
 */
import { z } from "zod";
import { defineKind } from "../graph/kind.ts";
import { filePath } from "../graph/schema.ts";
import type { TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { countParameters } from "../model/params.ts";
import { modelFiles } from "../model/weights/folder.ts";
import { modelArtifact } from "../model/weights/model_artifact.ts";

const schema = z.strictObject({
  folder: filePath(
    "A folder as Hugging Face's libraries write it: config.json, vocab.txt or tokenizer.json, and " +
      "model.safetensors, several with an index, or pytorch_model.bin. Or as Google released BERT: " +
      "bert_config.json, vocab.txt, and the .index and .data files of a TensorFlow checkpoint.",
  ),
  lowercase: z.boolean().optional().describe(
    "Whether the model's text is lower-cased and loses its accents; absent: as its " +
      "tokenizer_config.json or tokenizer.json says, else no.",
  ),
});

/** The parameters of a model from elsewhere. */
export type ModelParams = z.output<typeof schema>;

/** The task kind `model`. */
export const model: TaskKind<ModelParams> = defineKind({
  kind: "model",
  version: 1,
  about:
    "Takes a BERT from a folder of Hugging Face's or TensorFlow's form: its sizes, weights and vocabulary.",
  params: schema,
  inputs: {},
  produces: { "": modelArtifact.type },
  isNumeric: false,
  entry: import.meta.url,
  files: ({ folder }) => modelFiles(folder).map((file) => ({ path: "folder", file })),
  run,
});

async function run(
  { params, outDir, emit }: TaskContext<ModelParams>,
): Promise<TaskOutcome> {
  const { readModelFolder } = await import("../model/weights/folder.ts");
  const { vocabulary, notes, ...found } = await readModelFolder(params.folder, params);
  for (const message of notes) emit({ type: "warning", message });
  const { pieces, lowercase } = vocabulary;
  await modelArtifact.write(outDir, { ...found, pieces, lowercase });
  return { facts: { parameters: countParameters(found.specs) }, scores: [] };
}
