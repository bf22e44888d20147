/**
 * How fast a device multiplies matrices: what the speed of a training is measured by.
 *
 * Utilisation is the share of this rate that a training's own products came to. It is
 * measured where and with the threads with which the training ran, so on a busy
 * machine both suffer alike.
 */
import type { Engine } from "./engine.ts";
import { Graph } from "./ir/graph.ts";

/** Products of this size fill the caches and units of a core; a GPU wants larger ones. */
const SIZE = 512;
/** The best of so many; what disturbs one seldom disturbs all. */
const REPEATS = 5;
/** A slow device is known well enough after so long. */
const ENOUGH_MS = 100;

/** Floating-point operations a second of plain float32 products of 512 x 512 matrices. */
export async function productRate(engine: Engine): Promise<number> {
  const graph = new Graph();
  const a = graph.input("a", [SIZE, SIZE]), b = graph.input("b", [SIZE, SIZE]);
  graph.output("product", graph.matmul(a, b));
  const executable = await engine.compile(graph);
  try {
    const inputs = { a: filled(0.5), b: filled(0.25) };
    // The first one also pays for threads and memory.
    await executable.run(inputs);
    let leastMs = Infinity, spentMs = 0;
    for (let repeat = 0; repeat < REPEATS && spentMs < ENOUGH_MS; repeat++) {
      const startMs = performance.now();
      await executable.run(inputs);
      const tookMs = performance.now() - startMs;
      spentMs += tookMs;
      leastMs = Math.min(leastMs, tookMs);
    }
    return 2 * SIZE ** 3 / (leastMs / 1000);
  } finally {
    await executable.dispose();
  }
}

function filled(value: number): Float32Array {
  return new Float32Array(SIZE * SIZE).fill(value);
}
