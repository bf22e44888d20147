/**
 * The artifact type "mean": what scores come to over several cells, and what those cells have
 * in common.
 */
import { join } from "node:path";
import type { Json } from "../../base/canonical.ts";
import { writeLooseJson } from "../../base/json.ts";
import type { ArtifactType } from "../../graph/task.ts";
import type { Leaves } from "./leaves.ts";

/** What a mean is of. */
export interface Mean {
  /** The kind of all cells; "" where they are of several. */
  readonly kind: string;
  /** The params that all have alike. */
  readonly common: Leaves;
}

/** The folder of a mean. */
export interface MeanArtifact extends ArtifactType<Mean> {
  /** Writes what it is of, and whatever else a person may want to see. */
  write(dir: string, mean: Mean & Readonly<Record<string, Json | object>>): Promise<void>;
}

/** The artifact type "mean". */
export const meanArtifact: MeanArtifact = {
  type: "mean",
  async write(dir, mean) {
    await Deno.writeTextFile(fileOf(dir), `${writeLooseJson(mean, 2)}\n`);
  },
  async open(dir) {
    const { kind, common } = JSON.parse(await Deno.readTextFile(fileOf(dir)));
    return { kind, common };
  },
};

function fileOf(dir: string): string {
  return join(dir, "mean.json");
}
