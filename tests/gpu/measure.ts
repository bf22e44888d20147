/**
 * Runs a real step on a device and says how fast it is and what memory it takes, as JSON.
 *
 *     deno run --allow-read --allow-write --allow-env --allow-ffi tests/gpu/measure.ts OPTIONS
 *
 * OPTIONS is JSON, see `Options`. With `textTo` it leaves the step's StableHLO there with what
 * its inputs are, for another runtime to run the same.
 */
import { openDevice } from "../../lib/engine/devices.ts";
import { productRate } from "../../lib/engine/product_rate.ts";
import type { XlaEngine } from "../../lib/engine/xla/engine.ts";
import { emitTrainingStep } from "../../lib/engine/xla/stablehlo/training_step.ts";
import { trainingFlops } from "../../lib/model/flops.ts";
import { freshState, initialParams } from "../../lib/model/init.ts";
import { batchOf, programOf, type RealStep } from "./real_step.ts";

/** What is measured. */
export interface Options extends RealStep {
  readonly device: string;
  /** Steps that are timed. */
  readonly steps: number;
  /** Of the square matrices whose product tells what the device could do. */
  readonly productSize: number;
  readonly vocabSize: number;
  readonly textTo?: string;
}

const options: Options = JSON.parse(Deno.args[0]!);
const { rows, length, device, steps } = options;
const startMs = performance.now();
const engine = await openDevice({ name: device, threads: navigator.hardwareConcurrency });
const { options: { programs, precision, platform } } = engine as XlaEngine;
const openedMs = performance.now();
const program = programOf(options, options.vocabSize);
if (options.textTo !== undefined) {
  const { text, inputs } = emitTrainingStep(program, { precision, platform });
  Deno.writeTextFileSync(`${options.textTo}.mlir`, text);
  Deno.writeTextFileSync(`${options.textTo}.json`, JSON.stringify({ inputs, rows, length, steps }));
}
const memory = await engine.memoryOf?.(program, { isInParts: false });
const session = await engine.train(program);
await session.load(freshState(initialParams(program.params, { seed: 3, std: 0.02 })));
const batches = Array.from({ length: 4 }, (_, i) => batchOf(program, i + 1));
let step = 0;
const begin = () => session.step(batches[step % 4]!, { learningRate: 1e-4, step: ++step });
const first = (await (await begin()).read())["loss"]![0]!;
const firstMs = performance.now();
// What is tuned or allocated late, and the steps that run ahead.
for (let i = 0; i < 3; i++) await (await begin()).read();
const timedMs = performance.now();
let last = await begin();
for (let i = 1; i < steps; i++) last = await begin();
const loss = (await last.read())["loss"]![0]!;
const stepMs = (performance.now() - timedMs) / steps;
const peakBytes = programs.client.memoryOf(programs.client.devices[0])?.peakBytes;
await session.dispose();
const flops = trainingFlops(program.graph, program.params);
// deno-lint-ignore no-console
console.log(JSON.stringify({
  kind: programs.client.devices[0].kind,
  openS: (openedMs - startMs) / 1000,
  firstStepS: (firstMs - openedMs) / 1000,
  stepMs,
  tokensPerSecond: 1000 * rows * length / stepMs,
  flopsPerSecond: 1000 * flops / stepMs,
  productFlopsPerSecond: await productRate(engine, options.productSize),
  predictedBytes: memory?.needBytes,
  limitBytes: memory?.limitBytes,
  peakBytes,
  firstLoss: first,
  lastLoss: loss,
}));
