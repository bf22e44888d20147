/** Where a model came from, in a file of its artifact: what a model card is to name. */
import { join } from "node:path";
import { z } from "zod";

const ORIGIN = "origin.json";

const originSchema = z.strictObject({
  /** Its name on the Hugging Face Hub. */
  hub: z.string(),
  /** The commit there. */
  commit: z.string(),
  /** Its licence as the hub names it, "apache-2.0". */
  license: z.exactOptional(z.string()),
});

/** A model on the Hugging Face Hub that an artifact was made from. */
export type Origin = z.output<typeof originSchema>;

/** Writes the origin of a model into its folder. */
export async function writeOrigin(dir: string, origin: Origin): Promise<void> {
  await Deno.writeTextFile(join(dir, ORIGIN), `${JSON.stringify(origin, null, 2)}\n`);
}

/** The origin of a model; undefined where none is recorded. */
export async function readOrigin(dir: string): Promise<Origin | undefined> {
  try {
    return originSchema.parse(JSON.parse(await Deno.readTextFile(join(dir, ORIGIN))));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
