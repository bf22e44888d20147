/**
 * Every primitive operation of the graph in operations of StableHLO.
 *
 * Fused operations are expanded first but where a platform has a call for them
 * (`attention.ts`). The table names all others, so that a new one does not compile until it
 * is lowered. Picking and placing compare each place with the id instead of gathering: the
 * compiler joins that with what reads it, and nothing is added in an order of chance.
 */
import type { FusedOp } from "../../ir/expansions.ts";
import type { BinaryOp, Node, OpName, Shape } from "../../ir/graph.ts";
import type { Platform } from "../module.ts";
import { type Binary, type Block, functionType, joiningRegion, type Tensor } from "./block.ts";
import type { DropoutFunctions } from "./dropout.ts";
import type { Products } from "./products.ts";
import { scatterAddRows } from "./scatter.ts";
import { typeOf, writtenType } from "./syntax.ts";

/** What nodes are lowered with. */
export interface Lowering {
  /** The body that is appended to. */
  readonly block: Block;
  /** How products are computed. */
  readonly products: Products;
  /** Where dropout's bits come from. */
  readonly dropout: DropoutFunctions;
  /** Where the module runs. */
  readonly platform: Platform;
  /** How many devices run the module side by side. */
  readonly replicas: number;
}

/** Names of inputs, and of what is expanded or lowered as a whole. */
type NotHere = "input" | Exclude<FusedOp, "replicaSum">;

type Lower<Name extends OpName> = (
  lowering: Lowering,
  node: Extract<Node, { readonly op: Name }>,
  operands: readonly Tensor[],
) => Tensor;

const BINARY: Readonly<Record<Exclude<BinaryOp, "equal" | "less">, Binary>> = {
  add: "add",
  sub: "subtract",
  mul: "multiply",
  div: "divide",
  maximum: "maximum",
  minimum: "minimum",
};

const LOWERINGS: { readonly [Name in Exclude<OpName, NotHere>]: Lower<Name> } = {
  splat: ({ block }, { attrs, output }) => block.constant(attrs.value, typeOf(output)),
  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  maximum: binary,
  minimum: binary,
  equal: ({ block }, _, [a, b]) => block.compare("EQ", a!, b!),
  less: ({ block }, _, [a, b]) => block.compare("LT", a!, b!),
  select: ({ block }, _, [condition, a, b]) => block.select(condition!, a!, b!),
  neg: ({ block }, _, [x]) => block.unary("negate", x!),
  exp: ({ block }, _, [x]) => block.unary("exponential", x!),
  log: ({ block }, _, [x]) => block.unary("log", x!),
  sqrt: ({ block }, _, [x]) => block.unary("sqrt", x!),
  rsqrt: ({ block }, _, [x]) => block.unary("rsqrt", x!),
  tanh: ({ block }, _, [x]) => block.unary("tanh", x!),
  erf: ({ block }, _, [x]) =>
    block.one(`chlo.erf ${x!.name} : ${writtenType(x!)} -> ${writtenType(x!)}`, x!),
  cast: ({ block }, { output }, [x]) => block.convert(x!, typeOf(output).element),
  stopGradient: (_, __, [x]) => x!,
  reshape: ({ block }, { attrs }, [x]) => block.reshape(x!, attrs.shape),
  transpose: ({ block }, { attrs }, [x]) => block.transpose(x!, attrs.perm),
  broadcastTo: ({ block }, { attrs }, [x]) => block.broadcast(x!, attrs.shape),
  slice: ({ block }, { attrs }, [x]) => block.slice(x!, attrs.starts, attrs.ends),
  concat: ({ block }, { attrs }, parts) => block.concatenate(parts, attrs.axis),
  reduceSum: ({ block }, { attrs, output }, [x]) =>
    block.reshape(block.reduce("add", x!, attrs.axes), output.shape),
  reduceMax: ({ block }, { attrs, output }, [x]) =>
    block.reshape(block.reduce("maximum", x!, attrs.axes), output.shape),
  matmul: ({ products }, node, [a, b]) => products.matmul(node, a!, b!),
  gatherRows: ({ block }, { output }, [table, ids]) => {
    const [, ...rest] = table!.shape;
    const offsets = rest.map((_, i) => ids!.shape.length + i).join(", ");
    const numbers = `offset_dims = [${offsets}], collapsed_slice_dims = [0], ` +
      `start_index_map = [0], index_vector_dim = ${ids!.shape.length}`;
    const result = { element: table!.element, shape: output.shape };
    return block.one(
      `"stablehlo.gather"(${table!.name}, ${ids!.name}) <{dimension_numbers = ` +
        `#stablehlo.gather<${numbers}>, slice_sizes = array<i64: ${[1, ...rest].join(", ")}>}> : ` +
        functionType([table!, ids!], [result]),
      result,
    );
  },
  scatterAddRows: ({ block, platform }, _, [base, ids, updates]) =>
    scatterAddRows(block, { base: base!, ids: ids!, updates: updates! }, platform),
  pickLast: ({ block }, _, [x, ids]) => {
    const isAt = placesAt(block, ids!, x!.shape);
    const picked = block.select(isAt, x!, block.scalar(0, x!.element));
    return block.reduce("add", picked, [x!.shape.length - 1]);
  },
  placeLast: ({ block }, { output }, [values, ids]) => {
    const isAt = placesAt(block, ids!, output.shape);
    const column = block.reshape(values!, [...values!.shape, 1]);
    return block.select(isAt, column, block.scalar(0, values!.element));
  },
  replicaSum: ({ block, replicas }, _, [x]) => {
    const group = Array.from({ length: replicas }, (_, i) => i).join(", ");
    return block.one(
      `"stablehlo.all_reduce"(${x!.name}) <{replica_groups = dense<[[${group}]]> : ` +
        `tensor<1x${replicas}xi64>}> ${joiningRegion("add", x!.element)} : ` +
        functionType([x!], [x!]),
      x!,
    );
  },
  dropoutMask: ({ block, dropout }, node, [seed]) => dropout.mask(block, node, seed!),
};

function binary(
  { block }: Lowering,
  { op }: { readonly op: keyof typeof BINARY },
  [a, b]: readonly Tensor[],
): Tensor {
  return block.binary(BINARY[op], a!, b!);
}

/** Where the place in the last dimension is the id: i1 of a shape [...S, depth], ids [...S]. */
function placesAt(block: Block, ids: Tensor, shape: Shape): Tensor {
  const places = block.iota({ element: "i32", shape }, shape.length - 1);
  return block.compare("EQ", places, block.reshape(ids, [...ids.shape, 1]));
}

/** Whether an operation is lowered as it stands, on every platform. */
export function isPrimitive(op: OpName): boolean {
  return Object.hasOwn(LOWERINGS, op);
}

/**
 * Appends the operations of one node.
 *
 * @returns its only result
 * @throws Error for inputs, and for what is lowered elsewhere
 */
export function lowerNode(lowering: Lowering, node: Node, operands: readonly Tensor[]): Tensor {
  const lower = (LOWERINGS as Partial<Record<OpName, unknown>>)[node.op];
  if (lower === undefined) throw new Error(`${node.op} is not lowered to StableHLO`);
  // The table pairs each name with its own attributes, which a lookup cannot show.
  const made = (lower as Lower<OpName>)(lowering, node, operands);
  const type = typeOf(node.output);
  if (String(made.shape) !== String(type.shape) || made.element !== type.element) {
    throw new Error(`${node.op} became ${made.element} [${made.shape}], not [${type.shape}]`);
  }
  return made;
}
