/**
 * Which parts of a graph go to kernels, and that either way the results are right.
 *
 * Each case is computed forward and backward beside the reference interpreter; sizes
 * that do not suit the kernels must fall back to ONNX Runtime's operators.
 */
import assert from "node:assert/strict";
import { Stream } from "../../../../lib/base/rng.ts";
import { differentiate } from "../../../../lib/engine/ir/grad.ts";
import { Graph, type Shape, sizeOf, type Value } from "../../../../lib/engine/ir/graph.ts";
import { OnnxEngine } from "../../../../lib/engine/onnx/engine.ts";
import { prepare } from "../../../../lib/engine/onnx/executable.ts";
import { lowerGraph } from "../../../../lib/engine/onnx/lower/lower.ts";
import { assertClose, tensorsOf } from "../../check_case.ts";
import { interpret } from "../../reference.ts";

/** A graph whose loss is the sum of y * dy, with the gradients for some inputs. */
function withGradients(build: (graph: Graph) => { y: Value; wrt: readonly string[] }): Graph {
  const graph = new Graph();
  const { y, wrt } = build(graph);
  const product = graph.mul(y, graph.input("dy", y.shape));
  const loss = graph.reduceSum(product, y.shape.map((_, axis) => axis));
  graph.output("y", y);
  const gradients = differentiate(graph, loss, wrt.map((name) => graph.inputs.get(name)!));
  for (const [i, name] of wrt.entries()) graph.output(`d/${name}`, gradients[i]!);
  return graph;
}

/** Computes a graph on random inputs, checks it, and tells the kernels that were called. */
async function check(graph: Graph, given: Record<string, number[]> = {}): Promise<string[]> {
  const stream = new Stream(4, "kernel patterns");
  const inputs = Object.fromEntries(
    [...graph.inputs].map(([name, { shape }]) => [
      name,
      given[name] ?? Array.from({ length: sizeOf(shape) }, () => Math.fround(stream.normal())),
    ]),
  );
  const executable = await new OnnxEngine({ threads: 1 }).compile(graph);
  const actual = await executable.run(tensorsOf(graph, inputs));
  await executable.dispose();
  for (const [name, expected] of Object.entries(interpret(graph, inputs))) {
    assertClose(actual[name]!, expected, { what: name, tolerance: 3e-6 });
  }
  const { steps } = lowerGraph(prepare(graph));
  return steps.flatMap((step) => step.kind === "kernel" ? [step.call.kernel] : []);
}

interface AttentionCase {
  readonly rows?: number;
  readonly length: number;
  readonly heads?: number;
  readonly headSize: number;
  readonly bias?: Shape;
  readonly dropout?: number;
  readonly kernels: readonly string[];
}

const BOTH = ["attention", "attentionGrad"];
const ATTENTIONS: readonly (readonly [string, AttentionCase])[] = [
  ["of the smallest sizes for kernels", { length: 4, headSize: 8, kernels: BOTH }],
  ["of one head", { length: 4, heads: 1, headSize: 8, kernels: BOTH }],
  ["of several rows and heads", { rows: 3, length: 8, headSize: 24, kernels: BOTH }],
  ["at the longest rows for kernels", { length: 64, headSize: 16, kernels: BOTH }],
  ["with padding", { rows: 3, length: 12, headSize: 8, bias: [3, 1, 1, 12], kernels: BOTH }],
  ["with dropout", { length: 8, headSize: 8, dropout: 0.4, kernels: ["dropout", ...BOTH] }],
  ["with padding and dropout", {
    rows: 2,
    length: 8,
    headSize: 8,
    bias: [2, 1, 1, 8],
    dropout: 0.4,
    kernels: ["dropout", ...BOTH],
  }],
  ["of rows that fill no vector", { length: 6, headSize: 8, kernels: [] }],
  ["of heads that fill no vectors", { length: 8, headSize: 12, kernels: ["softmaxGrad"] }],
  ["of long rows", { rows: 1, length: 68, headSize: 8, kernels: ["softmaxGrad"] }],
  ["with a bias for each head", {
    length: 8,
    headSize: 8,
    bias: [2, 2, 8, 8],
    kernels: ["softmaxGrad"],
  }],
];

for (const [what, each] of ATTENTIONS) {
  Deno.test(`OnnxEngine computes attention ${what}`, async () => {
    const { rows = 2, length, heads = 2, headSize, bias, dropout } = each;
    const graph = withGradients((graph) => {
      const [q, k, v] = ["q", "k", "v"].map((name) => {
        const flat = graph.input(name, [rows * length, heads * headSize]);
        return graph.reshape(flat, [rows, length, heads, headSize]);
      }) as [Value, Value, Value];
      const added = bias === undefined ? graph.splat(0, [1]) : graph.input("bias", bias);
      const shape = [rows, heads, length, length];
      const mask = dropout === undefined
        ? undefined
        : graph.dropoutMask(graph.input("seed", [2], "i32"), shape, {
          rate: dropout,
          site: "probabilities",
        });
      const context = graph.attention(q, k, v, { bias: added, mask, scale: 0.3 });
      const y = graph.reshape(context, [rows * length, heads * headSize]);
      return { y, wrt: ["q", "k", "v"] };
    });
    const padding = bias?.[1] !== 1 ? undefined : Array.from(
      { length: sizeOf(bias) },
      // The last two tokens of the last row are padding, as far below the rest as BERT's are.
      (_, i) => i >= sizeOf(bias) - 2 ? -1e9 : 0,
    );
    const given = { ...(padding ? { bias: padding } : {}), seed: [1, 2] };
    assert.deepEqual((await check(graph, given)).toSorted(), each.kernels.toSorted());
  });
}

for (
  const [what, shape, kernels] of [
    ["of rows of whole vectors", [5, 8], ["layerNormGrad"]],
    ["of one row", [1, 16], ["layerNormGrad"]],
    ["of other rows", [5, 6], []],
    ["of three dimensions", [2, 3, 8], ["layerNormGrad"]],
  ] as const
) {
  Deno.test(`OnnxEngine computes layerNorm ${what} and its gradients`, async () => {
    const width = shape.at(-1)!;
    const graph = withGradients((graph) => {
      const x = graph.input("x", shape);
      const gamma = graph.input("gamma", [width]), beta = graph.input("beta", [width]);
      const y = graph.layerNorm(x, gamma, beta, 1e-5);
      return { y, wrt: ["x", "gamma", "beta"] };
    });
    assert.deepEqual(await check(graph), kernels);
  });
}

Deno.test("OnnxEngine makes all gradients of a layer norm of a matrix in one pass", () => {
  const graph = withGradients((graph) => {
    const x = graph.input("x", [6, 8]);
    const y = graph.layerNorm(x, graph.input("gamma", [8]), graph.input("beta", [8]), 1e-5);
    return { y, wrt: ["x", "gamma", "beta"] };
  });
  const { steps } = lowerGraph(prepare(graph));
  // The kernel needs no result of the model, and the model none of the kernel's.
  assert.deepEqual(steps.map((step) => step.kind), ["kernel", "segment"]);
});

for (const epsilons of [[0.25, 0.5], [0.5, 0.25]]) {
  Deno.test(`OnnxEngine tells layer norms of one input by epsilon: ${epsilons}`, async () => {
    const graph = withGradients((graph) => {
      const x = graph.input("x", [6, 8]);
      const [first, second] = epsilons.map((epsilon) => {
        const gamma = graph.input(`gamma ${epsilon}`, [8]);
        return graph.layerNorm(x, gamma, graph.input(`beta ${epsilon}`, [8]), epsilon);
      });
      return { y: graph.add(first!, second!), wrt: ["x", "gamma 0.5"] };
    });
    assert.deepEqual(await check(graph), ["layerNormGrad", "layerNormGrad"]);
  });
}

Deno.test("OnnxEngine computes the derivative of gelu wherever x lies", async () => {
  const graph = withGradients((graph) => {
    const x = graph.input("x", [41]);
    return { y: graph.gelu(x), wrt: ["x"] };
  });
  const x = Array.from({ length: 41 }, (_, i) => i - 20).map((each) => Math.fround(each * 0.75));
  assert.deepEqual(await check(graph, { x, dy: x.map(() => 1) }), ["geluGrad"]);
});

Deno.test("OnnxEngine writes no gradient over a value that something else reads", async () => {
  // Both derivatives may overwrite their dy, and here it is the same one.
  const graph = withGradients((graph) => {
    const a = graph.input("a", [3, 8]), b = graph.input("b", [3, 8]);
    const y = graph.exp(graph.add(graph.gelu(a), graph.softmax(b)));
    return { y, wrt: ["a", "b"] };
  });
  const kernels = await check(graph);
  assert.deepEqual(kernels.toSorted(), ["geluGrad", "softmaxGrad"]);
});
