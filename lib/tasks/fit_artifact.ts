/** The artifact type "fit": a curve as it was fitted to scores, with what to be wary of. */
import { join } from "node:path";
import type { ScalingFit } from "../analysis/scaling.ts";
import { readLooseJson, writeLooseJson } from "../base/json.ts";
import type { ArtifactType } from "../graph/task.ts";

/** The folder of a fit. */
export interface FitArtifact extends ArtifactType<ScalingFit> {
  /** Writes a fit into an existing folder. */
  write(dir: string, fit: ScalingFit): Promise<void>;
}

/** The artifact type "fit". */
export const fitArtifact: FitArtifact = {
  type: "fit",
  async write(dir, fit) {
    await Deno.writeTextFile(fileOf(dir), `${writeLooseJson(fit, 2)}\n`);
  },
  async open(dir) {
    return readLooseJson(await Deno.readTextFile(fileOf(dir))) as ScalingFit;
  },
};

function fileOf(dir: string): string {
  return join(dir, "fit.json");
}
