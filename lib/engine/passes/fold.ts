/**
 * Local simplification: constants, neutral elements, shapes, scalar factors.
 *
 * For graphs that have been differentiated: `stopGradient` goes. Splats become
 * scalars where broadcasting allows, so that constants cost nothing. A product
 * by zero stays, as it is not zero for infinities and NaN.
 */
import { broadcastShapes, type Graph, isElementwise, type Node, type Value } from "../ir/graph.ts";
import { foldConstant, splatValue } from "./constants.ts";
import { rewrite } from "./rewrite.ts";
import { foldShape } from "./shapes.ts";

/** A node to be placed in the target graph, and how often its value was used in the old one. */
interface Site {
  readonly target: Graph;
  readonly inputs: readonly Value[];
  /** Whether the i-th input has no other use, so that it may be taken apart. */
  readonly isSoleUse: (i: number) => boolean;
}

/** Simplifies every node by its inputs; outputs keep their values up to rounding. */
export function fold(graph: Graph): Graph {
  const uses = new Map<number, number>();
  const count = ({ id }: Value) => uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  graph.outputs.forEach(count);
  // How many old values each new one stands for.
  const origins = new Map<Value, number>();
  return rewrite(graph, (node, given, target) => {
    if (node.outputs.length > 1) return target.copy(node, given);
    const inputs = slim(node, given, target);
    const isSoleUse = (i: number) =>
      inputs[i] === given[i] && origins.get(given[i]!) === 1 && uses.get(node.inputs[i]!.id) === 1;
    const { shape } = node.output;
    const simpler = foldConstant(target, node, given) ?? foldShape(target, node, given) ??
      foldArithmetic(node, { target, inputs, isSoleUse }) ?? target.copy(node, inputs)[0];
    const value = String(simpler.shape) === String(shape)
      ? simpler
      : target.broadcastTo(simpler, shape);
    origins.set(value, (origins.get(value) ?? 0) + 1);
    return [value];
  }).graph;
}

/** The inputs of an elementwise node without broadcasts that it does itself. */
function slim(node: Node, inputs: readonly Value[], target: Graph): readonly Value[] {
  if (!isElementwise(node.op)) return inputs;
  return inputs.reduce<readonly Value[]>((kept, input, i) => {
    const source = target.nodeOf(input);
    const slimmer = source.op === "broadcastTo"
      ? source.inputs[0]!
      : source.op === "splat" && input.shape.length > 0
      ? target.splat(source.attrs.value, [], input.dtype)
      : input;
    if (slimmer === input) return kept;
    const others = kept.map((each, j) => j === i ? slimmer.shape : each.shape);
    const joint = others.reduce((a, b) => broadcastShapes(a, b));
    return String(joint) === String(node.output.shape)
      ? kept.map((each, j) => j === i ? slimmer : each)
      : kept;
  }, inputs);
}

/** A simpler value for an arithmetic node, of a shape that broadcasts to the node's. */
function foldArithmetic(node: Node, site: Site): Value | undefined {
  const { target, inputs } = site;
  const [a, b] = inputs as [Value, Value];
  const number = (value: Value | undefined) => value && splatValue(target, value);
  switch (node.op) {
    case "stopGradient":
      return a;
    case "cast":
      return a.dtype === node.attrs.to ? a : undefined;
    case "neg":
      return negated(target, a);
    case "add": {
      if (number(b) === 0) return a;
      if (number(a) === 0) return b;
      const [minusA, minusB] = [negated(target, a), negated(target, b)];
      if (minusB !== undefined) return target.sub(a, minusB);
      if (minusA !== undefined) return target.sub(b, minusA);
      return undefined;
    }
    case "sub": {
      if (number(b) === 0) return a;
      if (number(a) === 0 && a.dtype === "f32") return target.neg(b);
      const minusB = negated(target, b);
      return minusB && target.add(a, minusB);
    }
    case "mul": {
      const [factorA, factorB] = [number(a), number(b)];
      if (factorB !== undefined) return scaled(0, factorB, site);
      if (factorA !== undefined) return scaled(1, factorA, site);
      return undefined;
    }
    case "div": {
      const divisor = number(b);
      if (divisor === undefined || divisor === 0 || !Number.isFinite(divisor)) return undefined;
      return scaled(0, 1 / divisor, site) ?? target.mul(a, target.splat(1 / divisor));
    }
    case "select":
      return inputs[1] === inputs[2] ? inputs[1] : undefined;
    case "matmul":
      return foldMatmul(node, site);
    default:
      return undefined;
  }
}

/** The i-th input times a number: into its alpha or its own factor, if it has one. */
function scaled(i: number, factor: number, site: Site): Value | undefined {
  const { target, inputs } = site;
  const value = inputs[i]!;
  if (factor === 1) return value;
  if (value.dtype !== "f32" || !Number.isFinite(factor)) return undefined;
  const source = target.nodeOf(value);
  if (factor === -1) return negated(target, value) ?? target.neg(value);
  if (source.op === "matmul" && site.isSoleUse(i)) {
    const [a, b] = source.inputs;
    return target.matmul(a!, b!, { ...source.attrs, alpha: source.attrs.alpha * factor });
  }
  const inner = scalarFactor(target, source);
  if (inner === undefined) return undefined;
  const product = Math.fround(inner.factor * factor);
  // A subnormal or infinite product would lose what the two steps keep.
  if (!Number.isFinite(product) || Math.abs(product) < 1e-30) return undefined;
  return target.mul(inner.value, target.splat(product));
}

/** A node taken apart into a value of its own shape and a number. */
function scalarFactor(target: Graph, node: Node): { value: Value; factor: number } | undefined {
  if (node.op === "neg") return { value: node.inputs[0]!, factor: -1 };
  if (node.op !== "mul") return undefined;
  for (const [i, other] of [[0, 1], [1, 0]] as const) {
    const factor = splatValue(target, node.inputs[i]!), value = node.inputs[other]!;
    if (factor !== undefined && String(value.shape) === String(node.output.shape)) {
      return { value, factor };
    }
  }
  return undefined;
}

function negated(target: Graph, value: Value): Value | undefined {
  const node = target.nodeOf(value);
  return node.op === "neg" ? node.inputs[0]! : undefined;
}

/** Transposes and scalar factors of the operands become attributes of the product. */
function foldMatmul(node: Extract<Node, { op: "matmul" }>, site: Site): Value | undefined {
  const { target } = site;
  let [a, b] = site.inputs as [Value, Value];
  let { transposeA, transposeB, alpha } = node.attrs;
  const unpack = (value: Value): { value: Value; factor: number; flips: boolean } => {
    const source = target.nodeOf(value);
    if (source.op === "transpose" && swapsLastTwo(source.attrs.perm)) {
      return { value: source.inputs[0]!, factor: 1, flips: true };
    }
    const inner = scalarFactor(target, source);
    return inner !== undefined && Number.isFinite(inner.factor)
      ? { ...inner, flips: false }
      : { value, factor: 1, flips: false };
  };
  for (let isDone = false; !isDone;) {
    const left = unpack(a), right = unpack(b);
    isDone = left.value === a && right.value === b;
    a = left.value;
    b = right.value;
    transposeA = transposeA !== left.flips;
    transposeB = transposeB !== right.flips;
    alpha *= left.factor * right.factor;
  }
  if (a === site.inputs[0] && b === site.inputs[1]) return undefined;
  return target.matmul(a, b, { transposeA, transposeB, alpha, isNarrow: node.attrs.isNarrow });
}

function swapsLastTwo(perm: readonly number[]): boolean {
  const rank = perm.length;
  return perm.every((axis, i) => axis === (i < rank - 2 ? i : 2 * rank - 3 - i));
}
