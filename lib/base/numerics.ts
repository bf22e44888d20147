/** What computes, as far as it affects the bits of a result: part of a numeric task's key. */

/** An engine and its arithmetic. */
export interface Numerics {
  /** The engine by name, such as "onnx-cpu". */
  readonly engine: string;
  /** The type of the arithmetic, such as "float32". */
  readonly precision: string;
  /** How many devices each compute a part of every batch, so that sums have another order. */
  readonly replicas?: number;
}
