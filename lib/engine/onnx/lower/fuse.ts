/**
 * Chooses the operation that computes each needed value of a graph.
 *
 * From the outputs back: a node becomes one operation, and takes in the nodes
 * before it that nobody else reads where one operator does the work of several.
 * Values that no chosen operation reads are not computed at all.
 */
import { type Graph, type Node, type Shape, sizeOf, type Value } from "../../ir/graph.ts";
import { emitNode } from "./lower_nodes.ts";
import { KernelChooser } from "./choose_kernel.ts";
import {
  type ComputedNode,
  operandsOf,
  type Operation,
  resultsOf,
  type RuntimeOperation,
} from "./operation.ts";
import type { Usage } from "./usage.ts";

/** The operations that a graph's outputs need, in an order in which they can run. */
export function chooseOperations(graph: Graph, usage: Usage): Operation[] {
  const kernels = new KernelChooser(usage);
  const needed = new Set<number>();
  const need = (value: Value) => needed.add(usage.rootOf(value).id);
  graph.outputs.forEach(need);
  const makers = new Map<number, Operation>();
  for (const node of graph.nodes.toReversed()) {
    if (isLeaf(node) || !node.outputs.some(({ id }) => needed.has(id))) continue;
    if (usage.constantOf(node.output) !== undefined) continue;
    const computed = node as ComputedNode;
    const operation = kernels.choose(computed) ?? chooseOperation(computed, usage);
    for (const result of resultsOf(operation)) makers.set(result.id, operation);
    operandsOf(operation).forEach(need);
  }
  return inOrder(graph, makers, usage);
}

/** Each operation once, after those that make its inputs. */
function inOrder(
  graph: Graph,
  makers: ReadonlyMap<number, Operation>,
  usage: Usage,
): Operation[] {
  const ordered = new Set<Operation>();
  const visit = (operation: Operation) => {
    if (ordered.has(operation)) return;
    for (const input of operandsOf(operation)) {
      const maker = makers.get(usage.rootOf(input).id);
      if (maker !== undefined) visit(maker);
    }
    ordered.add(operation);
  };
  // In the graph's order, so that the depth of visits stays small.
  for (const { outputs } of graph.nodes) {
    for (const { id } of outputs) {
      const maker = makers.get(id);
      if (maker !== undefined) visit(maker);
    }
  }
  return [...ordered];
}

function isLeaf(node: Node): boolean {
  return node.op === "input" || node.op === "splat";
}

function chooseOperation(node: ComputedNode, usage: Usage): Operation {
  return scaledProduct(node, usage) ?? productWithSum(node, usage) ?? {
    at: "runtime",
    inputs: node.inputs,
    output: node.output,
    emit: (operands) => emitNode(node, operands),
  };
}

/** A product that only this node reads; a reshape may stand between. */
function ownProduct(value: Value, usage: Usage): (Node & { op: "matmul" }) | undefined {
  const root = usage.graph.nodeOf(usage.rootOf(value));
  return root.op === "matmul" && usage.isReadOnce(value) ? root : undefined;
}

/** A product times a number: the number becomes the product's alpha. */
function scaledProduct(node: ComputedNode, usage: Usage): Operation | undefined {
  if (node.op !== "mul") return undefined;
  for (const [a, b] of [node.inputs, node.inputs.toReversed()] as [Value, Value][]) {
    const factor = usage.constantOf(b), product = ownProduct(a, usage);
    if (product === undefined || factor === undefined) continue;
    if (String(node.output.shape) !== String(a.shape)) continue;
    const alpha = product.attrs.alpha * factor;
    const scaled: ComputedNode = { ...product, attrs: { ...product.attrs, alpha } };
    return {
      at: "runtime",
      inputs: product.inputs,
      output: node.output,
      emit: (operands) => emitNode(scaled, operands),
    };
  }
  return undefined;
}

/** A product of matrices plus something: the sum becomes Gemm's third operand. */
function productWithSum(node: ComputedNode, usage: Usage): RuntimeOperation | undefined {
  if (node.op !== "add") return undefined;
  for (const [a, b] of [node.inputs, node.inputs.toReversed()] as [Value, Value][]) {
    const product = ownProduct(a, usage);
    if (product === undefined || String(node.output.shape) !== String(a.shape)) continue;
    const [left, right] = product.inputs as [Value, Value];
    const { transposeA, transposeB, alpha } = product.attrs;
    if (right.shape.length !== 2 || (left.shape.length > 2 && transposeA)) continue;
    const columns = product.output.shape.at(-1)!;
    const matrix: Shape = [sizeOf(product.output.shape) / columns, columns];
    const summand = summandShape(b, node.output.shape, matrix);
    if (summand === undefined) continue;
    const factor: Shape = left.shape.length === 2 ? left.shape : [matrix[0]!, left.shape.at(-1)!];
    return {
      at: "runtime",
      inputs: [left, right, b],
      output: node.output,
      emit: (operands) => {
        const inputs = [operands.exact(left, factor), operands.exact(right)];
        inputs.push(operands.exact(b, summand));
        const attributes = { transA: BigInt(transposeA), transB: BigInt(transposeB), alpha };
        return { name: operands.builder.node("Gemm", inputs, { attributes }), shape: matrix };
      },
    };
  }
  return undefined;
}

/** The shape in which a summand of a product can be Gemm's third operand, if any. */
function summandShape(summand: Value, sum: Shape, matrix: Shape): Shape | undefined {
  const size = sizeOf(summand.shape);
  if (size === sizeOf(sum)) return matrix;
  const isRow = summand.shape.at(-1) === matrix[1] && sum.at(-1) === matrix[1] &&
    size === matrix[1];
  return isRow ? [size] : undefined;
}
