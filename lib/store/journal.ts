/**
 * The journals of runs: what a database holds that no artifact says.
 *
 *     runs/<run>.json       how a run began and ended, what became of its tasks, and what its
 *                           new keys are made of
 *     runs/cells-<n>.json   which task stands at each cell, n the digest of the content
 *     runs/fits-<n>.json    its curves, likewise
 *
 * Every run writes one, so that a lost database gets its runs, cells, history and curves
 * back. Runs with the same cells share one list of them, and so with curves.
 */
import { z } from "zod";
import type { Json } from "../base/canonical.ts";
import { sha256 } from "../base/digest.ts";
import { readLooseJson, writeLooseJson } from "../base/json.ts";
import type { CellRow, FitRow, RunEnd, RunStart, TaskRow } from "./database/rows.ts";
import { storeFault } from "./faults.ts";
import { sealJson, unsealJson } from "./sealed_json.ts";

/** A run as its journal tells it. */
export interface RunJournal {
  /** How it began. */
  readonly start: RunStart;
  /** Where its spec stands, seen from the folder of results. */
  readonly place: string;
  /** Absent while it runs, and when it was killed. */
  readonly end?: RunEnd & { readonly endedAt: string };
  /** Its cells; absent before they were told. */
  readonly cells?: {
    readonly rows: readonly CellRow[];
    /** Whether these are all cells of the experiment. */
    readonly replace: boolean;
    /** Whether the run had something to do, so that explain goes back to it. */
    readonly isHistory: boolean;
  };
  /**
   * Keys that tasks got in the course of the run, by those that their cells were told to have;
   * what is read has them in the rows of its cells.
   */
  readonly moved?: readonly (readonly [from: string, to: string])[];
  /** Its curves; absent before they were told. */
  readonly fits?: readonly FitRow[];
  /** What became of the tasks that it had to do; absent before its end. */
  readonly tasks?: readonly Omit<TaskRow, "run">[];
  /** What the keys are made of that no earlier journal has. */
  readonly identities: readonly (readonly [key: string, identity: Json])[];
}

const json = z.json();

const cellSchema = z.object({
  stage: z.string(),
  axes: z.record(z.string(), json),
  key: z.string(),
  seed: z.exactOptional(z.number()),
  place: z.exactOptional(z.number()),
  at: z.exactOptional(z.object({ file: z.string(), line: z.exactOptional(z.number()) })),
});

const journalSchema = z.object({
  start: z.looseObject({
    run: z.string(),
    experiment: z.string(),
    file: z.string(),
    files: z.array(z.object({ file: z.string(), text: z.string() })),
    startedAt: z.string(),
  }),
  place: z.string(),
  end: z.exactOptional(z.looseObject({ status: z.string(), endedAt: z.string() })),
  cells: z.exactOptional(
    z.object({ digest: z.string(), replace: z.boolean(), isHistory: z.boolean() }),
  ),
  moved: z.exactOptional(z.array(z.tuple([z.string(), z.string()]))),
  fits: z.exactOptional(z.string()),
  tasks: z.exactOptional(
    z.array(z.looseObject({ key: z.string(), kind: z.string(), state: z.string() })),
  ),
  identities: z.array(z.tuple([z.string(), json])),
});

/**
 * Writes a run's journal, in place of what it wrote before.
 *
 * @throws ExperimentError "store/disk-full", "store/io"
 */
export async function writeJournal(folder: string, journal: RunJournal): Promise<void> {
  const { cells, fits, ...rest } = journal;
  const path = `${folder}/${journal.start.run}.json`;
  try {
    await Deno.mkdir(folder, { recursive: true });
    let reference;
    if (cells !== undefined) {
      const { rows, replace, isHistory } = cells;
      const digest = await writeList(folder, "cells", JSON.stringify(rows));
      reference = { digest, replace, isHistory };
    }
    const value = {
      ...rest,
      ...(reference === undefined ? {} : { cells: reference }),
      ...(fits === undefined
        ? {}
        : { fits: await writeList(folder, "fits", writeLooseJson(fits)) }),
    };
    await writeWhole(path, sealJson(value), { isNew: false });
  } catch (error) {
    throw storeFault(error, { doing: "write the journal of the run", path });
  }
}

/** Writes a list that runs share, under its digest; returns that. */
async function writeList(folder: string, name: "cells" | "fits", json: string): Promise<string> {
  const text = `${json}\n`, digest = sha256(text);
  await writeWhole(`${folder}/${name}-${digest}.json`, text, { isNew: true });
  return digest;
}

/**
 * Every journal whose content is what was written, in the order of the runs.
 *
 * @param onWarning told of the others
 * @throws ExperimentError "store/io"
 */
export async function* readJournals(
  folder: string,
  onWarning?: (message: string) => void,
): AsyncGenerator<RunJournal> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw storeFault(error, { doing: "read the journals of runs", path: folder });
  }
  const cells = new Map<string, readonly CellRow[]>();
  for (const name of names.sort()) {
    if (!name.endsWith(".json") || /^(cells|fits)-/.test(name)) continue;
    const path = `${folder}/${name}`;
    const read = parseJournal(await readText(path));
    if ("damage" in read) {
      onWarning?.(`${path} is left out: it ${read.damage}`);
      continue;
    }
    const { cells: reference, moved = [], fits: digestOfFits, ...told } = read.journal;
    const fits = digestOfFits && await readFits(folder, digestOfFits);
    if (digestOfFits !== undefined && fits === undefined) {
      onWarning?.(`${path}: the list of its curves is missing or not what was written`);
    }
    const journal = { ...told, ...(fits ? { fits } : {}) };
    if (reference === undefined) {
      yield journal;
      continue;
    }
    const { digest, replace, isHistory } = reference;
    const rows = cells.get(digest) ?? await readCells(folder, digest);
    if (rows === undefined) {
      onWarning?.(`${path}: the list of its cells is missing or not what was written`);
      yield journal;
    } else {
      cells.set(digest, rows);
      yield { ...journal, cells: { rows: movedRows(rows, moved), replace, isHistory } };
    }
  }
}

/** The cells of a list that many runs share, with the keys that their tasks got in one run. */
function movedRows(
  rows: readonly CellRow[],
  moved: readonly (readonly [from: string, to: string])[],
): readonly CellRow[] {
  if (moved.length === 0) return rows;
  const keys = new Map(moved);
  return rows.map((row) => ({ ...row, key: keys.get(row.key) ?? row.key }));
}

/**
 * How a run began and ended, without its cells and curves; undefined where its journal is not
 * there, or not what was written.
 */
export async function readJournalHead(
  folder: string,
  run: string,
): Promise<Pick<RunJournal, "start" | "end"> | undefined> {
  const read = parseJournal(await readText(`${folder}/${run}.json`));
  if ("damage" in read) return undefined;
  const { start, end } = read.journal;
  return { start, ...(end === undefined ? {} : { end }) };
}

type Parsed =
  | {
    readonly journal: Omit<RunJournal, "cells" | "fits"> & {
      readonly fits?: string;
      readonly cells?: { digest: string; replace: boolean; isHistory: boolean };
    };
  }
  | { readonly damage: string };

function parseJournal(text: string | undefined): Parsed {
  if (text === undefined) return { damage: "cannot be read" };
  const unsealed = unsealJson(text);
  if ("damage" in unsealed) return unsealed;
  const { success, data } = journalSchema.safeParse(unsealed.value);
  // What the seal vouches for was written by this very module.
  return success
    ? { journal: data as unknown as Extract<Parsed, { journal: unknown }>["journal"] }
    : { damage: "is of another version" };
}

async function readCells(folder: string, digest: string): Promise<CellRow[] | undefined> {
  const text = await readText(`${folder}/cells-${digest}.json`);
  if (text === undefined || sha256(text) !== digest) return undefined;
  return z.array(cellSchema).parse(JSON.parse(text)) as CellRow[];
}

async function readFits(folder: string, digest: string): Promise<FitRow[] | undefined> {
  const text = await readText(`${folder}/fits-${digest}.json`);
  if (text === undefined || sha256(text) !== digest) return undefined;
  return readLooseJson(text) as FitRow[];
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return undefined;
  }
}

/** Puts a file in its place in one go; one that is there already stays if it is to be new. */
async function writeWhole(
  path: string,
  text: string,
  { isNew }: { readonly isNew: boolean },
): Promise<void> {
  if (isNew && await isFile(path)) return;
  const fresh = `${path}.${crypto.randomUUID().slice(0, 8)}.new`;
  await Deno.writeTextFile(fresh, text);
  await Deno.rename(fresh, path);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
