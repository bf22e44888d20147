/** What a law in several variables is: its form, its parameters, and where a search begins. */

/** A law, whatever it is fitted to. */
export interface Law {
  /** The name, as specs write it. */
  readonly name: string;
  /** The formula that the parameters are of. */
  readonly form: string;
  /** What stands on its axes, in the order of the columns that it is given. */
  readonly variables: readonly string[];
  /** The names of the parameters, in order. */
  readonly parameters: readonly string[];
  /** Whether residuals are of the logarithm, as of a loss, or plain, as of a score. */
  readonly residual: "log" | "plain";
  /** The law at points. */
  at(columns: readonly Float64Array[]): LawAtPoints;
}

/** A law at given points. Inside, its parameters are numbers that a search can move freely. */
export interface LawAtPoints {
  /**
   * What the law says of a point, its logarithm where the residuals are of that; the
   * gradient by the inner parameters is written into the last argument.
   */
  predict(inner: Float64Array, point: number, gradient: Float64Array): number;
  /** Where searches begin. */
  starts(ys: Float64Array): readonly Float64Array[];
  /** The parameters by their order, from the inner ones. */
  outward(inner: Float64Array): readonly number[];
  /** The inner parameters, from those by their order. */
  inward(parameters: readonly number[]): Float64Array;
  /** What the law says of other points, in the unit of what is fitted. */
  evaluate(inner: Float64Array, columns: readonly Float64Array[]): Float64Array;
}
