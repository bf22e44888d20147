/**
 * What an update of micro-batches is: the gradient of the mean over the whole batch, summed in
 * float32 in the order of rows; its bits follow from the size of the micro-batches and nothing else.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { AdamW, Tensors } from "../../lib/engine/engine.ts";
import { OnnxEngine } from "../../lib/engine/onnx/engine.ts";
import { OnnxTrainingSession } from "../../lib/engine/onnx/training_session.ts";
import { bertConfig } from "../../lib/model/config.ts";
import { maskedLanguageModel } from "../../lib/model/heads/heads.ts";
import { freshState, initialParams } from "../../lib/model/init.ts";
import { MaskedBatches, type RowSource } from "../../lib/train/batches.ts";
import { CorpusRows } from "../../lib/train/corpus_rows.ts";
import { PairRows } from "../../lib/train/pair_rows.ts";

const PIECES = { size: 40, padId: 0, clsId: 2, sepId: 3, maskId: 4, continues: () => false };
const ROWS = 6, ROW_PIECES = 12;
const configWith = (dropout: number) =>
  bertConfig(
    { vocabSize: 40, layers: 2, hiddenSize: 16, heads: 2, intermediateSize: 32 },
    { positions: 12, dropout, attentionDropout: dropout },
  );
const CONFIG = configWith(0);
const SENTENCES = Uint32Array.of(3, 2, 4, 3, 2, 5);
const read = (start: number, count: number) =>
  Int32Array.from({ length: count }, (_, i) => 5 + (7 * (start + i) + (start + i) ** 2) % 35);
const SOURCES: Readonly<Record<string, RowSource>> = {
  "full rows": new CorpusRows({ tokens: 900, read }, {
    rowPieces: ROW_PIECES,
    pieces: PIECES,
    name: "corpus",
  }),
  pairs: new PairRows({
    stream: { tokens: 900, read },
    documents: {
      documents: 40,
      read: (from, to) =>
        Array.from(
          { length: to - from },
          (_, i) => ({ start: 20 * (from + i), sentences: SENTENCES }),
        ),
    },
  }, {
    rowPieces: ROW_PIECES,
    pieces: PIECES,
    shortRows: 0.5,
    seed: 1,
    name: "corpus",
    generations: 2,
  }),
};
/** The first moment of one step is the gradient itself. */
const BARE: AdamW = { beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, biasCorrection: false };

/** The gradients and losses of one step on some micro-batches. */
async function gradientsOf(
  parts: readonly Tensors[],
  { isPaired, partOf, rows, predictions, threads = 1, dropout = 0 }: {
    readonly isPaired: boolean;
    readonly partOf: number | undefined;
    readonly rows: number;
    readonly predictions: number;
    readonly threads?: number;
    readonly dropout?: number;
  },
) {
  const shape = { rows, length: ROW_PIECES, predictions, isTraining: true };
  const model = maskedLanguageModel(configWith(dropout), {
    ...shape,
    nextSentence: isPaired,
    partOf,
  });
  const session = await new OnnxEngine({ threads }).train({
    ...model,
    loss: "loss",
    optimizer: BARE,
  });
  await session.load(freshState(initialParams(model.params, { seed: 2, std: 0.3 })));
  const outputs = await (await session.step(parts, { learningRate: 1, step: 1 })).read();
  const { firstMoments } = await session.save();
  await session.dispose();
  return { gradients: firstMoments, outputs };
}

function assertNear(actual: Float32Array, wanted: Float32Array, what: string): void {
  const scale = Math.max(1e-3, ...wanted.map(Math.abs));
  const worst = Math.max(...wanted.map((each, i) => Math.abs(each - actual[i]!)));
  assert(worst < 2e-5 * scale, `${what} is off by ${worst} of ${scale}`);
}

for (const [name, source] of Object.entries(SOURCES)) {
  const { isPaired } = source;

  Deno.test(`an update of micro-batches is that of the sums of their gradients, to the bit: ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2, 3),
        fc.integer({ min: 1, max: 30 }),
        async (microBatch, step) => {
          const options = { rows: ROWS, microBatch, seed: 4, maskRate: 0.3 };
          const batches = new MaskedBatches(source, options);
          const parts = batches.partsAt(step).map((each) => ({ ...each }));
          const shape = { isPaired, partOf: ROWS, rows: microBatch };
          const given = { ...shape, predictions: batches.predictions };
          const together = await gradientsOf(parts, { ...given, threads: 2 });
          const alone = [];
          for (const part of parts) alone.push(await gradientsOf([part], given));
          for (const [param, gradient] of Object.entries(together.gradients)) {
            const sum = alone[0]!.gradients[param]!.slice();
            for (const each of alone.slice(1)) {
              each.gradients[param]!.forEach((value, i) => sum[i]! += value);
            }
            assert.deepEqual(gradient, sum, param);
          }
        },
      ),
      { numRuns: 6 },
    );
  });

  const nearWhole = async (dropout: number) => {
    const seeded = (parts: readonly Tensors[], rows?: number) =>
      dropout === 0 ? parts : parts.map((part, i) => (
        { ...part, dropoutSeed: Int32Array.of(5, 2, ...rows === undefined ? [] : [i * rows]) }
      ));
    const options = { rows: ROWS, seed: 4, maskRate: 0.3 };
    const whole = new MaskedBatches(source, options);
    const plain = await gradientsOf(seeded([{ ...whole.at(2) }]), {
      isPaired,
      partOf: undefined,
      rows: ROWS,
      predictions: whole.predictions,
      dropout,
    });
    for (const microBatch of [1, 2, 3]) {
      const batches = new MaskedBatches(source, { ...options, microBatch });
      const { gradients, outputs } = await gradientsOf(
        seeded(batches.partsAt(2).map((each) => ({ ...each })), microBatch),
        { isPaired, partOf: ROWS, rows: microBatch, predictions: batches.predictions, dropout },
      );
      for (const [output, value] of Object.entries(plain.outputs)) {
        assertNear(outputs[output] as Float32Array, value as Float32Array, output);
      }
      for (const [param, gradient] of Object.entries(plain.gradients)) {
        // The keys' bias has no gradient but rounding errors.
        if (!param.endsWith("key.bias")) assertNear(gradients[param]!, gradient, param);
      }
    }
  };

  Deno.test(`an update of micro-batches is near that of the whole batch, whatever their size: ${name}`, async () => {
    await nearWhole(0);
  });

  Deno.test(`dropout drops in micro-batches what it drops in the whole batch: ${name}`, async () => {
    await nearWhole(0.3);
  });
}

Deno.test("micro-batches as large as the batch are the batch itself", () => {
  const options = { rows: ROWS, seed: 4, maskRate: 0.3 };
  const batches = new MaskedBatches(SOURCES["full rows"]!, { ...options, microBatch: ROWS });
  const plain = new MaskedBatches(SOURCES["full rows"]!, options);
  assert.deepEqual(batches.partsAt(5), [plain.at(5)]);
  assert.deepEqual(plain.partsAt(5), [plain.at(5)]);
});

Deno.test("a training's memory follows the micro-batch, not the batch", async () => {
  const bytesOf = async (rows: number) => {
    const model = maskedLanguageModel({ ...CONFIG, positions: 64 }, {
      rows,
      length: 64,
      predictions: 10 * rows,
      isTraining: true,
      partOf: 96,
    });
    const program = { ...model, loss: "loss", optimizer: BARE };
    const session = await OnnxTrainingSession.start(program, { threads: 1 });
    await session.dispose();
    return session.parts.memory.buffer.byteLength;
  };
  const [two, sixteen] = [await bytesOf(2), await bytesOf(16)];
  assert(sixteen > 4 * two, `${two} and ${sixteen} bytes`);
});
