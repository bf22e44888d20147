/**
 * The losses of twenty steps of a small BERT with dropout, as JSON: what a GPU is compared by.
 *
 *     deno run --allow-read --allow-env --allow-ffi tests/gpu/trajectory.ts DEVICE
 */
import { openDevice } from "../../lib/engine/devices.ts";
import { freshState, initialParams } from "../../lib/model/init.ts";
import { batchOf, programOf } from "./real_step.ts";

const STEPS = 20;

const [device] = Deno.args;
if (device === undefined) throw new Error("give a device");
const program = programOf({ preset: "bert-tiny", rows: 8, length: 32, dropout: 0.1 }, 512);
const engine = await openDevice({ name: device, threads: 1 });
const session = await engine.train(program);
await session.load(freshState(initialParams(program.params, { seed: 3, std: 0.02 })));
const losses: number[] = [];
for (let step = 1; step <= STEPS; step++) {
  const begun = await session.step(batchOf(program, step), { learningRate: 1e-3, step });
  losses.push((await begun.read())["loss"]![0]!);
}
await session.dispose();
// deno-lint-ignore no-console
console.log(JSON.stringify({ device, losses }));
