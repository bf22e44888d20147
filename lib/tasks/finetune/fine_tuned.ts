/**
 * The artifact type "fine-tuned": what a fine-tuned model scored, its predictions, and, where it
 * is kept, the model itself with its classifier, in a folder as Hugging Face's libraries have it.
 */
import { join } from "node:path";
import { z } from "zod";
import type { JsonObject } from "../../base/canonical.ts";
import { ExperimentError } from "../../base/errors.ts";
import { type NewScores, scoresArtifact } from "../../benchmarks/scores_artifact.ts";
import type { ArtifactType } from "../../graph/task.ts";
import { TOKENIZER_CONFIG } from "../../text/pieces/tokenizer_config.ts";
import { choiceArtifact } from "../reduce/choice_artifact.ts";
import { type Model, modelArtifact, type NewModel } from "../../model/weights/model_artifact.ts";

/** The file that says how a model was fine-tuned, beside it. */
const RECIPE = "fine_tuning.json";

/** How a model was fine-tuned. */
export interface Recipe {
  /** The kind of the task. */
  readonly kind: string;
  /** Its complete params. */
  readonly params: JsonObject;
}

/** A model that was fine-tuned, and how. */
export interface FineTuned {
  /** The model; its weights are read when they are asked for. */
  readonly model: Model;
  /** How it was made. */
  readonly recipe: Recipe;
}

/** What is written of a fine-tuning. */
export interface NewFineTuned extends NewScores {
  /** Absent where it is not kept. */
  readonly model?: { readonly weights: NewModel; readonly recipe: Recipe };
}

/** The folder of a fine-tuning. */
export interface FineTunedArtifact extends ArtifactType<FineTuned> {
  /** Writes scores, predictions and, if given, the model into an existing folder. */
  write(dir: string, made: NewFineTuned): Promise<void>;
}

/** The artifact type "fine-tuned"; opened, it is the model. */
export const fineTunedArtifact: FineTunedArtifact = {
  type: "fine-tuned",
  async write(dir, { model, ...scores }) {
    await scoresArtifact.write(dir, scores);
    if (model === undefined) return;
    await Deno.mkdir(modelDir(dir));
    await modelArtifact.write(modelDir(dir), model.weights);
    const text = `${JSON.stringify(model.recipe, null, 2)}\n`;
    await Deno.writeTextFile(recipeFile(modelDir(dir)), text);
  },
  async open(dir) {
    const inside = modelDir(dir);
    if (!await isFolder(inside)) {
      throw new ExperimentError("tasks/no-model", "this result was kept without its model", {
        at: { file: dir },
        mend: "run again: the model is made anew where something reads it",
      });
    }
    return { model: await modelArtifact.open(inside), recipe: await readRecipe(inside) };
  },
};

/**
 * A model to go on from: as pre-training or a file gives it, a fine-tuned one with its head, or
 * the one of those that was chosen.
 */
export const startingModel: {
  readonly types: readonly string[];
  open(dir: string): Promise<Model>;
} = {
  types: [modelArtifact.type, fineTunedArtifact.type, choiceArtifact.type],
  async open(dir) {
    if (await isFolder(modelDir(dir))) return (await fineTunedArtifact.open(dir)).model;
    return await modelArtifact.open(dir);
  },
};

/** A fine-tuned model: what a fine-tuning leaves, or a choice of several. */
export const fineTunedModel: {
  readonly types: readonly string[];
  open(dir: string): Promise<FineTuned>;
} = {
  types: [fineTunedArtifact.type, choiceArtifact.type],
  open: (dir) => fineTunedArtifact.open(dir),
};

/** The files of a model that another artifact may hold too. */
const MODEL_FILES = [
  "config.json",
  "model.safetensors",
  "vocab.txt",
  TOKENIZER_CONFIG,
  RECIPE,
] as const;

/**
 * Gives the model of one artifact to another, which takes no room of its own where the file
 * system knows links: files of artifacts never change.
 *
 * @throws ExperimentError "tasks/no-model" when there is none
 */
export async function linkModel(from: string, to: string): Promise<void> {
  const inside = modelDir(from), dir = await isFolder(inside) ? inside : from;
  await Deno.mkdir(modelDir(to));
  let found = 0;
  for (const name of MODEL_FILES) {
    const source = join(dir, name), target = join(modelDir(to), name);
    try {
      await Deno.link(source, target).catch((error) => {
        if (error instanceof Deno.errors.NotFound) throw error;
        return Deno.copyFile(source, target);
      });
      found++;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  if (found > 0) return;
  throw new ExperimentError("tasks/no-model", "what was chosen has no model, such as a mean", {
    at: { file: from },
    mend: "take over its params with `choice:`, or choose among models",
  });
}

/** The folder of the model in a fine-tuning's. */
export function modelDir(dir: string): string {
  return join(dir, "model");
}

function recipeFile(dir: string): string {
  return join(dir, RECIPE);
}

const recipeSchema = z.strictObject({ kind: z.string(), params: z.record(z.string(), z.json()) });

async function readRecipe(dir: string): Promise<Recipe> {
  const file = recipeFile(dir);
  try {
    return recipeSchema.parse(JSON.parse(await Deno.readTextFile(file))) as Recipe;
  } catch (cause) {
    throw new ExperimentError("tasks/no-model", "cannot read how the model was fine-tuned", {
      at: { file },
      mend: "remove the artifact, so that it is made again",
      cause,
    });
  }
}

async function isFolder(dir: string): Promise<boolean> {
  try {
    return (await Deno.stat(dir)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
