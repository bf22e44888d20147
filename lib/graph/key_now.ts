/**
 * A task's key by its outside files as they are at the moment.
 *
 * A task reads its files long after they were digested for its key. Whoever is
 * about to keep what it made asks here whether the key still tells the truth.
 */
import { sha256File } from "../base/digest.ts";
import type { JsonObject } from "../base/canonical.ts";
import { digestFiles } from "./files.ts";
import type { Numerics } from "../base/numerics.ts";
import { digestsByPath, identityOf, keyOf } from "./key.ts";
import type { InputRef, TaskKind } from "./task.ts";

/** What a key is made of, but for the files. */
export interface KeyNowParts {
  /** Names the files. */
  readonly kind: TaskKind;
  /** Complete params, defaults filled in. */
  readonly params: JsonObject;
  /** By role. */
  readonly inputs: Readonly<Record<string, readonly InputRef[]>>;
  /** As the planner took them. */
  readonly numerics: Numerics;
}

/**
 * The key of a task; every file is read again, and patterns are matched again.
 *
 * @throws ExperimentError "graph/missing-file", "graph/unreadable-file"
 */
export async function keyNow(parts: KeyNowParts): Promise<string> {
  const files = parts.kind.files?.(parts.params) ?? [];
  const asks = files.map(({ file }) => ({ file, at: { file } }));
  // Not by size and time, which an edit may leave as they are.
  const digests = await digestFiles(asks, sha256File);
  return keyOf(identityOf({ ...parts, files: digestsByPath(files, digests) }));
}
