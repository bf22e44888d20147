/** How many rows there are to train on, as far as the params of the task that makes them tell. */
import { leastOf } from "../base/extremes.ts";
import type { UpstreamTask } from "../graph/task.ts";

/** What tells. */
export interface RowParams {
  /** The param of a synthetic world, which makes so many. */
  readonly world?: string;
  /** The param that limits what is read from files. */
  readonly limit?: string;
  /** Rows of the files, where that is known. */
  readonly there?: number | undefined;
}

/**
 * Rows that a synthetic world makes, or those of files, as the spec declares them where they are
 * not there, and no more than it limits them to; undefined where nothing tells.
 */
export function trainRows(
  { kind, params }: UpstreamTask,
  { world, limit, there }: RowParams,
): number | undefined {
  const numberAt = (name: string | undefined) => {
    const value = name === undefined ? undefined : params[name];
    return typeof value === "number" ? value : undefined;
  };
  if (kind === "synthetic-world") return numberAt(world);
  const { train } = (params["declared"] ?? {}) as { readonly train?: number };
  const known = [there ?? train, numberAt(limit)].filter((each) => each !== undefined);
  return known.length === 0 ? undefined : leastOf(known);
}
