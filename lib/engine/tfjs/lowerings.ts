/**
 * Every primitive operation of the graph in operations of TensorFlow.js.
 *
 * Fused operations are not here: `engine.ts` expands them first. The table names
 * all others, so that a new one does not compile until it is lowered.
 */
import { dropoutSeedOf, fillDropoutMask } from "../dropout_bits.ts";
import type { FusedOp } from "../ir/expansions.ts";
import { type DType, type Node, type OpName, sizeOf, type Value } from "../ir/graph.ts";
import type { TensorFlow, TfTensor } from "./tensorflow.ts";

/** Names of the fused operations and of inputs, which are not lowered. */
type NotLowered = "input" | FusedOp;

type Lowering<Name extends OpName> = (
  tf: TensorFlow,
  node: Extract<Node, { readonly op: Name }>,
  inputs: readonly TfTensor[],
) => TfTensor;

/** Element types by their names in TensorFlow.js. */
export const TF_DTYPES = { f32: "float32", i32: "int32", bool: "bool" } as const satisfies Record<
  DType,
  string
>;

const LOWERINGS: { readonly [Name in Exclude<OpName, NotLowered>]: Lowering<Name> } = {
  splat: (tf, { attrs, output }) =>
    tf.fill([...output.shape], attrs.value, TF_DTYPES[output.dtype]),
  add: (tf, _, [a, b]) => tf.add(a!, b!),
  sub: (tf, _, [a, b]) => tf.sub(a!, b!),
  mul: (tf, _, [a, b]) => tf.mul(a!, b!),
  div: (tf, _, [a, b]) => tf.div(a!, b!),
  maximum: (tf, _, [a, b]) => tf.maximum(a!, b!),
  minimum: (tf, _, [a, b]) => tf.minimum(a!, b!),
  equal: (tf, _, [a, b]) => tf.equal(a!, b!),
  less: (tf, _, [a, b]) => tf.less(a!, b!),
  select: (tf, _, [condition, a, b]) => tf.where(condition!, a!, b!),
  neg: (tf, _, [x]) => tf.neg(x!),
  exp: (tf, _, [x]) => tf.exp(x!),
  log: (tf, _, [x]) => tf.log(x!),
  sqrt: (tf, _, [x]) => tf.sqrt(x!),
  rsqrt: (tf, _, [x]) => tf.rsqrt(x!),
  tanh: (tf, _, [x]) => tf.tanh(x!),
  erf: (tf, _, [x]) => tf.erf(x!),
  cast: (tf, { attrs }, [x]) => tf.cast(x!, TF_DTYPES[attrs.to]),
  stopGradient: (tf, _, [x]) => tf.clone(x!),
  reshape: (tf, { attrs }, [x]) => tf.reshape(x!, [...attrs.shape]),
  transpose: (tf, { attrs }, [x]) => tf.transpose(x!, [...attrs.perm]),
  broadcastTo: (tf, { attrs }, [x]) => tf.broadcastTo(x!, [...attrs.shape]),
  slice: (tf, { attrs, output }, [x]) => tf.slice(x!, [...attrs.starts], [...output.shape]),
  concat: (tf, { attrs }, inputs) => tf.concat([...inputs], attrs.axis),
  // An empty list of axes means all of them there, and none of them here.
  reduceSum: (tf, { attrs }, [x]) =>
    attrs.axes.length === 0 ? tf.clone(x!) : tf.sum(x!, [...attrs.axes], attrs.keepDims),
  reduceMax: (tf, { attrs }, [x]) =>
    attrs.axes.length === 0 ? tf.clone(x!) : tf.max(x!, [...attrs.axes], attrs.keepDims),
  matmul: (tf, { attrs }, [a, b]) => {
    const product = tf.matMul(a!, b!, attrs.transposeA, attrs.transposeB);
    return attrs.alpha === 1 ? product : tf.mul(product, tf.scalar(attrs.alpha));
  },
  gatherRows: (tf, _, [table, ids]) => tf.gather(table!, ids as TfIds, 0),
  scatterAddRows: (tf, { output }, [base, ids, updates]) => {
    // scatterND sums over repeated ids; unsortedSegmentSum visits each row of the table for each.
    const indices = tf.reshape(ids!, [ids!.size, 1]);
    return tf.add(base!, tf.scatterND(indices, updates!, [...output.shape]));
  },
  pickLast: (tf, { inputs }, [x, ids]) => {
    const flat = tf.reshape(x!, [x!.size]);
    return tf.gather(flat, flatPlaces(tf, ids!, inputs[0]!.shape.at(-1)!), 0);
  },
  placeLast: (tf, { attrs, output }, [values, ids]) => {
    const places = tf.reshape(flatPlaces(tf, ids!, attrs.depth), [ids!.size, 1]);
    const flat = tf.reshape(values!, [values!.size]);
    return tf.reshape(tf.scatterND(places, flat, [sizeOf(output.shape)]), [...output.shape]);
  },
  dropoutMask: (tf, { attrs, output }, [seed]) => {
    const mask = new Float32Array(sizeOf(output.shape));
    fillDropoutMask(mask, { ...attrs, ...dropoutSeedOf(seed!.dataSync(), attrs) });
    return tf.tensor(mask, [...output.shape]);
  },
};

type TfIds = Parameters<TensorFlow["gather"]>[1];

/** Where the element ids[i] of row i lies in a flattened [...S, depth]; of the shape of ids. */
function flatPlaces(tf: TensorFlow, ids: TfTensor, depth: number): TfTensor & TfIds {
  const rows = tf.reshape(tf.range(0, ids.size, 1, "int32"), ids.shape);
  return tf.add(tf.mul(rows, tf.scalar(depth, "int32")), ids) as TfTensor & TfIds;
}

/** Whether TensorFlow.js can compute a node as it stands. */
export function isLowered(node: Node): boolean {
  return node.op in LOWERINGS;
}

/**
 * Computes one node.
 *
 * @returns a new tensor
 * @throws Error for inputs and fused operations
 */
export function lowerNode(tf: TensorFlow, node: Node, inputs: readonly TfTensor[]): TfTensor {
  const lowering = (LOWERINGS as Partial<Record<OpName, unknown>>)[node.op];
  if (lowering === undefined) throw new Error(`${node.op} is not lowered`);
  // The table pairs each name with its own attributes, which a lookup cannot show.
  const result = (lowering as Lowering<OpName>)(tf, node, inputs);
  checkShape(node.output, result);
  return result;
}

function checkShape(value: Value, result: TfTensor): void {
  if (String(result.shape) !== String(value.shape) || result.dtype !== TF_DTYPES[value.dtype]) {
    throw new Error(
      `TensorFlow.js made ${result.dtype} [${result.shape}] of ${value.dtype} [${value.shape}]`,
    );
  }
}
