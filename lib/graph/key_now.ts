/**
 * A task's key by its outside files as they are at the moment.
 *
 * A task reads its files long after they were digested for its key. Whoever is
 * about to keep what it made asks here whether the key still tells the truth.
 */
import { sha256File } from "../base/digest.ts";
import { digestFiles } from "./files.ts";
import { digestsByPath, identityOf, type IdentityParts, keyOf } from "./key.ts";

/**
 * The key of a task by what it is made of; every file is read again, and patterns are matched again.
 *
 * @throws ExperimentError "graph/missing-file", "graph/unreadable-file"
 */
export async function keyNow(parts: Omit<IdentityParts, "files">): Promise<string> {
  const files = parts.kind.files?.(parts.params) ?? [];
  const asks = files.map(({ file }) => ({ file, at: { file } }));
  // Not by size and time, which an edit may leave as they are.
  const { digests } = await digestFiles(asks, { read: sha256File });
  return keyOf(identityOf({ ...parts, files: digestsByPath(files, digests) }));
}
