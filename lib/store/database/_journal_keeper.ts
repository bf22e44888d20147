/**
 * The journal of a run that is on: told what happens, written when the recorder writes.
 *
 * It knows no database. A run may tell thousands of times, choice by choice, so what is told
 * is added to what is there, which is never copied; only a write goes through all of it.
 */
import type { Json } from "../../base/canonical.ts";
import { type RunJournal, writeJournal } from "../journal.ts";
import type { CellRow, FitRow, HistoryRows, RunEnd, RunStart, TaskRow } from "./rows.ts";

/** A task as journals have it: the run is the journal's own. */
type JournalTask = Omit<TaskRow, "run">;

/** Keeps the journal of one run; it has none before the run begins. */
export class JournalKeeper {
  readonly #folder: string;
  readonly #isMade: (key: string) => boolean;
  readonly #tasks = new Map<string, JournalTask>();
  readonly #moved: (readonly [from: string, to: string])[] = [];
  readonly #identities: (readonly [key: string, identity: Json])[] = [];
  #begun: Pick<RunJournal, "start" | "place"> | undefined;
  #end: RunJournal["end"];
  #cells: RunJournal["cells"];
  #fits: readonly FitRow[] | undefined;
  /** The cells by the keys that they were told to have, once some move. */
  #rowsOf: ReadonlyMap<string, readonly CellRow[]> | undefined;
  #isWritten = true;

  /**
   * Nothing is written before the run begins.
   *
   * @param folder where journals stand
   * @param isMade whether the artifact of a key is there: the journal of the run that made it
   *   says what the key is made of
   */
  constructor(folder: string, isMade: (key: string) => boolean) {
    this.#folder = folder;
    this.#isMade = isMade;
  }

  /** How the run began, and where its spec stands; undefined before it did. */
  get begun(): Pick<RunJournal, "start" | "place"> | undefined {
    return this.#begun;
  }

  /** Whether the file says all that was told. */
  get isWritten(): boolean {
    return this.#isWritten;
  }

  /** The run begins, of a spec that stands at `place`, seen from the folder of results. */
  begin(start: RunStart, place: string): void {
    this.#begun = { start, place };
    this.#touch();
  }

  /** The run has ended. */
  end(end: RunEnd & { readonly endedAt: string }): void {
    this.#end = end;
    this.#touch();
  }

  /** Its cells; `replace` as in `recordCells`. */
  tellCells({ cells, replace }: { cells: readonly CellRow[]; replace: boolean }): void {
    this.#cells = { rows: cells, replace, isHistory: false };
    this.#touch();
  }

  /** It has something to do at these cells, and what its keys are made of. */
  tellHistory({ identities, cells }: Pick<HistoryRows, "identities" | "cells">): void {
    this.#cells = { rows: cells, replace: this.#cells?.replace ?? false, isHistory: true };
    this.#addIdentities(identities);
    this.#touch();
  }

  /**
   * Some of its tasks have their keys only now.
   *
   * The list of cells stays: one for each choice would be as many lists as choices.
   *
   * @param keys by those that cells were told to have
   * @returns their cells, with the new keys
   */
  moveCells(
    { keys, identities }: {
      readonly keys: ReadonlyMap<string, string>;
      readonly identities: HistoryRows["identities"];
    },
  ): CellRow[] {
    if (this.#cells === undefined) throw new Error("cells move after they were recorded");
    this.#rowsOf ??= Map.groupBy(this.#cells.rows, ({ key }) => key);
    const moved: CellRow[] = [];
    for (const [from, key] of keys) {
      const rows = this.#rowsOf.get(from);
      if (rows === undefined) continue;
      this.#moved.push([from, key]);
      for (const row of rows) moved.push({ ...row, key });
    }
    this.#addIdentities(identities);
    this.#touch();
    return moved;
  }

  /** Where a task stands. */
  tellTask(task: JournalTask): void {
    const attempt = task.attempt ?? this.#tasks.get(task.key)?.attempt;
    this.#tasks.set(task.key, { ...task, attempt });
    // No artifact tells of it, and a run that is killed never comes to its end.
    if (task.state === "failed") this.#touch();
  }

  /** An artifact is there; nothing to tell where the run did not have to make it. */
  tellDone(task: Pick<JournalTask, "key" | "kind" | "attempt">): void {
    if (this.#tasks.has(task.key)) this.#tasks.set(task.key, { ...task, state: "done" });
  }

  /** Its curves, in place of those that were told before. */
  tellFits(fits: readonly FitRow[]): void {
    this.#fits = fits;
    this.#touch();
  }

  /**
   * Writes what was told since it was last written.
   *
   * @throws ExperimentError as `writeJournal`; it counts as not written then
   */
  async save(): Promise<void> {
    if (this.#isWritten || this.#begun === undefined) return;
    this.#isWritten = true;
    const end = this.#end, cells = this.#cells, fits = this.#fits;
    const tasks = [...this.#tasks.values()];
    try {
      await writeJournal(this.#folder, {
        ...this.#begun,
        ...(end === undefined ? {} : { end }),
        ...(cells === undefined ? {} : { cells }),
        ...(this.#moved.length === 0 ? {} : { moved: this.#moved }),
        ...(fits === undefined ? {} : { fits }),
        // Of a run that is on, what only ran may yet come to anything.
        tasks: end === undefined ? tasks.filter(({ state }) => state === "failed") : tasks,
        identities: this.#identities,
      });
    } catch (error) {
      this.#isWritten = false;
      throw error;
    }
  }

  #addIdentities(identities: HistoryRows["identities"]): void {
    for (const [key, identity] of identities) {
      if (!this.#isMade(key)) this.#identities.push([key, identity as Json]);
    }
  }

  /** There is something to write, once the run has begun. */
  #touch(): void {
    if (this.#begun !== undefined) this.#isWritten = false;
  }
}
