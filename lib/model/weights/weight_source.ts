/** What every file of weights is to those that read it, whatever its form. */
import type { Shape } from "../../engine/ir/graph.ts";

/** Tensors by name, read one at a time. */
export interface WeightSource extends Disposable {
  /** The file, or the index of several. */
  readonly path: string;
  /** What there is. */
  readonly entries: ReadonlyMap<string, { readonly dtype: string; readonly shape: Shape }>;
  /** Reads a tensor as f32. */
  read(name: string): Promise<Float32Array>;
}
