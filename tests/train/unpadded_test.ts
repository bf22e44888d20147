/**
 * A step without padding is the step with it: the same gradients, and in micro-batches those of
 * the whole batch, dropout included.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Example, Head } from "../../lib/benchmarks/benchmark.ts";
import type { AdamW, TrainingState } from "../../lib/engine/engine.ts";
import { OnnxEngine } from "../../lib/engine/onnx/engine.ts";
import { bertConfig } from "../../lib/model/config.ts";
import { classifier } from "../../lib/model/heads/heads.ts";
import { freshState, initialParams } from "../../lib/model/init.ts";
import { finetune, trainedBatches } from "../../lib/train/finetune.ts";
import { paddedLengths, shapeName } from "../../lib/train/row_batch.ts";
import { BEGINNING } from "../../lib/train/steps.ts";

const HEADS: readonly Head[] = [
  { kind: "tokens", labels: 3 },
  { kind: "sequence", labels: 2 },
  { kind: "span" },
];
/** The first moment of one step is the gradient itself. */
const BARE: AdamW = { beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, biasCorrection: false };
const ROWS = 4;

/** Rows of so many pieces, with something to learn in each. */
function rowsOf(lengths: readonly number[], { kind }: Head): readonly Example[] {
  return lengths.map((length, row) => {
    const ids = Int32Array.from({ length }, (_, i) => 1 + (7 * i + 3 * row + length) % 19);
    if (kind === "tokens") return { ids, targets: ids.map((id, i) => i === 0 ? -1 : id % 3) };
    if (kind === "sequence") return { ids, targets: Int32Array.of(row % 2) };
    return { ids, targets: Int32Array.of(row % length, length - 1) };
  });
}

/** The gradients of the one step that takes all rows. */
async function gradientsOf(
  examples: readonly Example[],
  { head, hidden, dropout, parts, ...padding }: {
    readonly head: Head;
    readonly hidden: number;
    readonly dropout: number;
    readonly parts: number;
    readonly isUnpadded: boolean;
    readonly lengths: readonly number[];
  },
): Promise<TrainingState["firstMoments"]> {
  const rows = ROWS / parts, partOf = parts === 1 ? undefined : ROWS;
  const config = bertConfig(
    { vocabSize: 20, layers: 2, hiddenSize: hidden, heads: 2, intermediateSize: 12 },
    { positions: 64, dropout, attentionDropout: dropout },
  );
  const options = {
    examples,
    padding: { ...padding, rows, padId: 0, hasSegments: false },
    parts,
    steps: 1,
    seed: 5,
  };
  const [own, ...others] = trainedBatches(examples, options).shapes.map(({ shape }) =>
    classifier(config, { ...shape, head, isTraining: true, partOf })
  );
  const session = await new OnnxEngine({ threads: 1 }).train({
    ...own!,
    otherShapes: others.map(({ graph }) => graph),
    loss: "loss",
    optimizer: BARE,
  });
  try {
    await session.load(freshState(initialParams(own!.params, { seed: 2, std: 0.3 })));
    const training = finetune({
      ...options,
      session,
      head,
      from: BEGINNING,
      learningRate: 1,
      warmupFraction: 0,
      hasDropout: dropout > 0,
      save: () => Promise.resolve(),
      signal: new AbortController().signal,
    });
    await Array.fromAsync(training);
    return (await session.save()).firstMoments;
  } finally {
    await session.dispose();
  }
}

function assertNear(
  actual: TrainingState["firstMoments"],
  wanted: TrainingState["firstMoments"],
): void {
  for (const [name, gradient] of Object.entries(wanted)) {
    // Where a gradient is 0 but for rounding, as that of a span's bias, the sum it is of is not.
    const scale = Math.max(1e-2, ...gradient.map(Math.abs));
    const worst = Math.max(...gradient.map((each, i) => Math.abs(each - actual[name]![i]!)));
    assert(worst < 2e-5 * scale, `${name} is off by ${worst} of ${scale}`);
  }
}

const lengths = fc.array(fc.integer({ min: 2, max: 40 }), { minLength: ROWS, maxLength: ROWS });

for (const head of HEADS) {
  Deno.test(`the gradients of a step without padding are those with it: ${head.kind}`, async () => {
    await fc.assert(
      fc.asyncProperty(lengths, async (counts) => {
        const examples = rowsOf(counts, head);
        const options = { head, hidden: 8, dropout: 0, parts: 1 };
        const longest = Math.max(...counts);
        const ladder = paddedLengths(examples, 64);
        const bare = await gradientsOf(examples, { ...options, isUnpadded: true, lengths: ladder });
        if (head.kind !== "span") {
          const padded = { ...options, isUnpadded: false, lengths: ladder };
          assertNear(bare, await gradientsOf(examples, padded));
        } else {
          // Padding would compete there: so rows without any are what it is compared with.
          const even = rowsOf(counts.map(() => longest), head);
          const whole = { ...options, lengths: [longest] };
          assertNear(
            await gradientsOf(even, { ...whole, isUnpadded: true }),
            await gradientsOf(even, { ...whole, isUnpadded: false }),
          );
          // How long rows could be makes no difference.
          assertNear(
            bare,
            await gradientsOf(examples, { ...options, isUnpadded: true, lengths: [64] }),
          );
        }
      }),
      { numRuns: 6 },
    );
  });

  Deno.test(`micro-batches drop what the whole batch does, padded or not: ${head.kind}`, async () => {
    const drawn = fc.record({
      counts: lengths,
      hidden: fc.constantFrom(6, 8),
      parts: fc.constantFrom(2, 4),
      isUnpadded: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ counts, parts, ...more }) => {
        const examples = rowsOf(counts, head);
        // The longest is no multiple of four.
        const options = { head, dropout: 0.3, lengths: [16, 41], ...more };
        const whole = await gradientsOf(examples, { ...options, parts: 1 });
        assertNear(await gradientsOf(examples, { ...options, parts }), whole);
      }),
      {
        numRuns: 6,
        // One long row among short ones: parts that alone would be in shorter rows.
        examples: [true, false].map((isUnpadded) => [
          { counts: [3, 39, 5, 7], hidden: 6, parts: 4, isUnpadded },
        ]),
      },
    );
  });
}

Deno.test("micro-batches without padding are of the pieces of their own rows", () => {
  const padding = {
    rows: 1,
    lengths: [16, 48],
    padId: 0,
    hasSegments: false,
    isUnpadded: true,
  };
  const examples = rowsOf([40, 3, 3, 3], HEADS[1]!);
  const { shapes, tokens } = trainedBatches(examples, { padding, parts: 4, steps: 1, seed: 5 });
  assert.equal(tokens, 49);
  assert.deepEqual(shapes.map(({ shape, batches }) => [shapeName(shape), batches]), [
    ["48 in rows of 48", 4],
  ]);
});
