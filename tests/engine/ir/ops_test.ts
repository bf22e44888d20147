/**
 * Every operation and its derivative: finite differences in float64, each engine
 * against the reference interpreter, and TensorFlow.js's own gradients.
 *
 * The reference interpreter is independent of the engines and of the derivatives;
 * finite differences tie the derivatives to it.
 */
import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { DERIVATIVES } from "../../../lib/engine/ir/derivatives.ts";
import { CASES, type OpCase } from "../cases.ts";
import { assertClose, checkCase, graphOf } from "../check_case.ts";
import { testOnEachDevice } from "../each_device.ts";
import { interpret, type Numbers } from "../reference.ts";
import { registerTfjsGradients } from "../tfjs_gradients.ts";

Deno.test("CASES has every operation, each case by its own name", () => {
  const missing = Object.keys(DERIVATIVES).filter((op) => CASES.every((each) => each.op !== op));
  assert.deepEqual(missing, []);
  const names = CASES.map((each) => each.name);
  assert.equal(new Set(names).size, names.length);
  for (const each of CASES) {
    assert.ok(graphOf(each).graph.nodes.some(({ op }) => op === each.op), each.name);
  }
});

Deno.test("CASES has the gradient of every operation that has one", () => {
  const NONE = ["equal", "less", "stopGradient", "splat", "dropoutMask"];
  for (const op of Object.keys(DERIVATIVES)) {
    const differentiated = CASES.some((each) => each.op === op && each.wrt.length > 0);
    assert.equal(differentiated, !NONE.includes(op), op);
  }
});

for (const each of CASES) {
  testOnEachDevice(`agrees with the reference: ${each.name}`, (engine) => checkCase(engine, each));
  if (each.wrt.length > 0) {
    Deno.test(`differentiate() agrees with finite differences: ${each.name}`, () => {
      checkFiniteDifferences(each);
    });
  }
  if (each.tfjs !== undefined) {
    Deno.test(`differentiate() agrees with TensorFlow.js's gradients: ${each.name}`, async () => {
      await checkAgainstTfjs(each, each.tfjs!);
    });
  }
}

/** Central differences; their error is about STEP^2, and 1e-16 / STEP of rounding. */
const STEP = 1e-5;

function checkFiniteDifferences(each: OpCase): void {
  const { graph, inputs } = graphOf(each);
  const analytic = interpret(graph, inputs);
  const lossAt = (name: string, changed: Float64Array): number => {
    const { y } = interpret(graph, { ...inputs, [name]: changed });
    return y!.reduce((sum, value, i) => sum + (inputs["weights"]![i]! * value || 0), 0);
  };
  for (const name of each.wrt) {
    const at = Float64Array.from(inputs[name]!);
    const numeric = at.map((value, i) => {
      // The smallest step at which 1000 + step keeps its digits.
      const [above, below] = [value + STEP, value - STEP].map((moved) =>
        lossAt(name, at.with(i, moved))
      ) as [number, number];
      return Number.isFinite(value) ? (above - below) / (2 * STEP) : analytic[`d/${name}`]![i]!;
    });
    assertClose(analytic[`d/${name}`]!, numeric, {
      what: `${each.name}: d/${name}`,
      tolerance: 1e-7,
    });
  }
}

async function checkAgainstTfjs(each: OpCase, apply: NonNullable<OpCase["tfjs"]>): Promise<void> {
  await registerTfjsGradients();
  const { graph, inputs } = graphOf(each);
  const expected = interpret(graph, inputs);
  const dtypes = { f32: "float32", i32: "int32", bool: "bool" } as const;
  tf.tidy(() => {
    const tensors = Object.entries(each.inputs).map(([, { shape, dtype, values }]) =>
      tf.tensor([...values], [...shape], dtypes[dtype])
    );
    const tolerance = Math.max(each.tolerance ?? 0, 1e-5);
    const y = apply(tf, ...tensors);
    assertClose(y.dataSync(), expected["y"]!, { what: `${each.name}: y`, tolerance });
    if (each.wrt.length === 0) return;
    const names = Object.keys(each.inputs);
    const places = each.wrt.map((name) => names.indexOf(name));
    const f = (...moved: tf.Tensor[]) =>
      apply(
        tf,
        ...tensors.map((tensor, i) => places.includes(i) ? moved[places.indexOf(i)]! : tensor),
      );
    const dy = tf.tensor(Array.from(inputs["weights"] as Numbers[string]), y.shape);
    const gradients = tf.grads(f)(places.map((i) => tensors[i]!), dy);
    for (const [i, name] of each.wrt.entries()) {
      const what = `${each.name}: d/${name}`;
      assertClose(gradients[i]!.dataSync(), expected[`d/${name}`]!, { what, tolerance });
    }
  });
}
