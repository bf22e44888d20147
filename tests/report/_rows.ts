/** Metrics and facts of the rows that tests of reports make up. */
import type { KnownFacts } from "../../lib/base/facts.ts";
import type { Metric } from "../../lib/base/measures.ts";

/** A score from 0 to 1. */
export const F1: Metric = {
  unit: "fraction",
  better: "higher",
  range: [0, 1],
  isHeadline: true,
  about: "A made-up score.",
};

/** A training of which nothing is known. */
export const NO_FACTS: KnownFacts = {
  steps: undefined,
  uniqueTokens: undefined,
  seenTokens: undefined,
  flops: undefined,
  parameters: undefined,
  epochs: undefined,
};
