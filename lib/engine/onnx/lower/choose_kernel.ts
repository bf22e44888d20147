/**
 * Which nodes our kernels compute.
 *
 * A kernel passes once over memory where ONNX Runtime, which has no derivatives,
 * would pass ten times. Where sizes do not suit a kernel's vectors, a node is
 * ONNX Runtime's: by an operator of its own, or expanded.
 */
import { type Graph, type Node, sizeOf, type Value } from "../../ir/graph.ts";
import type {
  AttentionSizes,
  ComputedNode,
  KernelCall,
  KernelOperation,
  Residual,
} from "./operation.ts";
import { constantOf, type Usage } from "./usage.ts";

/** The fused operations that ONNX Runtime has operators for, or that a few of them make up. */
const RUNTIME_OPS: ReadonlySet<Node["op"]> = new Set<Node["op"]>([
  "gelu",
  "softmax",
  "softmaxGrad",
  "layerNorm",
  "softmaxCrossEntropy",
  "softmaxCrossEntropyGrad",
]);

/** Whether a fused node is computed as it stands, by a kernel or by ONNX Runtime. */
export function isComputedWhole(node: Node, graph: Graph): boolean {
  switch (node.op) {
    case "geluGrad":
      return true;
    case "layerNormGrad":
      return isWholeVectors(node.output);
    case "attention":
      return attentionSizes(node, graph) !== undefined;
    case "attentionGrad":
      return attentionSizes(node, graph) !== undefined && madeBy(node, graph) !== undefined;
    default:
      return RUNTIME_OPS.has(node.op);
  }
}

/** Chooses kernels for the nodes of one graph. */
export class KernelChooser {
  /** What an attention keeps for its gradient, by the id of its result. */
  readonly #weights = new Map<number, Residual>();

  /** Walks nothing; a node is asked for when it is needed. */
  constructor(readonly usage: Usage) {}

  /** The kernel for a node, if there is one. */
  choose(node: ComputedNode): KernelOperation | undefined {
    const { inputs, output } = node;
    const [first, second] = inputs as [Value, Value];
    switch (node.op) {
      case "dropoutMask":
        return kernel({ kernel: "dropout", ...node.attrs }, { inputs, outputs: [output] });
      case "geluGrad":
        return kernel({ kernel: "geluGrad" }, { inputs, outputs: [output], inPlace: second });
      case "softmaxGrad": {
        if (!isWholeVectors(output)) return undefined;
        const call = { kernel: "softmaxGrad", width: output.shape.at(-1)! } as const;
        return kernel(call, { inputs, outputs: [output], inPlace: second });
      }
      case "scatterAddRows": {
        if (output.dtype !== "f32") return undefined;
        const call = { kernel: "addRows", rowSize: sizeOf(output.shape.slice(1)) } as const;
        const [, ids, updates] = inputs as [Value, Value, Value];
        return this.usage.constantOf(first) === 0
          ? kernel(call, { inputs: [ids, updates], outputs: [output] })
          : kernel(call, { inputs: [ids, updates, first], outputs: [output], inPlace: first });
      }
      case "layerNormGrad": {
        const { epsilon } = node.attrs, width = output.shape.at(-1)!;
        return kernel({ kernel: "layerNormGrad", width, epsilon }, {
          inputs,
          outputs: node.outputs,
        });
      }
      case "attention":
        return this.#attention(node);
      case "attentionGrad":
        return this.#attentionGrad(node);
      default:
        return undefined;
    }
  }

  #attention(node: Node & { op: "attention" }): KernelOperation {
    const sizes = attentionSizes(node, this.usage.graph)!;
    const [q, k, v, bias, ...masks] = node.inputs as [Value, Value, Value, Value, ...Value[]];
    return kernel({ kernel: "attention", ...sizes }, {
      inputs: [q, k, v, ...sizes.isBiased ? [bias] : [], ...masks],
      outputs: [node.output, this.#weightsOf(node), { scratch: sizes.length ** 2 }],
    });
  }

  #attentionGrad(node: Node & { op: "attentionGrad" }): KernelOperation {
    const { graph } = this.usage, sizes = attentionSizes(node, graph)!;
    const [q, k, v, , , dy, ...masks] = node.inputs as [...Six, ...Value[]];
    const weights = this.#weightsOf(madeBy(node, graph)!);
    return kernel({ kernel: "attentionGrad", ...sizes }, {
      inputs: [q, k, v, weights, dy, ...masks],
      outputs: [...node.outputs, { scratch: 2 * sizes.length ** 2 }],
    });
  }

  #weightsOf({ output }: Node & { op: "attention" }): Residual {
    const [rows, length, heads] = output.shape as [number, number, number];
    const known = this.#weights.get(output.id);
    const residual = known ?? { of: output, floats: rows * heads * length * length };
    this.#weights.set(output.id, residual);
    return residual;
  }
}

function kernel(
  call: KernelCall,
  rest: Omit<KernelOperation, "at" | "call">,
): KernelOperation {
  return { at: "kernel", call, ...rest };
}

type Six = [Value, Value, Value, Value, Value, Value];

/** Whether the last dimension fills vectors. */
function isWholeVectors({ shape }: Value): boolean {
  return shape.at(-1)! % 4 === 0;
}

/** The longest rows, in tokens, for which the kernels are faster than ONNX Runtime's products. */
const MAX_LENGTH = 64;

/** The sizes of an attention or of its gradient, where a kernel computes it. */
function attentionSizes(
  node: Node & { op: "attention" | "attentionGrad" },
  graph: Graph,
): AttentionSizes | undefined {
  const [q, k, , bias] = node.inputs as [Value, Value, Value, Value];
  const mask = node.inputs[node.op === "attention" ? 4 : 6];
  const [rows, length, heads, headSize] = q.shape as [number, number, number, number];
  if (k.shape[1] !== length || length > MAX_LENGTH || length % 4 !== 0) return undefined;
  if (headSize % 8 !== 0) return undefined;
  const isBiased = constantOf(graph, bias) !== 0;
  if (isBiased && String(bias.shape) !== String([rows, 1, 1, length])) return undefined;
  if (mask !== undefined && String(mask.shape) !== String([rows, heads, length, length])) {
    return undefined;
  }
  const { scale } = node.attrs;
  return { rows, length, heads, headSize, scale, isBiased, isMasked: mask !== undefined };
}

/** The attention that a gradient is of. */
function madeBy(
  { inputs }: Node & { op: "attentionGrad" },
  graph: Graph,
): (Node & { op: "attention" }) | undefined {
  const [q, k, v, bias, y, , ...masks] = inputs as [...Six, ...Value[]];
  const node = graph.nodeOf(y);
  const given = [q, k, v, bias, ...masks];
  const isOfIt = node.op === "attention" && node.inputs.length === given.length &&
    node.inputs.every((each, i) => each === given[i]);
  return isOfIt ? node : undefined;
}
