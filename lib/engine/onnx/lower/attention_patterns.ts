/**
 * Finds attention over short rows, forward and backward, for the kernels.
 *
 * ONNX Runtime needs the heads apart, so eight transposes a layer, and is slow at
 * many small products; the kernels read heads where they lie. For long rows its
 * products win, so there nothing is found.
 */
import { type Node, sizeOf, type Value } from "../../ir/graph.ts";
import type { AttentionSizes, KernelOperation } from "./operation.ts";
import type { Usage } from "../usage.ts";

/** The longest rows, in tokens, for which the kernels are faster. */
const MAX_LENGTH = 64;

type Product = Node & { op: "matmul" };

/** What an attention reads, each [rows, length, heads, headSize], and what it makes. */
interface Attention {
  readonly sizes: AttentionSizes;
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly bias: Value | undefined;
  readonly mask: Value | undefined;
  /** The softmax [rows, heads, length, length], before the mask. */
  readonly weights: Node & { op: "softmax" };
  /** The product of weights and v. */
  readonly mixture: Product;
  /** The context [rows, length, heads, headSize]. */
  readonly context: Node & { op: "transpose" };
}

/** The kernel of an attention, found at its softmax. */
export function attentionOf(node: Node, usage: Usage): KernelOperation | undefined {
  const found = findAttention(node, usage);
  if (found === undefined) return undefined;
  const { sizes, q, k, v, bias, mask, weights, context } = found;
  const optional = [bias, mask].filter((each) => each !== undefined);
  return {
    at: "kernel",
    call: { kernel: "attention", ...sizes },
    inputs: [q, k, v, ...optional],
    outputs: [context.output, weights.output, { scratch: sizes.length ** 2 }],
  };
}

/** The kernel of an attention's gradients, found at the gradient of its softmax. */
export function attentionGradOf(node: Node, usage: Usage): KernelOperation | undefined {
  if (node.op !== "softmaxGrad") return undefined;
  const [y, dy] = node.inputs as [Value, Value];
  const found = findAttention(usage.rootOf(y), usage);
  if (found === undefined) return undefined;
  const { sizes, q, k, v, mask } = found;
  const { isBiased: _, ...rest } = sizes;
  const dmixed = mask === undefined ? dy : otherFactor(dy, mask, usage);
  const product = dmixed && usage.graph.nodeOf(dmixed);
  if (!isProduct(product, { transposeB: true, alpha: 1 })) return undefined;
  if (splitOf(product.inputs[1]!, usage) !== usage.rootOf(v)) return undefined;
  const dcontext = splitOf(product.inputs[0]!, usage)?.output;
  if (dcontext === undefined) return undefined;
  const dmixture = product.inputs[0]!, used = found.mixture.inputs[0]!;
  const { scale } = sizes;
  const joined = (
    a: Value,
    b: Value,
    flags: { transposeA: boolean; alpha: number },
  ): Value | undefined => {
    const made = usage.readersOf(a).find((reader) =>
      isProduct(reader, { transposeB: false, ...flags }) && reader.inputs[0] === a &&
      reader.inputs[1] === b
    );
    return made && usage.readersOf(made.output).find(isHeadSwap)?.output;
  };
  const scores = usage.graph.nodeOf(scoresOf(found.weights, usage)!) as Product;
  const [qSplit, kSplit] = scores.inputs as [Value, Value];
  const dq = joined(node.output, kSplit, { transposeA: false, alpha: scale });
  const dk = joined(node.output, qSplit, { transposeA: true, alpha: scale });
  const dv = joined(used, dmixture, { transposeA: true, alpha: 1 });
  if (dq === undefined || dk === undefined || dv === undefined) return undefined;
  return {
    at: "kernel",
    call: { kernel: "attentionGrad", ...rest },
    inputs: [q, k, v, found.weights.output, dcontext, ...mask === undefined ? [] : [mask]],
    outputs: [dq, dk, dv, { scratch: 2 * sizes.length ** 2 }],
  };
}

function findAttention(weights: Node, usage: Usage): Attention | undefined {
  if (weights.op !== "softmax" || weights.output.shape.length !== 4) return undefined;
  const [rows, heads, length, others] = weights.output.shape as [number, number, number, number];
  if (length !== others || length > MAX_LENGTH || length % 4 !== 0) return undefined;
  const scored = scoresOf(weights, usage);
  const scores = scored && usage.graph.nodeOf(scored);
  if (!isProduct(scores, { transposeA: false, transposeB: true })) return undefined;
  const biased = usage.graph.nodeOf(weights.inputs[0]!);
  const bias = biased === scores ? undefined : biased.inputs.find((each) => each !== scored);
  if (bias !== undefined && String(bias.shape) !== String([rows, 1, 1, length])) return undefined;
  const { mixture, mask } = mixtureOf(weights, usage) ?? {};
  if (mixture === undefined) return undefined;
  const context = usage.readersOf(mixture.output).find(isHeadSwap);
  if (context?.op !== "transpose" || !usage.isReadOnce(mixture.output)) return undefined;
  const split = [...scores.inputs, mixture.inputs[1]!].map((each) => splitOf(each, usage)?.output);
  const [q, k, v] = split;
  if (q === undefined || k === undefined || v === undefined) return undefined;
  const headSize = mixture.output.shape[3]!;
  if (headSize % 8 !== 0 || split.some((each) => sizeOf(each!.shape) !== sizeOf(q.shape))) {
    return undefined;
  }
  const sizes = {
    rows,
    length,
    heads,
    headSize,
    scale: scores.attrs.alpha,
    isBiased: bias !== undefined,
    isMasked: mask !== undefined,
  };
  return { sizes, q, k, v, bias, mask, weights, mixture, context };
}

/** The product under a softmax; a bias may be added to it. */
function scoresOf(weights: Node, usage: Usage): Value | undefined {
  const input = weights.inputs[0]!, node = usage.graph.nodeOf(input);
  if (node.op === "matmul") return input;
  if (node.op !== "add") return undefined;
  return node.inputs.find((each) => usage.graph.nodeOf(each).op === "matmul");
}

/** The product that mixes the values by the weights, and the mask on these. */
function mixtureOf(
  weights: Node,
  usage: Usage,
): { mixture: Product; mask: Value | undefined } | undefined {
  const findProduct = (mixing: Value) =>
    usage.readersOf(mixing).find((reader): reader is Product =>
      isProduct(reader, { transposeA: false, transposeB: false, alpha: 1 }) &&
      reader.inputs[0] === mixing
    );
  const direct = findProduct(weights.output);
  if (direct !== undefined) return { mixture: direct, mask: undefined };
  for (const reader of usage.readersOf(weights.output)) {
    const mask = reader.op === "mul" && reader.inputs.find((each) => each !== weights.output);
    if (!mask || usage.graph.nodeOf(mask).op !== "dropoutMask") continue;
    const mixture = findProduct(reader.output);
    if (mixture !== undefined) return { mixture, mask };
  }
  return undefined;
}

/** What a product's operand was before its heads were split: the root of the swapped tensor. */
function splitOf(value: Value, usage: Usage): Node | undefined {
  const node = usage.graph.nodeOf(value);
  return isHeadSwap(node) ? usage.rootOf(node.inputs[0]!) : undefined;
}

function otherFactor(product: Value, factor: Value, usage: Usage): Value | undefined {
  const node = usage.graph.nodeOf(product);
  if (node.op !== "mul" || !node.inputs.includes(factor)) return undefined;
  return node.inputs.find((each) => each !== factor);
}

function isHeadSwap(node: Node): boolean {
  return node.op === "transpose" && String(node.attrs.perm) === "0,2,1,3";
}

function isProduct(node: Node | undefined, flags: Partial<Product["attrs"]>): node is Product {
  return node?.op === "matmul" &&
    Object.entries(flags).every(([name, value]) =>
      node.attrs[name as keyof Product["attrs"]] === value
    ) && (flags.transposeA !== undefined || !node.attrs.transposeA);
}
