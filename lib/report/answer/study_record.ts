/**
 * What an answer is made from: the scores, cells and curves of an experiment as plain rows.
 * Where they come from, a database or the memory of a run, is not known here.
 */
import type { StudyFit } from "../../analysis/scaling.ts";
import type { JsonObject } from "../../base/canonical.ts";
import type { KnownFacts } from "../../base/facts.ts";
import type { GridRow } from "../text/grid.ts";

/** A score of a cell, with how far training had come. */
export interface AnswerRow extends GridRow {
  /** What is known of the training that was measured. */
  readonly x: KnownFacts;
}

/** A cell that the spec asks for, with or without a score. */
export interface AnswerCell {
  /** The stage of the experiment. */
  readonly stage: string;
  /** The value that each axis has in this cell, by axis name. */
  readonly axes: JsonObject;
  /** What became of its task; "former": it shows a result from before the spec was changed. */
  readonly state: "there" | "missing" | "failed" | "skipped" | "former";
}

/** An experiment as it was recorded. */
export interface StudyRecord {
  /** What its results are filed under. */
  readonly experiment: string;
  /** One line on what it asks, where the spec says so. */
  readonly about?: string | undefined;
  /** Every score, in the order of the spec's stages and cells. */
  readonly rows: readonly AnswerRow[];
  /** Every cell, in the same order. */
  readonly cells: readonly AnswerCell[];
  /** The curves. */
  readonly fits: readonly StudyFit[];
}
