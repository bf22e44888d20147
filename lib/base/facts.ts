/**
 * Facts: how far training had come and what it cost, as a task says of its artifact.
 *
 * Declared once: the record of artifacts, the columns of the database, what a fit
 * may stand against, and all comments on them derive from this table.
 */

/** One fact: where it stands in the database and what it means. */
export interface FactInfo {
  /** The column in the database. */
  readonly column: string;
  /** The column's type. */
  readonly type: "BIGINT" | "DOUBLE";
  /** What it counts. */
  readonly unit: string;
  /** One sentence for column comments and help. */
  readonly about: string;
  /** Whether it may stand on the x axis of a fit. */
  readonly isFitted?: true;
}

/**
 * Every fact. Those without "own" belong to the model as it stands and include all that
 * came before; they follow from the key. Those with "own" say what this task itself spent,
 * which depends on where it started from; sums over tasks are sums of these.
 */
export const FACTS = {
  steps: {
    column: "steps",
    type: "BIGINT",
    unit: "optimizer updates",
    about: "Optimizer updates of the pre-training that was measured, from its beginning.",
    isFitted: true,
  },
  uniqueTokens: {
    column: "unique_tokens",
    type: "BIGINT",
    unit: "tokens",
    about: "Distinct corpus tokens that the pre-training has seen.",
    isFitted: true,
  },
  seenTokens: {
    column: "seen_tokens",
    type: "BIGINT",
    unit: "tokens",
    about: "Tokens that went through the pre-training, repetitions counted.",
    isFitted: true,
  },
  flops: {
    column: "flops",
    type: "DOUBLE",
    unit: "floating-point operations",
    about: "Spent on training up to here, all trainings before it and fine-tuning included; " +
      "evaluation is not counted.",
    isFitted: true,
  },
  parameters: {
    column: "parameters",
    type: "BIGINT",
    unit: "numbers",
    about: "Trained parameters of the model.",
    isFitted: true,
  },
  epochs: {
    column: "epochs",
    type: "DOUBLE",
    unit: "passes",
    about: "seen_tokens / tokens of the corpus: below 1 not all of it was seen.",
    isFitted: true,
  },
  allTokens: {
    column: "all_tokens",
    type: "BIGINT",
    unit: "tokens",
    about: "Tokens that went through all pre-trainings of the model, repetitions counted.",
    isFitted: true,
  },
  furtherShare: {
    column: "further_share",
    type: "DOUBLE",
    unit: "all_tokens, from 0 to 1",
    about: "seen_tokens / all_tokens: where a general model goes on with text of a domain, the " +
      "share of that text; 1 from scratch.",
    isFitted: true,
  },
  heldOutLossNats: {
    column: "held_out_loss_nats",
    type: "DOUBLE",
    unit: "nats",
    about: "Held-out loss of masked pieces at the end of the pre-training.",
    isFitted: true,
  },
  learningRateShare: {
    column: "learning_rate_share",
    type: "DOUBLE",
    unit: "the schedule's full rate, from 0 to 1",
    about: "Learning rate of the last update: near 0 the training was brought to its end.",
  },
  pretrainings: {
    column: "pretrainings",
    type: "BIGINT",
    unit: "trainings",
    about: "Pre-trainings that the model went through, this one included.",
  },
  ownSteps: {
    column: "own_steps",
    type: "BIGINT",
    unit: "optimizer updates",
    about: "Optimizer updates that this task itself made, from where it started.",
  },
  ownTokens: {
    column: "own_tokens",
    type: "BIGINT",
    unit: "tokens",
    about: "Tokens that this task itself trained on, repetitions counted.",
  },
  ownFlops: {
    column: "own_flops",
    type: "DOUBLE",
    unit: "floating-point operations",
    about: "Spent on training by this task itself.",
  },
} as const satisfies Readonly<Record<string, FactInfo>>;

/** A fact by name. */
export type FactName = keyof typeof FACTS;

/** What a task says of its artifact; unknown facts are absent. */
export type Facts = { readonly [Name in FactName]?: number };

/** Facts of which some may be unknown, said or left out. */
export type KnownFacts = { readonly [Name in FactName]?: number | undefined };

/** A fact that may stand on the x axis of a fit. */
export type FitFact = {
  [Name in FactName]: (typeof FACTS)[Name] extends { readonly isFitted: true } ? Name : never;
}[FactName];

/** The facts by name. */
export const FACT_NAMES = Object.keys(FACTS) as readonly FactName[];

/** The facts that may stand on the x axis of a fit, in order. */
export const FIT_FACTS: readonly FitFact[] = FACT_NAMES.filter((name): name is FitFact =>
  (FACTS[name] as FactInfo).isFitted === true
);
