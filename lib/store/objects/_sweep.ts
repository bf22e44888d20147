/** Removes what attempts left that ended without a word: half artifacts, and scratch. */
import { removeIfThere } from "../../base/files.ts";
import { FileLock } from "../lock.ts";
import { STORE_FOLDERS } from "../results_folder.ts";
import { isPresent, namesIn } from "./_files.ts";

const { objects, locks, tmp, scratch } = STORE_FOLDERS;

/**
 * Removes what dead attempts left in tmp: this key's, and the first time the others' too. With
 * those goes the scratch that committed ones could not remove.
 *
 * @param key its lock is held by the caller
 */
export async function sweep(
  key: string,
  { root, isFirst }: { readonly root: string; readonly isFirst: boolean },
): Promise<void> {
  for (const name of await namesIn(`${root}/${tmp}`)) {
    const owner = name.slice(0, 64);
    if (owner === key) await removeIfThere(`${root}/${tmp}/${name}`);
    if (owner === key || !isFirst || !/^[0-9a-f]{64}-/.test(name)) continue;
    using lock = await FileLock.tryTake(`${root}/${locks}/${owner}`);
    if (lock !== undefined) await removeIfThere(`${root}/${tmp}/${name}`);
  }
  if (isFirst) await sweepScratch(key, root);
}

/** Removes the scratch of other keys whose artifacts are there. */
async function sweepScratch(key: string, root: string): Promise<void> {
  for (const owner of await namesIn(`${root}/${scratch}`)) {
    if (owner === key || !/^[0-9a-f]{64}$/.test(owner)) continue;
    const artifact = `${root}/${objects}/${owner.slice(0, 2)}/${owner}`;
    if (!await isPresent(artifact)) continue;
    using lock = await FileLock.tryTake(`${root}/${locks}/${owner}`);
    // Under strict code the holder before may have removed the artifact to make it anew.
    if (lock === undefined || !await isPresent(artifact)) continue;
    await removeIfThere(`${root}/${scratch}/${owner}`);
  }
}
