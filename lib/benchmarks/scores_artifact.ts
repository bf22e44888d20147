/**
 * The artifact type "scores": what a fine-tuned model scored, for people to read, and its
 * predictions in the benchmark's own format, so that anyone can score them again.
 */
import { join } from "node:path";
import type { JsonObject } from "../base/canonical.ts";
import { writeLooseJson } from "../base/json.ts";
import type { ArtifactType } from "../graph/task.ts";

/** What is written of a fine-tuning. */
export interface NewScores {
  /** Scores and counts by split, and how they came about. */
  readonly summary: object;
  /** Texts by file name. */
  readonly predictions: Readonly<Record<string, string>>;
}

/** The folder of a model's scores. */
export interface ScoresArtifact extends ArtifactType<JsonObject> {
  /** Writes scores and predictions into an existing folder. */
  write(dir: string, scores: NewScores): Promise<void>;
}

/** The artifact type "scores"; opened, it is the summary. */
export const scoresArtifact: ScoresArtifact = {
  type: "scores",
  async write(dir, { summary, predictions }) {
    await Deno.writeTextFile(summaryFile(dir), `${writeLooseJson(summary, 2)}\n`);
    for (const [name, text] of Object.entries(predictions)) {
      await Deno.writeTextFile(join(dir, name), text);
    }
  },
  async open(dir) {
    return JSON.parse(await Deno.readTextFile(summaryFile(dir)));
  },
};

function summaryFile(dir: string): string {
  return join(dir, "scores.json");
}
