/**
 * What a report consists of, before it is a page or Markdown: sections of texts, grids,
 * figures, tables and lists. Texts in it are plain; whoever writes them out escapes them.
 */
import type { HeatMap } from "../heat_map.ts";
import type { Asked } from "./asked.ts";

/** A report. */
export interface Report {
  /** The experiment's name, or both. */
  readonly title: string;
  /** When and by what it was made: a line of facts. */
  readonly facts: readonly string[];
  /** What was asked and found, of each experiment. */
  readonly answers: readonly ReportAnswer[];
  /** The rest, in order. */
  readonly sections: readonly Section[];
}

/** The answer of an experiment. */
export interface ReportAnswer {
  /** The experiment's name where there are several. */
  readonly of?: string;
  /** The question in a sentence. */
  readonly question: string;
  /** The answer, a sentence each. */
  readonly sentences: readonly string[];
  /** By what rule the score was chosen that the sentences are of. */
  readonly rule?: string;
  /** What to be wary of. */
  readonly warnings: readonly { readonly text: string; readonly where: string }[];
}

/** A section of a report. */
export interface Section {
  /** The last part of its address. */
  readonly id: string;
  /** Its heading. */
  readonly title: string;
  /** What stands in it; nothing makes no section. */
  readonly blocks: readonly Block[];
}

/** A part of a section. */
export type Block = TextBlock | GridBlock | FigureBlock | TableBlock | StagesBlock | CodeBlock;

/** A paragraph. */
export interface TextBlock {
  readonly kind: "text";
  /** What it says. */
  readonly text: string;
}

/** A grid as a heat map. */
export interface GridBlock {
  readonly kind: "grid";
  /** Its heading. */
  readonly title: string;
  /** The cells. */
  readonly map: HeatMap;
  /** What its signs mean. */
  readonly notes: readonly string[];
  /** Where it comes from. */
  readonly data: Asked;
}

/** One or more drawings of the same rows. */
export interface FigureBlock {
  readonly kind: "figure";
  /** Their heading. */
  readonly title: string;
  /** The drawings, beside each other. */
  readonly drawings: readonly Drawing[];
  /** What their signs mean. */
  readonly notes: readonly string[];
  /** Where they come from. */
  readonly data: Asked;
}

/** A drawing. */
export interface Drawing {
  /** What its file is called, without an ending: letters, digits and dashes. */
  readonly name: string;
  /** What it shows, in words. */
  readonly description: string;
  /** SVG for a page, which brings the style sheet for dark paper. */
  readonly svg: string;
  /** Whether it keeps its size and is scrolled where there is less room. */
  readonly isWide?: boolean;
}

/** A table for people. */
export interface TableBlock {
  readonly kind: "table";
  /** Its heading. */
  readonly title: string;
  /** From left to right. */
  readonly columns: readonly { readonly name: string; readonly as?: "number" | "long" }[];
  /** A text a column. */
  readonly rows: readonly (readonly string[])[];
  /** What its signs mean. */
  readonly notes: readonly string[];
  /** Where it comes from; absent where it is not of the database. */
  readonly data?: Asked;
}

/** The graph of tasks, stage by stage. */
export interface StagesBlock {
  readonly kind: "stages";
  /** Its heading. */
  readonly title: string;
  /** In the order of the spec. */
  readonly stages: readonly StageItem[];
  /** Where it comes from. */
  readonly data: Asked;
}

/** A stage with its tasks. */
export interface StageItem {
  /** Its name. */
  readonly stage: string;
  /** The kind of its tasks. */
  readonly kind: string;
  /** How many tasks, in what states, how long they took. */
  readonly summary: string;
  /** Stages that its tasks read. */
  readonly reads: readonly string[];
  /** How many cells it has. */
  readonly cells: number;
  /** The first of its cells, or all: what stands there, and what became of the task. */
  readonly tasks: readonly { readonly label: string; readonly fate: string }[];
}

/** A text as it was written. */
export interface CodeBlock {
  readonly kind: "code";
  /** Its heading. */
  readonly title: string;
  /** Every character of it. */
  readonly text: string;
}
