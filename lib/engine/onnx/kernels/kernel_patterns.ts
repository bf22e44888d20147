/**
 * Finds the parts of a graph that our kernels compute.
 *
 * A kernel passes once over memory where ONNX Runtime, which has no derivatives,
 * would pass ten times. Where sizes do not suit a kernel's vectors, nothing is
 * found and ONNX Runtime computes the part with its own operators.
 */
import { type Graph, type Node, type Shape, sizeOf, type Value } from "../../ir/graph.ts";
import { attentionGradOf, attentionOf } from "../lower/attention_patterns.ts";
import type { ComputedNode, KernelOperation, KernelOutput } from "../lower/operation.ts";
import type { Usage } from "../usage.ts";

/** The kernel for one node by itself, if there is one. */
export function chooseKernel(node: ComputedNode, usage: Usage): KernelOperation | undefined {
  const { inputs, output } = node;
  const [first, second] = inputs as [Value, Value];
  switch (node.op) {
    case "dropoutMask":
      return kernel({ kernel: "dropout", ...node.attrs }, { inputs, outputs: [output] });
    case "geluGrad":
      return kernel({ kernel: "geluGrad" }, { inputs, outputs: [output], inPlace: second });
    case "softmaxGrad": {
      const width = output.shape.at(-1)!;
      if (width % 4 !== 0) return undefined;
      const call = { kernel: "softmaxGrad", width } as const;
      return kernel(call, { inputs, outputs: [output], inPlace: second });
    }
    case "scatterAddRows": {
      if (output.dtype !== "f32") return undefined;
      const call = { kernel: "addRows", rowSize: sizeOf(output.shape.slice(1)) } as const;
      const [, ids, updates] = inputs as [Value, Value, Value];
      return usage.constantOf(first) === 0
        ? kernel(call, { inputs: [ids, updates], outputs: [output] })
        : kernel(call, { inputs: [ids, updates, first], outputs: [output], inPlace: first });
    }
    default:
      return undefined;
  }
}

function kernel(
  call: KernelOperation["call"],
  rest: Omit<KernelOperation, "at" | "call">,
): KernelOperation {
  return { at: "kernel", call, ...rest };
}

/** Kernels that compute several values, under the id of each. */
export function kernelGroups(graph: Graph, usage: Usage): ReadonlyMap<number, KernelOperation> {
  const groups = new Map<number, KernelOperation>();
  for (const node of graph.nodes) {
    if (!usage.isNeeded(node)) continue;
    const group = layerNormGradOf(node, usage) ?? attentionOf(node, usage) ??
      attentionGradOf(node, usage);
    for (const output of group?.outputs ?? []) {
      if ("id" in output) groups.set(output.id, group!);
    }
  }
  return groups;
}

/** All three gradients of a layer norm; those of gamma and beta are sums beside it. */
function layerNormGradOf(node: Node, usage: Usage): KernelOperation | undefined {
  if (node.op !== "layerNormGrad") return undefined;
  const { epsilon } = node.attrs;
  const [x, gamma, dy] = node.inputs as [Value, Value, Value];
  const width = x.shape.at(-1)!;
  if (width % 4 !== 0 || usage.constantOf(dy) !== undefined) return undefined;
  const byRow: Shape = [sizeOf(x.shape) / width, width];
  const sumOverRows = (summand: Value): KernelOutput =>
    usage.readersOf(summand).find((reader) =>
      reader.op === "reduceSum" && sizeOf(reader.output.shape) === width &&
      String(reader.inputs[0]!.shape) === String(byRow) && String(reader.attrs.axes) === "0"
    )?.output ?? { scratch: width };
  const product = usage.readersOf(dy).find((reader) =>
    reader.op === "mul" && String(reader.output.shape) === String(byRow) &&
    reader.inputs.some((each) => isStandardised(each, { x, epsilon, usage }))
  );
  const dgamma = product === undefined ? { scratch: width } : sumOverRows(product.output);
  return kernel({ kernel: "layerNormGrad", width, epsilon }, {
    inputs: [x, gamma, dy],
    outputs: [node.output, dgamma, sumOverRows(dy)],
  });
}

/** Whether a value is (x - mean) / sqrt(variance + epsilon), as `expansions.ts` writes it. */
function isStandardised(
  value: Value,
  { x, epsilon, usage }: { x: Value; epsilon: number; usage: Usage },
): boolean {
  const node = (each: Value | undefined) => each && usage.graph.nodeOf(each);
  const is = (a: Value | undefined, b: Value) =>
    a !== undefined && usage.rootOf(a) === usage.rootOf(b);
  const isMeanOf = (each: Value | undefined, of: Value): boolean => {
    const mean = node(each);
    if (mean?.op !== "mul" || usage.constantOf(mean.inputs[1]!) !== 1 / of.shape.at(-1)!) {
      return false;
    }
    const sum = node(mean.inputs[0]);
    return sum?.op === "reduceSum" && sum.attrs.keepDims &&
      String(sum.attrs.axes) === String([of.shape.length - 1]) && is(sum.inputs[0], of);
  };
  const product = node(value);
  if (product?.op !== "mul") return false;
  const [centred, inverse] = product.inputs.map((each) => node(each)!);
  if (centred?.op !== "sub" || !is(centred.inputs[0], x) || !isMeanOf(centred.inputs[1], x)) {
    return false;
  }
  const shifted = inverse?.op === "rsqrt" ? node(inverse.inputs[0]) : undefined;
  if (shifted?.op !== "add" || usage.constantOf(shifted.inputs[1]!) !== epsilon) return false;
  const squares = node(node(node(shifted.inputs[0])?.inputs[0])?.inputs[0]);
  return squares?.op === "mul" && squares.inputs.every((each) => is(each, centred.output)) &&
    isMeanOf(shifted.inputs[0], squares.output);
}
