/** What a reader finds in a file: a text with its label, or what it cannot use. */
import type { Mention } from "./markers.ts";
import type { LabelledText } from "./texts.ts";

/** A text and where it stands. */
export interface Found extends LabelledText {
  /** From 1. */
  readonly line: number;
  /** Its entities, where the file tells their offsets. */
  readonly mentions?: readonly Mention[];
  /** Whether an entity was found near a wrong offset. */
  readonly isRepaired?: boolean;
}

/** What cannot be used, and why. */
export interface Skipped {
  /** From 1. */
  readonly line: number;
  /** The same words for all of a kind, as they are counted by it. */
  readonly reason: string;
}
