import assert from "node:assert/strict";
import type { Head } from "../../lib/benchmarks/benchmark.ts";
import type { Executable, Tensors } from "../../lib/engine/engine.ts";
import { predict } from "../../lib/train/predict.ts";
import { example, TOKENS } from "./_examples.ts";

Deno.test("predict() gives each example its own outputs, in batches of its length", async () => {
  // The outputs of a place are its id and minus its id.
  const both = (ids: Iterable<number>) => Float32Array.from([...ids].flatMap((id) => [id, -id]));
  let open = 0;
  const compiled: number[] = [];
  const compileAs =
    (logitsOf: (ids: Tensors[string], length: number) => Float32Array) => (length: number) => {
      open++;
      compiled.push(length);
      return Promise.resolve({
        run: ({ ids }: Tensors) => Promise.resolve({ logits: logitsOf(ids!, length) }),
        dispose: () => Promise.resolve(void open--),
      });
    };
  const ofPieces = compileAs((ids) => both(ids));
  const ofRows = compileAs((ids, length) => both([ids[0]!, ids[length]!]));
  const examples = [example(4, 14, 15, 3), example(5), example(2, 10, 3), example(6)];
  const padding = { rows: 2, lengths: [1, 2, 4], padId: 0, hasSegments: false };
  const { signal } = new AbortController();
  const outputsOf = async (compile: (length: number) => Promise<Executable>, head: Head) => {
    const found: number[][] = [];
    for await (
      const { index, example, outputs } of predict(compile, { examples, padding, head, signal })
    ) {
      assert.equal(open, 1);
      assert.equal(example, examples[index]);
      found[index] = [...outputs];
    }
    return found;
  };
  const byPiece = examples.map(({ ids }) => [...both(ids)]);
  assert.deepEqual(await outputsOf(ofPieces, { kind: "tokens", labels: 2 }), byPiece);
  assert.deepEqual(compiled, [1, 4]);
  assert.deepEqual(await outputsOf(ofPieces, { kind: "span" }), byPiece);
  const byRow = [[4, -4], [5, -5], [2, -2], [6, -6]];
  assert.deepEqual(await outputsOf(ofRows, { kind: "sequence", labels: 2 }), byRow);
  assert.equal(open, 0);
});

Deno.test("predict() stops between two batches when it is aborted", async () => {
  const abort = new AbortController();
  let batches = 0, disposed = 0;
  const model: Executable = {
    run({ ids }) {
      if (++batches === 2) abort.abort(new Error("interrupted"));
      return Promise.resolve({ logits: new Float32Array(3 * ids!.length) });
    },
    dispose: () => Promise.resolve(void disposed++),
  };
  const padding = { rows: 2, lengths: [1], padId: 0, hasSegments: false };
  const options = {
    examples: [example(10), example(11), example(12), example(13), example(14)],
    padding,
    head: TOKENS,
    signal: abort.signal,
  };
  const all = Array.fromAsync(predict(() => Promise.resolve(model), options));
  await assert.rejects(all, { message: "interrupted" });
  assert.deepEqual([batches, disposed], [2, 1]);
});
