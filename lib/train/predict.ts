/**
 * Prediction: what a fine-tuned model gives for each example, padded, in the order of their lengths.
 */
import type { Example, Head } from "../benchmarks/benchmark.ts";
import type { Executable } from "../engine/engine.ts";
import { AbortWatch } from "./abort_watch.ts";
import { type Padding, padRows, type RowShape, shapeFor } from "./row_batch.ts";

/** What a head gave for an example. */
export interface Predicted<Row> {
  /** The place of the example among those given. */
  readonly index: number;
  /** The example. */
  readonly example: Row;
  /**
   * Its own outputs: for tokens [pieces * labels], for a sequence [labels], for a span
   * [pieces * 2]; a view that is over with the next one.
   */
  readonly outputs: Float32Array;
}

/**
 * What the head gives for each example, the short ones first.
 *
 * @param compile makes a classifier's forward graph for rows of a length; it is disposed
 *   of after the last batch of that length
 * @throws the signal's reason when it is aborted
 */
export async function* predict<Row extends Example>(
  compile: (length: number) => Promise<Executable>,
  options: {
    readonly examples: readonly Row[];
    readonly padding: Padding;
    readonly head: Head;
    /** Stops between two batches. */
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Predicted<Row>, void> {
  const { examples, padding, head } = options;
  const watch = new AbortWatch(options.signal);
  const byLength = Map.groupBy(
    examples.map((example, index) => ({ example, index })),
    ({ example }) => shapeFor([example], padding).length,
  );
  for (const length of padding.lengths) {
    const chosen = byLength.get(length);
    if (chosen === undefined) continue;
    const model = await compile(length);
    try {
      for (let start = 0; start < chosen.length; start += padding.rows) {
        await watch.check();
        const batch = chosen.slice(start, start + padding.rows);
        yield* predictBatch(model, batch, { ...padding, length, head });
      }
    } finally {
      await model.dispose();
    }
  }
}

async function* predictBatch<Row extends Example>(
  model: Executable,
  batch: readonly Omit<Predicted<Row>, "outputs">[],
  { head, ...shape }: RowShape & { readonly head: Head },
): AsyncGenerator<Predicted<Row>, void> {
  const width = head.kind === "span" ? 2 : head.labels;
  const rows = padRows(batch.map(({ example }) => example), shape);
  const logits = (await model.run({ ...rows })).logits as Float32Array;
  for (const [row, each] of batch.entries()) {
    const first = head.kind === "sequence" ? row : row * shape.length;
    const count = head.kind === "sequence" ? 1 : each.example.ids.length;
    yield { ...each, outputs: logits.subarray(first * width, (first + count) * width) };
  }
}
