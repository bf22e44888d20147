/** A training program of a few hundred numbers that uses what a language model uses. */
import { Stream } from "../../lib/base/rng.ts";
import type {
  AdamW,
  ParamSpec,
  Tensors,
  TrainingProgram,
  TrainingState,
} from "../../lib/engine/engine.ts";
import { Graph, sizeOf, type Value } from "../../lib/engine/ir/graph.ts";

const VOCAB = 7, WIDTH = 4, ROWS = 2, LENGTH = 3;

const PARAMS: readonly ParamSpec[] = [
  { name: "table", shape: [VOCAB, WIDTH], decays: true },
  { name: "query", shape: [WIDTH, WIDTH], decays: true },
  { name: "dense", shape: [WIDTH, WIDTH], decays: true, learningRateScale: 0.5 },
  { name: "bias", shape: [WIDTH], decays: false },
  { name: "gamma", shape: [WIDTH], decays: false },
  { name: "beta", shape: [WIDTH], decays: false },
];

/** AdamW as most use it, without clipping. */
export const PLAIN: AdamW = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-6,
  weightDecay: 0.01,
  biasCorrection: true,
};

/** Embedding, attention, GELU, layer norm, dropout and a tied decoder with cross-entropy. */
export function tinyProgram(optimizer: AdamW): TrainingProgram {
  return { graph: tinyGraph(LENGTH), params: PARAMS, loss: "loss", optimizer };
}

/** The same, some of its parameters frozen. */
export function tinyFrozen(optimizer: AdamW, frozen: readonly string[]): TrainingProgram {
  const params = PARAMS.map((each) => ({ ...each, isFrozen: frozen.includes(each.name) }));
  return { ...tinyProgram(optimizer), params };
}

/** The same, for rows of other lengths too. */
export function tinyProgramOfLengths(
  optimizer: AdamW,
  lengths: readonly number[],
): TrainingProgram {
  return { ...tinyProgram(optimizer), otherShapes: lengths.map(tinyGraph) };
}

function tinyGraph(length: number): Graph {
  const graph = new Graph();
  const params = new Map(PARAMS.map(({ name, shape }) => [name, graph.param(name, shape)]));
  const param = (name: string): Value => params.get(name)!;
  const ids = graph.input("ids", [ROWS, length], "i32");
  const targets = graph.input("targets", [ROWS * length], "i32");
  const seed = graph.input("seed", [2], "i32");
  const hidden = graph.gatherRows(param("table"), ids);
  const heads = graph.reshape(hidden, [ROWS, length, 1, WIDTH]);
  const query = graph.reshape(graph.matmul(hidden, param("query")), heads.shape);
  const mixed = graph.attention(query, heads, heads, {
    bias: graph.splat(0),
    mask: graph.dropoutMask(seed, [ROWS, 1, length, length], { rate: 0.25, site: "probabilities" }),
    scale: 0.5,
  });
  const flat = graph.reshape(mixed, [ROWS * length, WIDTH]);
  const dense = graph.gelu(graph.add(graph.matmul(flat, param("dense")), param("bias")));
  const dropped = graph.mul(
    dense,
    graph.dropoutMask(seed, dense.shape, { rate: 0.25, site: "dense" }),
  );
  const normed = graph.layerNorm(
    graph.add(dropped, flat),
    param("gamma"),
    param("beta"),
    1e-6,
  );
  graph.output("loss", lossOf(graph, { normed, table: param("table"), targets }));
  return graph;
}

function lossOf(
  graph: Graph,
  { normed, table, targets }: { normed: Value; table: Value; targets: Value },
): Value {
  const logits = graph.matmul(normed, table, { transposeB: true });
  const losses = graph.softmaxCrossEntropy(logits, targets);
  return graph.mul(graph.reduceSum(losses, [0]), graph.splat(1 / targets.shape[0]!));
}

/** A forward graph over one of the parameters: twice the decoder's layer norm bias. */
export function tinyForward(): Graph {
  const graph = new Graph();
  graph.output("twice", graph.mul(graph.param("beta", [WIDTH]), graph.input("factor", [])));
  return graph;
}

/** The same start for every engine; moments are those of `trained`. */
export function tinyState(trained: readonly ParamSpec[] = PARAMS): TrainingState {
  const filled = (fill: (name: string, size: number) => number[], specs = PARAMS) =>
    Object.fromEntries(
      specs.map(({ name, shape }) => [name, Float32Array.from(fill(name, sizeOf(shape)))]),
    );
  const zeros = () => filled((_, size) => new Array(size).fill(0), trained);
  const params = filled((name, size) => {
    const stream = new Stream(3, `tests/tiny/${name}`);
    return Array.from({ length: size }, () => stream.normal() * 0.5);
  });
  return { params, firstMoments: zeros(), secondMoments: zeros() };
}

/** The batch of a step. */
export function tinyBatch(step: number, length = LENGTH): Tensors {
  const stream = new Stream(4, "tests/tiny/batch", step);
  const ids = () => Int32Array.from({ length: ROWS * length }, () => stream.below(VOCAB));
  return { ids: ids(), targets: ids(), seed: Int32Array.of(11, step) };
}
