/**
 * What was fetched of a model, in a file beside it: from which commit, and each file's digest.
 *
 * It is written last, so a folder without it is not whole.
 */
import { join } from "node:path";
import { z } from "zod";
import { sha256File } from "../base/digest.ts";
import { ExperimentError } from "../base/errors.ts";
import { syncPath } from "../base/files.ts";
import type { HubModel } from "./place.ts";

/** The name of the file, in the folder of a model. */
export const MANIFEST = "fetched.json";

const manifestSchema = z.strictObject({
  hub: z.string(),
  revision: z.string(),
  commit: z.string(),
  endpoint: z.string(),
  license: z.exactOptional(z.string()),
  files: z.record(
    z.string(),
    z.strictObject({
      bytes: z.number().int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      /** What the hub calls the content. */
      etag: z.exactOptional(z.string()),
    }),
  ),
});

/** What was fetched. */
export type Manifest = z.output<typeof manifestSchema>;

/** The manifest of a folder; undefined where there is none that can be read. */
export async function readManifest(dir: string): Promise<Manifest | undefined> {
  try {
    return manifestSchema.parse(JSON.parse(await Deno.readTextFile(join(dir, MANIFEST))));
  } catch {
    return undefined; // as if nothing had been fetched: every file is compared anyway
  }
}

/** Writes the manifest of a folder in place of a former one. */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  const file = join(dir, MANIFEST), part = `${file}.part`;
  await Deno.writeTextFile(part, `${JSON.stringify(manifest, null, 2)}\n`);
  await syncPath(part);
  await Deno.rename(part, file);
  await syncPath(dir);
}

/** Whether a file is as a manifest has it. */
export async function isAsFetched(
  file: string,
  { bytes, sha256 }: Manifest["files"][string],
): Promise<boolean> {
  try {
    return (await Deno.stat(file)).size === bytes && await sha256File(file) === sha256;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Checks that a folder holds what was fetched into it.
 *
 * @throws ExperimentError "hub/damaged" naming the first file that is another or gone
 */
export async function checkFetched(dir: string, model: HubModel): Promise<void> {
  const manifest = await readManifest(dir);
  const again = { at: { file: dir }, mend: fetchCommand(model) };
  if (manifest === undefined) {
    throw new ExperimentError("hub/damaged", "nothing was fetched whole", again);
  }
  for (const [name, file] of Object.entries(manifest.files)) {
    if (await isAsFetched(join(dir, name), file)) continue;
    throw new ExperimentError("hub/damaged", `${name} is not what was fetched`, again);
  }
}

/** What to do where a model is not there. */
export function fetchCommand(model: HubModel, data?: string): string {
  const into = data === undefined ? "" : ` --into ${data}`;
  return `fetch it: deno task data fetch --hub ${model.name}@${model.revision}${into}`;
}
