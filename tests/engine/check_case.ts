/** Runs a case of the table on an engine, beside the reference interpreter. */
import assert from "node:assert/strict";
import { Stream } from "../../lib/base/rng.ts";
import type { Engine, Tensor, Tensors } from "../../lib/engine/engine.ts";
import { differentiate } from "../../lib/engine/ir/grad.ts";
import { type DType, Graph, sizeOf } from "../../lib/engine/ir/graph.ts";
import type { OpCase } from "./cases.ts";
import { interpret, type Numbers } from "./reference.ts";

/** A case as a graph: output "y", and for each differentiated input x its gradient "d/x". */
export interface CaseGraph {
  readonly graph: Graph;
  /** Values of the graph's inputs, among them "weights" if there are gradients. */
  readonly inputs: Numbers;
}

/** Builds the graph of a case; the loss is the sum of y times random weights. */
export function graphOf(each: OpCase): CaseGraph {
  const graph = new Graph();
  const values = Object.entries(each.inputs).map(([name, { shape, dtype }]) =>
    graph.input(name, shape, dtype)
  );
  const y = each.build(graph, ...values);
  graph.output("y", y);
  const inputs: Record<string, ArrayLike<number>> = {};
  for (const [name, input] of Object.entries(each.inputs)) inputs[name] = input.values;
  if (each.wrt.length > 0) {
    const stream = new Stream(2, "tests/cases/weights");
    inputs["weights"] = Array.from({ length: sizeOf(y.shape) }, () => Math.fround(stream.normal()));
    const product = graph.mul(y, graph.input("weights", y.shape));
    const loss = graph.reduceSum(product, y.shape.map((_, axis) => axis));
    const wrt = each.wrt.map((name) => graph.inputs.get(name)!);
    for (const [i, gradient] of differentiate(graph, loss, wrt).entries()) {
      graph.output(`d/${each.wrt[i]}`, gradient);
    }
  }
  return { graph, inputs };
}

/** Compares an engine's result and derivatives of a case with the reference. */
export async function checkCase(engine: Engine, each: OpCase): Promise<void> {
  const { graph, inputs } = graphOf(each);
  const expected = interpret(graph, inputs);
  const executable = await engine.compile(graph);
  try {
    const actual = await executable.run(tensorsOf(graph, inputs));
    assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
    for (const [name, value] of graph.outputs) {
      assert.ok(actual[name] instanceof ARRAYS[value.dtype], `${name} is no ${value.dtype} array`);
      const tolerance = value.dtype === "f32" ? each.tolerance : 0;
      assertClose(actual[name]!, expected[name]!, { what: `${each.name}: ${name}`, tolerance });
    }
  } finally {
    await executable.dispose();
  }
}

const ARRAYS = { f32: Float32Array, i32: Int32Array, bool: Uint8Array };

/** Numbers as the tensors that a graph's inputs take. */
export function tensorsOf(graph: Graph, numbers: Numbers): Tensors {
  return Object.fromEntries(
    [...graph.inputs].map(([name, { dtype }]) => [name, tensorOf(numbers[name]!, dtype)]),
  );
}

function tensorOf(values: ArrayLike<number>, dtype: DType): Tensor {
  return ARRAYS[dtype].from(values);
}

/**
 * Fails unless all elements agree.
 *
 * @param options tolerance: allowed error relative to the largest magnitude expected, at
 *   least 1; equal infinities agree
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { what, tolerance = 2e-6 }: { what: string; tolerance?: number | undefined },
): void {
  assert.equal(actual.length, expected.length, `${what}: number of elements`);
  let scale = 1;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) scale = Math.max(scale, Math.abs(expected[i]!));
  }
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] === expected[i]) continue;
    const error = Math.abs(actual[i]! - expected[i]!);
    // Not written as a comparison the other way round: NaN must fail.
    if (!(error <= tolerance * scale)) {
      assert.fail(`${what}: element ${i} is ${actual[i]}, expected ${expected[i]}`);
    }
  }
}
