/** Steps that do not fit the CPU engine's memory: told before, and cut. */
import assert from "node:assert/strict";
import { openDevice } from "../../../lib/engine/devices.ts";
import type { TrainingProgram } from "../../../lib/engine/engine.ts";
import { MAX_BYTES } from "../../../lib/engine/onnx/kernels/linear_memory.ts";
import { stepMemoryOf } from "../../../lib/engine/onnx/memory_need.ts";
import { planTraining } from "../../../lib/engine/onnx/training_session.ts";
import { bertConfig } from "../../../lib/model/config.ts";
import { maskedLanguageModel } from "../../../lib/model/heads/heads.ts";
import { fitToMemory } from "../../../lib/tasks/training/fit_memory.ts";
import { PLAIN } from "../tiny_program.ts";

/** One layer with long rows: the scores of its attention alone take 8 MB a row. */
function longRows(rows: number, { vocabSize = 100 } = {}): TrainingProgram {
  const sizes = { layers: 1, hiddenSize: 32, heads: 8, vocabSize, intermediateSize: 128 };
  const length = 512, config = bertConfig(sizes, { positions: length, dropout: 0.1 });
  const shape = { rows, length, predictions: rows, isTraining: true };
  return { ...maskedLanguageModel(config, shape), loss: "loss", optimizer: PLAIN };
}

const endOf = (rows: number) => planTraining(longRows(rows)).end;

Deno.test("a batch that does not fit the CPU's memory is cut, as far as it must", async () => {
  const rows = 192,
    warnings: string[] = [],
    params: { rows: number; microBatch?: number } = { rows };
  const engine = await openDevice({ name: "cpu", threads: 1 });
  const fit = (given: typeof params) =>
    fitToMemory(given, {
      engine,
      device: "cpu",
      programOf: ({ microBatch = rows }) => longRows(microBatch),
      warn: (message) => warnings.push(message),
    });
  const { microBatch } = await fit(params);
  const divisors = [192, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];
  assert.equal(microBatch, divisors.find((each) => endOf(each) <= MAX_BYTES));
  assert(microBatch! < rows, "nothing was cut");
  assert.match(warnings.join(), /^a step of 192 rows at once takes .* as microBatch: \d+ would/);
  const fitting = { rows, microBatch: 2 };
  assert.equal(await fit(fitting), fitting);
  assert.equal(warnings.length, 1);
});

Deno.test("of a step of which nothing is told the memory is enough", () => {
  for (const rows of [1, 64, 192]) {
    for (const vocabSize of [100, 2_000_000]) {
      const program = longRows(rows, { vocabSize }), { end, layout } = planTraining(program);
      const told = stepMemoryOf(program);
      if (told === undefined) assert(end <= MAX_BYTES, `${rows} rows take ${end} bytes`);
      else {assert.deepEqual(told, {
          needBytes: end,
          stateBytes: layout.end,
          limitBytes: MAX_BYTES,
        });}
    }
  }
  assert.equal(stepMemoryOf(longRows(1)), undefined);
});

Deno.test("a step takes what its largest shape takes, whichever is the program's own", () => {
  const few = longRows(1), many = longRows(192), largest = stepMemoryOf(many);
  assert(largest !== undefined && largest.needBytes > MAX_BYTES);
  assert.deepEqual(stepMemoryOf({ ...few, otherShapes: [many.graph] }), largest);
  assert.deepEqual(stepMemoryOf({ ...many, otherShapes: [few.graph] }), largest);
});
