/**
 * Folders that are no artifacts and yet are to be trusted: checkpoints. They are sealed
 * and checked as artifacts are.
 */
import { z } from "zod";
import { sealJson, unsealJson } from "../sealed_json.ts";
import { listFiles, seal } from "./_files.ts";
import { damageOf } from "./_inspect.ts";
import { filesSchema } from "./record.ts";

const sealSchema = z.strictObject({ files: filesSchema });

/** Seals a folder by a file of the given name in it, and forces all of it to the disk. */
export async function sealFolder(dir: string, name: string): Promise<void> {
  await seal(dir, { name, textOf: (files) => sealJson({ files }) });
}

/** Why a folder does not hold just what it held when it was sealed; undefined if it does. */
export async function damageOfFolder(dir: string, name: string): Promise<string | undefined> {
  let files;
  try {
    const unsealed = unsealJson(await Deno.readTextFile(`${dir}/${name}`));
    if ("damage" in unsealed) return `${name} ${unsealed.damage}`;
    ({ files } = sealSchema.parse(unsealed.value));
  } catch {
    return `${name} cannot be read`;
  }
  const named = new Set([name, ...files.map(({ path }) => path)]);
  for (const path of await listFiles(dir)) {
    if (!named.has(path)) return `${name} does not name ${path}`;
  }
  for (const file of files) {
    const why = await damageOf(dir, file);
    if (why !== undefined) return why;
  }
  return undefined;
}
