/**
 * Writes a graph as a module of StableHLO: what any PJRT plugin compiles.
 *
 * Pure: the same graph and options give the same text, which is what compiled programs are
 * kept by. Each operation stands on a line of its own and names the node it comes from.
 */
import type { Graph, Node } from "../../ir/graph.ts";
import { mergeProjections } from "../../passes/merge_projections.ts";
import { optimise } from "../../passes/pipeline.ts";
import type { ModuleInput, ModuleOptions, ModuleTensor, XlaModule } from "../module.ts";
import { CudnnAttention, isAttention, isCudnnCall } from "./attention.ts";
import { Block, type Tensor } from "./block.ts";
import { DropoutFunctions } from "./dropout.ts";
import { isPrimitive, type Lowering, lowerNode } from "./lowerings.ts";
import { Products } from "./products.ts";
import { quoted, typeOf, writtenType } from "./syntax.ts";

/**
 * Simplifies a graph and writes it down.
 *
 * @throws Error when a donation names no input or output, or two of different types
 */
export function emitModule(graph: Graph, options: ModuleOptions): XlaModule {
  const { replicas = 1 } = options;
  const keeps = (node: Node, of: Graph): boolean => {
    if (isAttention(node)) return isCudnnCall(node, of, options);
    return node.op === "replicaSum" ? replicas > 1 : isPrimitive(node.op);
  };
  const simple = optimise(mergeProjections(graph), keeps);
  const outputs = [...simple.outputs].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const inputs = inputsOf(simple, outputs, options.donations ?? new Map());
  const block = new Block();
  const lowering: Lowering = {
    block,
    products: new Products(block, options.precision),
    dropout: new DropoutFunctions(),
    platform: options.platform,
    replicas,
  };
  writeBody(simple, lowering);
  const text = [
    `module @titrate attributes {mhlo.num_partitions = 1 : i32, ` +
    `mhlo.num_replicas = ${replicas} : i32} {`,
    ...headOf(inputs, outputs),
    ...block.lines,
    "  }",
    ...lowering.dropout.lines,
    "}",
    "",
  ].join("\n");
  return { text, inputs, outputs };
}

function inputsOf(
  graph: Graph,
  outputs: readonly ModuleTensor[],
  donations: ReadonlyMap<string, string>,
): ModuleInput[] {
  for (const name of donations.keys()) {
    if (!graph.inputs.has(name)) throw new Error(`the graph has no input "${name}" to donate`);
  }
  return [...graph.inputs].map(([name, { dtype, shape }]) => {
    const target = donations.get(name);
    if (target === undefined) return { name, dtype, shape };
    const donatedTo = outputs.findIndex((each) => each.name === target);
    const output = outputs[donatedTo];
    if (output?.dtype !== dtype || String(output.shape) !== String(shape)) {
      throw new Error(`the input "${name}" cannot be donated to the output "${target}"`);
    }
    return { name, dtype, shape, donatedTo };
  });
}

/** The line of `main`, one argument a line. */
function headOf(inputs: readonly ModuleInput[], outputs: readonly ModuleTensor[]): string[] {
  const args = inputs.map(({ name, donatedTo, ...type }, i) => {
    const alias = donatedTo === undefined ? "" : ` {tf.aliasing_output = ${donatedTo} : i32}`;
    const end = i + 1 < inputs.length ? "," : "";
    return `    %arg${i}: ${writtenType(typeOf(type))}${alias} loc(${quoted(name)})${end}`;
  });
  const results = outputs.map((each) => writtenType(typeOf(each))).join(", ");
  return ["  func.func public @main(", ...args, `  ) -> (${results}) {`];
}

function writeBody(graph: Graph, lowering: Lowering): void {
  const { block, products } = lowering;
  const attention = new CudnnAttention(block, products, graph);
  const values = new Map<number, Tensor>();
  let taken = 0;
  const lower = (node: Node, operands: readonly Tensor[]): readonly Tensor[] => {
    if (node.op === "input") return [{ ...typeOf(node.output), name: `%arg${taken++}` }];
    if (isAttention(node)) return attention.lower(node, operands);
    return [lowerNode(lowering, node, operands)];
  };
  for (const node of graph.nodes) {
    block.startPlace(`${node.op} ${node.output.id}`);
    const made = lower(node, node.inputs.map((each) => values.get(each.id)!));
    node.outputs.forEach(({ id }, i) => values.set(id, made[i]!));
  }
  block.finish([...graph.outputs.values()].map(({ id }) => values.get(id)!));
}
