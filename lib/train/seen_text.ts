/**
 * What is measured where a training is also measured on the text that it is trained on: what
 * of its use of context is of use elsewhere, and what was learnt by heart.
 */
import type { Mean } from "../analysis/clusters.ts";

/** What else is measured where a training is also measured on the text that it is trained on. */
export interface ContextScores {
  /** The part of the context gap that takes held-out loss below that of piece frequencies. */
  readonly usefulContextNats: Mean;
  /** `lossNats` on training text. */
  readonly seenLossNats: Mean;
  /** `contextGapNats` on training text. */
  readonly seenContextGapNats: Mean;
}

/** Whether a metric is measured on training text. */
export function isOfTrainingText(name: string): boolean {
  return name === "seenLossNats" || name === "seenContextGapNats";
}
