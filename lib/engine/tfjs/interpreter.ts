/**
 * Runs a graph node by node, and disposes every tensor after its last use.
 *
 * Memory is that of the live tensors, as in a compiled graph.
 */
import type { Graph } from "../ir/graph.ts";
import { lowerNode } from "./lowerings.ts";
import type { TensorFlow, TfTensor } from "./tensorflow.ts";

/** A graph ready to run: it knows when each tensor is used last. */
export class Interpreter {
  /** For each node, by its place, the values that no later node uses. */
  readonly #dying: number[][];

  /**
   * Plans a graph.
   *
   * @param graph of lowered operations and inputs only
   */
  constructor(
    /** The operations of the backend that computes. */
    readonly tf: TensorFlow,
    /** What it runs. */
    readonly graph: Graph,
  ) {
    const lastUse = new Map<number, number>();
    for (const [i, node] of graph.nodes.entries()) {
      if (node.op !== "input") lastUse.set(node.output.id, i);
      for (const { id } of node.inputs) if (lastUse.has(id)) lastUse.set(id, i);
    }
    for (const { id } of graph.outputs.values()) lastUse.delete(id);
    this.#dying = graph.nodes.map(() => []);
    for (const [id, last] of lastUse) this.#dying[last]!.push(id);
  }

  /**
   * Computes the outputs.
   *
   * @param inputs by name; they stay the caller's
   * @returns by name; the caller disposes them
   * @throws Error when an input is missing or an operation fails; no tensor is left then
   */
  run(inputs: ReadonlyMap<string, TfTensor>): Map<string, TfTensor> {
    const results = new Map<string, TfTensor>();
    // What is returned in a list outlives the scope, all else ends with it, by an error too.
    this.tf.tidy(() => {
      for (const [name, tensor] of this.#compute(inputs)) results.set(name, tensor);
      return [...results.values()];
    });
    return results;
  }

  #compute(inputs: ReadonlyMap<string, TfTensor>): Map<string, TfTensor> {
    const { tf, graph } = this;
    /** By the id of a value; lowered operations have one output. */
    const values: TfTensor[] = [];
    for (const [i, node] of graph.nodes.entries()) {
      if (node.op === "input") {
        const input = inputs.get(node.attrs.name);
        if (input === undefined) throw new Error(`the input "${node.attrs.name}" is missing`);
        values[node.output.id] = input;
      } else {
        const operands = node.inputs.map((each) => values[each.id]!);
        values[node.output.id] = tf.tidy(() => lowerNode(tf, node, operands));
      }
      for (const id of this.#dying[i]!) values[id]!.dispose();
    }
    const given = new Set(inputs.values()), results = new Map<string, TfTensor>();
    for (const [name, value] of graph.outputs) {
      const tensor = values[value.id]!;
      results.set(name, given.has(tensor) ? tf.clone(tensor) : tensor);
      given.add(tensor);
    }
    return results;
  }
}
