/**
 * How fast a device multiplies matrices: what the speed of a training is measured by.
 *
 * Utilisation is the share of this rate that a training's own products came to. It is
 * measured where and with the threads with which the training ran, so on a busy
 * machine both suffer alike.
 */
import type { Engine } from "./engine.ts";
import { Graph } from "./ir/graph.ts";

/** Products of this size fill the caches and units of a core. */
const SIZE = 512;
/** The best of so many; what disturbs one seldom disturbs all. */
const REPEATS = 5;
/** A slow device is known well enough after so long. */
const ENOUGH_MS = 100;

/**
 * Floating-point operations a second of plain products of square matrices, in the device's own
 * precision.
 *
 * @param size of the matrices; where more than a core's fill a device, they stay there and only
 *   a number comes back, or the way to and fro is all that is measured
 */
export async function productRate(engine: Engine, size: number = SIZE): Promise<number> {
  const staysThere = size > SIZE;
  const graph = new Graph();
  const a = graph.input("a", [size, size]), b = graph.input("b", [size, size]);
  const product = graph.matmul(a, b);
  graph.output("product", staysThere ? graph.reduceMax(product, [0, 1]) : product);
  const inputs = { a: filled(0.5, size), b: filled(0.25, size) };
  const executable = await engine.compile(graph, staysThere ? inputs : {});
  const given = staysThere ? {} : inputs;
  try {
    // The first one also pays for threads and memory.
    await executable.run(given);
    let leastMs = Infinity, spentMs = 0;
    for (let repeat = 0; repeat < REPEATS && spentMs < ENOUGH_MS; repeat++) {
      const startMs = performance.now();
      await executable.run(given);
      const tookMs = performance.now() - startMs;
      spentMs += tookMs;
      leastMs = Math.min(leastMs, tookMs);
    }
    return 2 * size ** 3 / (leastMs / 1000);
  } finally {
    await executable.dispose();
  }
}

function filled(value: number, size: number): Float32Array {
  return new Float32Array(size * size).fill(value);
}
