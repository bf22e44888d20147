/**
 * A whole training step as one graph: forward, gradients, clipping and AdamW.
 *
 * For engines that keep the state where they compute and run the update there.
 * State goes in and comes out under the names of `STATE`; the arithmetic is that
 * of `optimizer.ts`, but for the sum of squares, which is f32 here. For an update of several
 * micro-batches the same step comes in two graphs: one adds a micro-batch's gradients to
 * those before it, the other updates with the sums. Where replicas each compute a part of the
 * batch, an update begins by adding up what they found.
 */
import type { AdamW, ParamSpec, TrainingProgram } from "./engine.ts";
import { differentiate } from "./ir/grad.ts";
import { Graph, type Value } from "./ir/graph.ts";
import { trainedOf } from "./optimizer.ts";
import { copyGraph } from "./passes/rewrite.ts";

/** Names that a training graph adds to those of the program. */
export const STATE = {
  /** Input f32 []: see `AdamWStep`. */
  learningRate: "adamw/learning-rate",
  /** Input f32 []: see `AdamWStep`; always there. */
  firstCorrection: "adamw/first-correction",
  /** Input f32 []: see `AdamWStep`; always there. */
  secondCorrection: "adamw/second-correction",
  /** Input and output of micro-batches: the sum of a parameter's gradients. */
  gradient: (name: string): string => `adamw/gradient/${name}`,
  /** Output f32 [1]: the global norm before clipping. */
  gradientNorm: "gradientNorm",
  /** Output: the updated parameter. */
  param: (name: string): string => `adamw/param/${name}`,
  /** Input and output: the first moment. */
  firstMoment: (name: string): string => `adamw/first-moment/${name}`,
  /** Input and output: the second moment. */
  secondMoment: (name: string): string => `adamw/second-moment/${name}`,
} as const;

/**
 * Builds the graph of one optimizer step; the program's own graph is not changed.
 *
 * @returns the program's inputs and outputs plus those of `STATE`, not optimised yet
 * @throws Error when the program's params are not those of its graph, or its loss is no output
 */
export function buildTrainingGraph(program: TrainingProgram): Graph {
  const { graph, params, gradients } = withGradients(program);
  appendStep(graph, program, { params, gradients });
  return graph;
}

/**
 * Builds the graph of one micro-batch: it adds the gradients of the trained parameters to
 * those that are given.
 *
 * @returns the program's inputs and outputs plus `STATE.gradient` of each, in and out
 * @throws as `buildTrainingGraph`
 */
export function buildGradientGraph(program: TrainingProgram): Graph {
  const { graph, gradients } = withGradients(program);
  for (const [i, { name, shape }] of trainedOf(program.params).entries()) {
    const sum = STATE.gradient(name);
    graph.output(sum, graph.add(graph.input(sum, shape), gradients[i]!));
  }
  return graph;
}

/** Builds the graph of an update with gradients that are given, as `STATE.gradient`. */
export function buildUpdateGraph(program: TrainingProgram): Graph {
  const graph = new Graph(), trained = trainedOf(program.params);
  const params = trained.map(({ name, shape }) => graph.param(name, shape));
  const gradients = trained.map(({ name, shape }) => graph.input(STATE.gradient(name), shape));
  appendStep(graph, program, { params, gradients });
  return graph;
}

/** A copy of the program's graph with the gradients of the trained parameters. */
function withGradients(program: TrainingProgram) {
  checkParams(program);
  const { graph } = copyGraph(program.graph);
  const params = trainedOf(program.params).map((each) => graph.inputs.get(each.name)!);
  const loss = graph.outputs.get(program.loss);
  if (loss === undefined) throw new Error(`the graph has no output "${program.loss}"`);
  return { graph, params, gradients: differentiate(graph, loss, params) };
}

/** The norm, clipping and the update, of trained parameters. */
function appendStep(
  graph: Graph,
  program: TrainingProgram,
  { params, gradients: ofReplica }: {
    readonly params: readonly Value[];
    readonly gradients: readonly Value[];
  },
): void {
  const gradients = ofReplica.map((each) => graph.replicaSum(each));
  const norm = globalNormOf(graph, gradients);
  graph.output(STATE.gradientNorm, graph.reshape(norm, [1]));
  const { optimizer } = program;
  const clipped = optimizer.clipNorm === undefined
    ? gradients
    : clip(graph, gradients, { norm, limit: optimizer.clipNorm });
  const step = {
    learningRate: graph.input(STATE.learningRate, []),
    firstCorrection: graph.input(STATE.firstCorrection, []),
    secondCorrection: graph.input(STATE.secondCorrection, []),
  };
  for (const [i, spec] of trainedOf(program.params).entries()) {
    appendUpdate(graph, { spec, optimizer, step, param: params[i]!, gradient: clipped[i]! });
  }
}

function checkParams({ graph, params }: TrainingProgram): void {
  const declared = [...graph.inputs].flatMap(([name, value]) => {
    const node = graph.nodeOf(value);
    return node.op === "input" && node.attrs.role === "param" ? [`${name} [${value.shape}]`] : [];
  });
  const given = params.map((each) => `${each.name} [${each.shape}]`);
  if (String(declared.toSorted()) !== String(given.toSorted())) {
    throw new Error(`the graph has params ${declared}, the program ${given}`);
  }
}

function globalNormOf(graph: Graph, gradients: readonly Value[]): Value {
  const squares = gradients.map((each) =>
    graph.reduceSum(graph.mul(each, each), each.shape.map((_, axis) => axis))
  );
  return graph.sqrt(squares.reduce((sum, each) => graph.add(sum, each)));
}

function clip(
  graph: Graph,
  gradients: readonly Value[],
  { norm, limit }: { norm: Value; limit: number },
): Value[] {
  const most = graph.splat(limit);
  const scale = graph.select(graph.less(most, norm), graph.div(most, norm), graph.splat(1));
  return gradients.map((each) => graph.mul(each, scale));
}

function appendUpdate(
  graph: Graph,
  { spec, optimizer, step, param, gradient }: {
    spec: ParamSpec;
    optimizer: AdamW;
    step: Readonly<Record<"learningRate" | "firstCorrection" | "secondCorrection", Value>>;
    param: Value;
    gradient: Value;
  },
): void {
  const scaled = (x: Value, factor: number) => graph.mul(x, graph.splat(factor));
  const { beta1, beta2 } = optimizer;
  const first = graph.add(
    scaled(graph.input(STATE.firstMoment(spec.name), spec.shape), beta1),
    scaled(gradient, 1 - beta1),
  );
  const second = graph.add(
    scaled(graph.input(STATE.secondMoment(spec.name), spec.shape), beta2),
    scaled(graph.mul(gradient, gradient), 1 - beta2),
  );
  const { biasCorrection } = optimizer;
  const mean = biasCorrection ? graph.mul(first, step.firstCorrection) : first;
  const variance = biasCorrection ? graph.mul(second, step.secondCorrection) : second;
  const deviation = graph.add(graph.sqrt(variance), graph.splat(optimizer.epsilon));
  const direction = graph.div(mean, deviation);
  const change = spec.decays
    ? graph.add(direction, scaled(param, optimizer.weightDecay))
    : direction;
  const rate = scaled(step.learningRate, spec.learningRateScale ?? 1);
  graph.output(STATE.param(spec.name), graph.sub(param, graph.mul(rate, change)));
  graph.output(STATE.firstMoment(spec.name), first);
  graph.output(STATE.secondMoment(spec.name), second);
}
