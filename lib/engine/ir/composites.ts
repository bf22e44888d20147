/** What the fused operations of several operands or results take and give, by name. */
import type { Value } from "./ops.ts";

/** A linear layer of several that read one input. */
export interface ProjectionWeights {
  /** [out, in] */
  readonly weight: Value;
  /** [out] */
  readonly bias: Value;
}

/** The gradients of projections. */
export interface ProjectionGradients {
  /** Of the shape of x; with what it was to be added to. */
  readonly dx: Value;
  /** Of the weights, in their order. */
  readonly dweights: readonly Value[];
  /** Of the biases, in their order. */
  readonly dbiases: readonly Value[];
}

/** The gradients of a layer norm. */
export interface LayerNormGradients {
  /** Of the shape of x. */
  readonly dx: Value;
  /** Of the shape of gamma. */
  readonly dgamma: Value;
  /** Of the shape of beta. */
  readonly dbeta: Value;
}

/** What an attention takes besides queries, keys and values. */
export interface AttentionOptions {
  /** Broadcasts to [B, H, T, S]; 0 to attend, a large negative number not to. */
  readonly bias: Value;
  /** Broadcasts to [B, H, T, S]: what the probabilities are multiplied by, as in dropout. */
  readonly mask?: Value | undefined;
  /** What the products of queries and keys are multiplied by. */
  readonly scale: number;
}

/** The gradients of an attention, each of the shape of its operand. */
export interface AttentionGradients {
  /** Of the queries. */
  readonly dq: Value;
  /** Of the keys. */
  readonly dk: Value;
  /** Of the values. */
  readonly dv: Value;
}
