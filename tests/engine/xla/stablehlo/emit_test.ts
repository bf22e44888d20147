/** What is written: golden files of small modules, one operation a line, donations. */
import assert from "node:assert/strict";
import type { TrainingProgram } from "../../../../lib/engine/engine.ts";
import { differentiate } from "../../../../lib/engine/ir/grad.ts";
import { Graph, type Value } from "../../../../lib/engine/ir/graph.ts";
import type { ModuleOptions, XlaModule } from "../../../../lib/engine/xla/module.ts";
import { emitModule } from "../../../../lib/engine/xla/stablehlo/emit.ts";
import {
  emitGradients,
  emitTrainingStep,
  emitUpdate,
} from "../../../../lib/engine/xla/stablehlo/training_step.ts";
import { CASES } from "../../cases.ts";
import { graphOf } from "../../check_case.ts";
import { PLAIN, tinyProgram } from "../../tiny_program.ts";

const CPU: ModuleOptions = { precision: "float32", platform: "cpu" };

/** A product, a bias, a comparison and a sum. */
function smallForward(): Graph {
  const graph = new Graph();
  const x = graph.input("x", [2, 3]), ids = graph.input("ids", [2], "i32");
  const product = graph.matmul(x, graph.param("weight", [4, 3]), { transposeB: true, alpha: 0.5 });
  const sum = graph.add(product, graph.param("bias", [4]));
  graph.output("picked", graph.pickLast(sum, ids));
  graph.output("largest", graph.reduceMax(sum, [1], true));
  return graph;
}

/** One parameter, dropout and a loss. */
function smallProgram(): TrainingProgram {
  const graph = new Graph();
  const shape = [4, 2];
  const x = graph.input("x", [3, 4]), seed = graph.input("seed", [2], "i32");
  const y = graph.matmul(x, graph.param("weight", shape));
  const dropped = graph.mul(y, graph.dropoutMask(seed, [3, 2], { rate: 0.25, site: "y" }));
  graph.output("loss", graph.reduceSum(graph.mul(dropped, dropped), [0, 1]));
  const params = [{ name: "weight", shape, decays: true }];
  return { graph, params, loss: "loss", optimizer: { ...PLAIN, clipNorm: 1 } };
}

/** An attention with its gradient, padded or not, under a mask or not. */
function attentionGraph(
  { length, isPadded, isMasked = false }: { length: number; isPadded: boolean; isMasked?: boolean },
): Graph {
  const graph = new Graph();
  const shape = [2, length, 2, 64];
  const [q, k, v] = ["q", "k", "v"].map((name) => graph.input(name, shape)) as Triple;
  const bias = isPadded ? graph.input("bias", [2, 1, 1, length]) : graph.splat(0);
  const mask = isMasked ? graph.input("mask", [2, 2, length, length]) : undefined;
  const y = graph.attention(q, k, v, { bias, mask, scale: 0.125 });
  const loss = graph.reduceSum(graph.mul(y, y), [0, 1, 2, 3]);
  graph.output("y", y);
  for (const [i, each] of differentiate(graph, loss, [q, k, v]).entries()) {
    graph.output(`gradient ${i}`, each);
  }
  return graph;
}

type Triple = [Value, Value, Value];

/** Rows added to a table. */
function smallScatter(): Graph {
  const graph = new Graph();
  const base = graph.input("base", [4, 3]), updates = graph.input("updates", [5, 3]);
  graph.output("sum", graph.scatterAddRows(base, graph.input("ids", [5], "i32"), updates));
  return graph;
}

const CUDA: ModuleOptions = { precision: "bfloat16", platform: "cuda" };

const GOLDEN: Readonly<Record<string, () => XlaModule>> = {
  "forward_float32": () => emitModule(smallForward(), CPU),
  "forward_bfloat16": () => emitModule(smallForward(), CUDA),
  "attention_cudnn": () => emitModule(attentionGraph({ length: 512, isPadded: false }), CUDA),
  "attention_cudnn_padded": () => emitModule(attentionGraph({ length: 512, isPadded: true }), CUDA),
  "scatter_cuda": () => emitModule(smallScatter(), CUDA),
  "replicas": () => emitTrainingStep(smallProgram(), { ...CPU, replicas: 4 }),
  "training_step": () => emitTrainingStep(smallProgram(), CPU),
};

for (const [name, emit] of Object.entries(GOLDEN)) {
  // `deno test tests/engine/xla/stablehlo/emit_test.ts -- --update` writes them anew.
  Deno.test(`the text of ${name} is the golden one`, async () => {
    const file = new URL(`golden/${name}.mlir`, import.meta.url);
    const { text } = emit();
    if (Deno.args.includes("--update")) await Deno.writeTextFile(file, text);
    assert.equal(text, await Deno.readTextFile(file));
    assert.equal(text, emit().text);
  });
}

Deno.test("attention is cuDNN's on a GPU, in bfloat16, of long rows, without dropout", () => {
  const calls = (graph: Graph, options: ModuleOptions) =>
    emitModule(graph, options).text.match(/__cudnn\$\w+/g) ?? [];
  const long = { length: 512, isPadded: true };
  assert.deepEqual(calls(attentionGraph(long), CUDA), [
    "__cudnn$fmhaScaleBiasSoftmax",
    "__cudnn$fmhaScaleBiasSoftmaxBackward",
  ]);
  assert.deepEqual(calls(attentionGraph({ ...long, isPadded: false }), CUDA), [
    "__cudnn$fmhaSoftmax",
    "__cudnn$fmhaSoftmaxBackward",
  ]);
  assert.deepEqual(calls(attentionGraph({ ...long, isMasked: true }), CUDA), []);
  assert.deepEqual(calls(attentionGraph({ ...long, length: 128 }), CUDA), []);
  assert.deepEqual(calls(attentionGraph(long), { ...CUDA, precision: "float32" }), []);
  assert.deepEqual(calls(attentionGraph(long), { ...CUDA, platform: "cpu" }), []);
});

Deno.test("with bfloat16, results between layers are narrow, answers and weights' gradients not", () => {
  const graph = new Graph();
  const x = graph.input("x", [5, 3]), weight = graph.param("weight", [4, 3]);
  const inner = graph.matmul(x, weight, { transposeB: true, isNarrow: true });
  const answers = graph.matmul(graph.tanh(inner), graph.param("head", [4, 2]));
  const loss = graph.reduceSum(graph.mul(answers, answers), [0, 1]);
  for (const [i, each] of differentiate(graph, loss, [x, weight]).entries()) {
    graph.output(`gradient ${i}`, each);
  }
  const products = (precision: "bfloat16" | "float32") =>
    [
      ...emitModule(graph, { ...CPU, precision }).text.matchAll(
        /dot_general.*\((.*)\) -> tensor<(.*)>/g,
      ),
    ]
      .map(([, operands, result]) => `${operands!.replaceAll(/tensor<|>/g, "")} -> ${result}`);
  assert.deepEqual(products("bfloat16"), [
    "5x3xbf16, 4x3xbf16 -> 5x4xbf16",
    "5x4xbf16, 4x2xbf16 -> 5x2xf32",
    "5x2xbf16, 4x2xbf16 -> 5x4xf32",
    "5x4xbf16, 4x3xbf16 -> 5x3xbf16",
    "5x4xbf16, 5x3xbf16 -> 4x3xf32",
  ]);
  assert.ok(products("float32").every((each) => !each.includes("bf16")));
});

Deno.test("every operation stands on its own line and names its node", () => {
  const modules = CASES.map((each) => emitModule(graphOf(each).graph, CPU));
  for (const { text } of [...modules, emitTrainingStep(tinyProgram(PLAIN), CPU)]) {
    for (
      const line of text.split("\n").filter((each) => / = "?(stablehlo|chlo|func)\./.test(each))
    ) {
      assert.match(line, /^ {4}%\d+(:\d+)? = .* loc\("[a-zA-Z]+ .*\d+.*"\)$/);
      assert.equal(line.split(" loc(").length, 2, line);
    }
  }
});

Deno.test("a training step donates each part of its state to the output that replaces it", () => {
  const { inputs, outputs, text } = emitTrainingStep(tinyProgram(PLAIN), CPU);
  const pairs = inputs.flatMap(({ name, donatedTo }) =>
    donatedTo === undefined ? [] : [[name, outputs[donatedTo]!.name]]
  );
  assert.equal(pairs.length, 3 * tinyProgram(PLAIN).params.length);
  assert.equal(text.match(/tf\.aliasing_output/g)!.length, pairs.length);
  assert.equal(new Set(pairs.map(([, target]) => target)).size, pairs.length);
  for (const [name, target] of pairs) {
    assert.ok(name === target || `adamw/param/${name}` === target, `${name} to ${target}`);
  }
  assert.deepEqual(
    inputs.filter(({ donatedTo }) => donatedTo === undefined).map(({ name }) => name),
    [
      "ids",
      "targets",
      "seed",
      "adamw/learning-rate",
      "adamw/first-correction",
      "adamw/second-correction",
    ],
  );
});

Deno.test("micro-batches donate their sums of gradients, and the update gives zeros back", () => {
  const program = tinyProgram(PLAIN);
  const frozen = program.params.map((each) => ({ ...each, isFrozen: each.name === "table" }));
  const names = ["query", "dense", "bias", "gamma", "beta"].map((each) => `adamw/gradient/${each}`);
  const { inputs } = emitGradients({ ...program, params: frozen }, CPU);
  const donated = inputs.filter(({ donatedTo }) => donatedTo !== undefined);
  assert.deepEqual(donated.map(({ name }) => name), names);
  const update = emitUpdate({ ...program, params: frozen }, CPU);
  assert.ok(update.inputs.every(({ name }) => name !== "table"));
  assert.deepEqual(update.outputs.slice(-names.length).map(({ name }) => name), names);
  assert.equal(
    update.inputs.filter(({ donatedTo }) => donatedTo !== undefined).length,
    4 * names.length,
  );
});

Deno.test("emitModule() refuses a donation that fits nothing", () => {
  const emit = (...pair: [string, string]) => () =>
    emitModule(smallForward(), { ...CPU, donations: new Map([pair]) });
  assert.throws(emit("y", "picked"), { message: 'the graph has no input "y" to donate' });
  const message = 'the input "x" cannot be donated to the output "picked"';
  assert.throws(emit("x", "picked"), { message });
  assert.throws(emit("x", "nothing"), {
    message: 'the input "x" cannot be donated to the output "nothing"',
  });
});
