/** What a spec says of itself: its name, what it asks, and what plans and tables go by. */
import { basename, dirname, isAbsolute, join } from "node:path";
import type { SourcePosition } from "../base/errors.ts";
import type { Budget } from "../graph/cost.ts";
import { locate, type MapNode, plainOf } from "./yaml/node.ts";

/** What others published, as a spec names it. */
export interface PublishedSpec {
  /** The table, relative to the working directory. */
  readonly file: string;
  /** Benchmarks of the study by the table's data sets. */
  readonly benchmarks: Readonly<Record<string, string>>;
  /** Metrics of the study by the table's. */
  readonly metrics: Readonly<Record<string, string>>;
}

/** The sections of a spec that shape no task. */
export interface Header {
  /** What its results are filed under. */
  readonly name: string;
  /** One line on what it asks. */
  readonly about?: string;
  /** The limit that the planner checks, and the place of its section. */
  readonly budget?: Budget & { readonly at: SourcePosition };
  /** What a plan may go by where nothing was recorded. */
  readonly assume?: { readonly flopsPerSecond?: number };
  /** What others published of its benchmarks. */
  readonly published?: PublishedSpec;
}

/**
 * Reads them of a spec whose form was checked.
 *
 * @param file the spec's path, after which it is called unless it has a name
 */
export function readHeader(root: MapNode, file: string): Header {
  const { name = nameOfFile(file), about, budget, assume, published } = plainOf(root) as {
    readonly name?: string;
    readonly about?: string;
    readonly budget?: object;
    readonly assume?: NonNullable<Header["assume"]>;
    readonly published?: PublishedSpec;
  };
  const budgetAt = root.entries.get("budget")?.keyAt;
  return {
    name,
    ...(about === undefined ? {} : { about }),
    ...(published === undefined ? {} : { published: fromHere(published, root) }),
    ...(assume === undefined ? {} : { assume }),
    ...(budgetAt === undefined ? {} : { budget: { ...budget, at: budgetAt } }),
  };
}

/** With the path of its file from the working directory. */
function fromHere(published: PublishedSpec, root: MapNode): PublishedSpec {
  const { at } = locate(root, ["published", "file"], root.at), { file } = published;
  return { ...published, file: isAbsolute(file) ? file : join(dirname(at.file), file) };
}

/** A file's name as the name of an experiment. */
function nameOfFile(file: string): string {
  const name = basename(file).replace(/\.ya?ml$/, "").replaceAll(/[^A-Za-z0-9._-]+/g, "-");
  return name.replace(/^[^A-Za-z0-9]+/, "") || "experiment";
}
