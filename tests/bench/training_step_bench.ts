/**
 * A training step beside its floor: the same matrix products alone, and one pass
 * over memory for each elementwise result alone. What is left is overhead.
 *
 * bert-pico as the default experiment trains it, and bert-tiny on long rows; where a CPU
 * plugin of PJRT is named (TITRATE_PJRT_PLUGIN), the same step on xla-cpu beside it; where a
 * Python with torch and transformers is (TITRATE_BENCH_PYTHON), Hugging Face's BERT in a PyTorch
 * loop, in float32, which computes the head at every position.
 */
import { CPU_PLUGIN } from "../engine/xla/cpu_plugin.ts";
import { openDevice } from "../../lib/engine/devices.ts";
import type { TrainingProgram } from "../../lib/engine/engine.ts";
import { Graph, type Node, sizeOf, type Value } from "../../lib/engine/ir/graph.ts";
import { OnnxEngine } from "../../lib/engine/onnx/engine.ts";
import { withGradients } from "../../lib/engine/onnx/training_session.ts";
import { optimise } from "../../lib/engine/passes/pipeline.ts";
import { BERT_PRESETS, bertConfig, type BertPreset } from "../../lib/model/config.ts";
import { maskedLanguageModel } from "../../lib/model/heads/heads.ts";
import { freshState, initialParams } from "../../lib/model/init.ts";
import { Stream } from "../../lib/base/rng.ts";
import { PLAIN } from "../engine/tiny_program.ts";

interface Setup {
  readonly preset: BertPreset;
  readonly rows: number;
  readonly length: number;
  readonly vocabSize: number;
}

const SETUPS: readonly Setup[] = [
  { preset: "bert-pico", rows: 64, length: 16, vocabSize: 350 },
  { preset: "bert-tiny", rows: 32, length: 128, vocabSize: 8000 },
];

function program({ preset, rows, length, vocabSize }: Setup) {
  const options = { dropout: 0, attentionDropout: 0 };
  const config = bertConfig({ ...BERT_PRESETS[preset], vocabSize }, options);
  const predictions = rows * Math.round(0.15 * length);
  const model = maskedLanguageModel(config, { rows, length, predictions, isTraining: true });
  const optimizer = { ...PLAIN, clipNorm: 1 };
  return { ...model, loss: "loss", optimizer } satisfies TrainingProgram;
}

/** Random data for a graph: ids below 16 tokens, so that any table has them. */
function dataOf(graph: Graph) {
  const stream = new Stream(1, "bench/data");
  return Object.fromEntries(
    [...graph.inputs].filter(([, value]) => {
      const node = graph.nodeOf(value);
      return node.op === "input" && node.attrs.role === "data";
    }).map(([name, { shape, dtype }]) => {
      const size = sizeOf(shape);
      return [
        name,
        dtype === "i32"
          ? Int32Array.from({ length: size }, () => stream.below(16))
          : Float32Array.from({ length: size }, () => stream.float()),
      ];
    }),
  );
}

/** Applies something to fresh inputs, keeping one element of each result: all must be computed. */
function alone(
  nodes: readonly Node[],
  apply: (graph: Graph, inputs: Value[], node: Node) => Value,
) {
  const graph = new Graph();
  for (const [i, node] of nodes.entries()) {
    const operands = node.op === "matmul" ? node.inputs : [node.output];
    const inputs = operands.map(({ shape }, j) => graph.input(`${i}/${j}`, shape));
    const y = apply(graph, inputs, node);
    const corner = y.shape.map(() => 0);
    graph.output(`${i}`, graph.slice(y, corner, corner.map(() => 1)));
  }
  return graph;
}

const ELEMENTWISE: ReadonlySet<Node["op"]> = new Set([
  ...["add", "mul", "gelu", "geluGrad", "softmax", "softmaxGrad"] as const,
  ...["layerNorm", "layerNormGrad", "softmaxCrossEntropy", "softmaxCrossEntropyGrad"] as const,
]);

const PYTHON = Deno.env.get("TITRATE_BENCH_PYTHON");
const NEWLINE = 10;

/** A process that takes one step for each call and ends with this one. */
async function torchStep(python: string, { preset, rows, length, vocabSize }: Setup) {
  const { hiddenSize, layers, heads, intermediateSize } = BERT_PRESETS[preset];
  const options = {
    mode: "eager",
    threads: 1,
    dropout: 0,
    vocabulary: vocabSize,
    hidden: hiddenSize,
    layers,
    heads,
    inner: intermediateSize,
    rows,
    length,
  };
  const script = new URL("../gpu/torch_bert.py", import.meta.url).pathname;
  const process = new Deno.Command(python, {
    args: [script, JSON.stringify(options)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  addEventListener("unload", () => process.kill());
  const writer = process.stdin.getWriter(), reader = process.stdout.getReader();
  const answer = async () => {
    let last: number | undefined;
    while (last !== NEWLINE) {
      const { value } = await reader.read();
      if (value === undefined) throw new Error(`${script} ended`);
      last = value.at(-1);
    }
  };
  const line = Uint8Array.of(NEWLINE);
  await answer();
  return async () => {
    await writer.write(line);
    await answer();
  };
}

const engine = new OnnxEngine({ threads: 1 });
for (const setup of SETUPS) {
  const group =
    `training step of ${setup.preset}, ${setup.rows} x ${setup.length} tokens, 1 thread`;
  const training = program(setup);
  // Attention is opened, so that its products and its softmax count.
  const isKept = ({ op }: Node) => op !== "attention" && op !== "attentionGrad";
  const { nodes } = optimise(withGradients(training), isKept);

  const session = await engine.train(training);
  await session.load(freshState(initialParams(training.params, { seed: 1, std: 0.02 })));
  const batch = dataOf(training.graph);
  let step = 0;
  Deno.bench("whole step", { group, baseline: true }, async () => {
    await session.step(batch, { learningRate: 1e-4, step: ++step });
  });

  if (CPU_PLUGIN !== undefined) {
    const xla = await (await openDevice({ name: "xla-cpu", threads: 1 })).train(training);
    await xla.load(freshState(initialParams(training.params, { seed: 1, std: 0.02 })));
    let xlaStep = 0;
    Deno.bench("whole step on xla-cpu", { group }, async () => {
      await (await xla.step(batch, { learningRate: 1e-4, step: ++xlaStep })).read();
    });
  }

  if (PYTHON !== undefined) {
    const step = await torchStep(PYTHON, setup);
    Deno.bench("whole step in PyTorch", { group }, step);
  }

  const products = alone(
    nodes.filter((node) => node.op === "matmul"),
    (graph, [a, b], node) => graph.matmul(a!, b!, (node as Node & { op: "matmul" }).attrs),
  );
  const productsOnly = await engine.compile(products);
  const factors = dataOf(products);
  Deno.bench("its matrix products alone", { group }, async () => {
    await productsOnly.run(factors);
  });

  const passes = alone(
    nodes.filter((node) => ELEMENTWISE.has(node.op) && sizeOf(node.output.shape) > 4096),
    (graph, [x]) => graph.neg(x!),
  );
  const passesOnly = await engine.compile(passes);
  const operands = dataOf(passes);
  Deno.bench("one pass for each elementwise result alone", { group }, async () => {
    await passesOnly.run(operands);
  });
}
