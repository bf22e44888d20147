/**
 * A model as others take it: a folder that transformers loads, with a model card.
 *
 * The weights are copied as they are. config.json is written last: a folder without it was
 * broken off.
 */
import { join } from "node:path";
import { syncPath } from "../../base/files.ts";
import { TOKENIZER_JSON, writeTokenizerJson } from "../../text/pieces/tokenizer_json.ts";
import { vocabArtifact } from "../../text/pieces/vocab_artifact.ts";
import { toHuggingFace } from "../config.ts";
import { type Architecture, architectureOf } from "./architecture.ts";
import type { Model } from "./model_artifact.ts";
import { SafetensorsFile } from "./safetensors.ts";

/** The pieces with a meaning of their own, as Hugging Face's libraries call them. */
const SPECIAL_TOKENS = {
  cls_token: "[CLS]",
  mask_token: "[MASK]",
  pad_token: "[PAD]",
  sep_token: "[SEP]",
  unk_token: "[UNK]",
};

/** Which class of transformers a model is for, and how it fits that. */
export async function architectureOfModel(model: Model): Promise<Architecture> {
  using weights = await SafetensorsFile.open(model.weightsFile);
  return architectureOf(model.config, weights.entries.keys(), { head: model.head });
}

/**
 * Writes a model into an empty folder.
 *
 * @param options card: the text of its README.md
 */
export async function exportModel(
  model: Model,
  dir: string,
  { card }: { readonly card: string },
): Promise<void> {
  const { config, vocabulary, head } = model;
  const { name: architecture } = await architectureOfModel(model);
  const json = (file: string, content: unknown) =>
    Deno.writeTextFile(join(dir, file), `${JSON.stringify(content, null, 2)}\n`);
  await vocabArtifact.write(dir, vocabulary.pieces, {
    lowercase: vocabulary.lowercase,
    maxLength: config.positions,
  });
  await writeTokenizerJson(join(dir, TOKENIZER_JSON), vocabulary);
  await json("special_tokens_map.json", SPECIAL_TOKENS);
  await Deno.writeTextFile(join(dir, "README.md"), card);
  const weights = join(dir, "model.safetensors");
  await Deno.copyFile(model.weightsFile, weights);
  // An artifact's files are read-only; what was exported is its owner's.
  await Deno.chmod(weights, 0o644);
  await syncPath(weights);
  await json("config.json", toHuggingFace(config, { padId: vocabulary.padId, head, architecture }));
}
