/**
 * Computes only the rows that are used: carries a gather of rows back through
 * the operations that treat each row by itself.
 *
 * A masked-language model looks at one position in seven, so the last layer's
 * feed-forward block, and its gradient, need not be computed for the others.
 * Run it before `differentiate`. Exact: each remaining row is computed as before.
 */
import { Graph, isElementwise, type Node, type Shape, type Value } from "../ir/graph.ts";

/** Gathers rows before the row-wise operations that only lead to them, not after. */
export function gatherEarly(graph: Graph): Graph {
  const regions = findRegions(graph);
  if (regions.size === 0) return graph;
  return new Rewriter(graph, regions).run();
}

/** By the id of a value: the ids (a value of the graph) of the only rows of it that are used. */
type Regions = ReadonlyMap<number, Value>;

/** From the last node back: a node whose readers all want the same rows is computed for those. */
function findRegions(graph: Graph): Regions {
  const regions = new Map<number, Value>();
  const readers = new Map<number, Node[]>();
  const outputs = new Set([...graph.outputs.values()].map((each) => each.id));
  for (const node of graph.nodes.toReversed()) {
    for (const input of new Set(node.inputs)) {
      readers.set(input.id, [...readers.get(input.id) ?? [], node]);
    }
    const { id } = node.output;
    if (outputs.has(id) || rowOperands(node) === undefined) continue;
    const wanted = (readers.get(id) ?? []).map((reader) => rowsWanted(reader, id, regions));
    const [first] = wanted;
    if (first !== undefined && wanted.every((each) => each === first)) regions.set(id, first);
  }
  return regions;
}

/** The ids of the rows of a value that a reader wants; undefined when it wants them all. */
function rowsWanted(reader: Node, id: number, regions: Regions): Value | undefined {
  if (reader.op === "gatherRows") {
    const [table, ids] = reader.inputs as [Value, Value];
    const isFewer = ids.shape.length === 1 && 2 * ids.shape[0]! <= table.shape[0]!;
    return table.id === id && ids.id !== id && isFewer ? ids : undefined;
  }
  const operands = rowOperands(reader);
  const isByRow = reader.inputs.every((each, i) => each.id !== id || operands?.[i]);
  return isByRow ? regions.get(reader.output.id) : undefined;
}

/**
 * For a node whose output's row i depends on just row i of some operands: which
 * operands those are. The others are used in whole for every row.
 */
function rowOperands(node: Node): readonly boolean[] | undefined {
  const { shape } = node.output;
  if (shape.length < 2) return undefined;
  if (isElementwise(node.op)) {
    const byRow = node.inputs.map((each) => hasRowsOf(each.shape, shape));
    return byRow.includes(true) ? byRow : undefined;
  }
  switch (node.op) {
    case "softmax":
      return [true];
    case "layerNorm":
      return [true, false, false];
    case "matmul":
      return shape.length === 2 && !node.attrs.transposeA ? [true, false] : undefined;
    default:
      return undefined;
  }
}

function hasRowsOf(operand: Shape, shape: Shape): boolean {
  return operand.length === shape.length && operand[0] === shape[0];
}

class Rewriter {
  readonly #target = new Graph();
  /** By id in the old graph. */
  readonly #values = new Map<number, Value>();
  /** Values at the rows of their region's ids, by old id and the ids' old id. */
  readonly #gathered = new Map<string, Value>();

  constructor(readonly graph: Graph, readonly regions: Regions) {}

  run(): Graph {
    for (const node of this.graph.nodes) {
      // A node of a region is built when the gather is met: ids may come late.
      if (this.regions.has(node.output.id)) continue;
      const built = this.#build(node);
      for (const [i, { id }] of node.outputs.entries()) this.#values.set(id, built[i]!);
    }
    for (const [name, value] of this.graph.outputs) {
      this.#target.output(name, this.#values.get(value.id)!);
    }
    return this.#target;
  }

  #build(node: Node): readonly Value[] {
    const [table, ids] = node.inputs;
    if (node.op === "gatherRows" && this.regions.get(table!.id) === ids) {
      return [this.#atRows(table!, ids!)];
    }
    return this.#target.copy(node, node.inputs.map((each) => this.#values.get(each.id)!));
  }

  /** A value of the old graph at some rows only. */
  #atRows(value: Value, ids: Value): Value {
    const key = `${value.id} ${ids.id}`;
    let found = this.#gathered.get(key);
    if (found === undefined) {
      found = this.regions.get(value.id) === ids
        ? this.#rowWise(this.graph.nodeOf(value), ids)
        : this.#target.gatherRows(this.#values.get(value.id)!, this.#values.get(ids.id)!);
      this.#gathered.set(key, found);
    }
    return found;
  }

  #rowWise(node: Node, ids: Value): Value {
    const byRow = rowOperands(node)!;
    const operands = node.inputs.map((each, i) =>
      byRow[i] ? this.#atRows(each, ids) : this.#values.get(each.id)!
    );
    if (isElementwise(node.op)) return this.#target.elementwise(node.op, operands);
    const [a, b, c] = operands as [Value, Value, Value];
    switch (node.op) {
      case "softmax":
        return this.#target.softmax(a);
      case "layerNorm":
        return this.#target.layerNorm(a, b, c, node.attrs.epsilon);
      case "matmul":
        return this.#target.matmul(a, b, node.attrs);
      default:
        throw new Error(`${node.op} is not row-wise`);
    }
  }
}
