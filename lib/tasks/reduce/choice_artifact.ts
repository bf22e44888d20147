/**
 * The artifact type "choice": which of several candidates was best, by what, and the params in
 * which it differs from the others; beside it the candidate's model, where something reads that.
 */
import { join } from "node:path";
import type { Json } from "../../base/canonical.ts";
import { writeLooseJson } from "../../base/json.ts";
import type { ArtifactType } from "../../graph/task.ts";
import type { Leaves } from "./leaves.ts";

/** What was chosen. */
export interface Choice {
  /** The kind of all candidates; "" where they are of several. */
  readonly kind: string;
  /** The params of the chosen one that not all have alike. */
  readonly params: Leaves;
}

/** The folder of a choice. */
export interface ChoiceArtifact extends ArtifactType<Choice> {
  /** Writes what was chosen, and whatever else a person may want to see. */
  write(dir: string, choice: Choice & Readonly<Record<string, Json | object>>): Promise<void>;
}

/** The artifact type "choice". */
export const choiceArtifact: ChoiceArtifact = {
  type: "choice",
  async write(dir, choice) {
    await Deno.writeTextFile(fileOf(dir), `${writeLooseJson(choice, 2)}\n`);
  },
  async open(dir) {
    const { kind, params } = JSON.parse(await Deno.readTextFile(fileOf(dir)));
    return { kind, params };
  },
};

function fileOf(dir: string): string {
  return join(dir, "choice.json");
}
