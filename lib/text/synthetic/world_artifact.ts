/**
 * The artifact type "world": what holds in a synthetic world, for people to read. The
 * text and the benchmark that speak of it are outputs of their own beside it.
 */
import type { JsonObject } from "../../base/canonical.ts";
import type { ArtifactType } from "../../graph/task.ts";

/** A world's folder. */
export interface WorldArtifact extends ArtifactType<JsonObject> {
  /** Writes what holds in the world into an existing folder. */
  write(dir: string, world: JsonObject): Promise<void>;
}

/** The artifact type "world". */
export const worldArtifact: WorldArtifact = {
  type: "world",
  async write(dir, world) {
    await Deno.writeTextFile(fileOf(dir), `${JSON.stringify(world, null, 2)}\n`);
  },
  async open(dir) {
    return JSON.parse(await Deno.readTextFile(fileOf(dir)));
  },
};

function fileOf(dir: string): string {
  return `${dir}/world.json`;
}
