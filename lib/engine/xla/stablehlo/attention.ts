/**
 * Attention as cuDNN computes it: one call forward, one backward, and no probabilities kept.
 *
 * What it needs is a GPU, bfloat16 products, and rows so long that it pays: at 512 pieces a
 * step of bert-base takes half the memory. Attention under a mask of dropout is written in
 * plain operations, since cuDNN draws bits of its own, which no other engine has. Forms of
 * the calls: as XLA writes them itself.
 */
import type { Graph, Node, Value } from "../../ir/graph.ts";
import type { ModuleOptions } from "../module.ts";
import { type Block, functionType, type Tensor } from "./block.ts";
import type { Products } from "./products.ts";
import { quoted, type TensorType } from "./syntax.ts";

/** An attention, or the gradient of one. */
export type AttentionNode = Extract<Node, { op: "attention" | "attentionGrad" }>;

/** The shortest rows for which the calls are made. */
const MIN_LENGTH = 512;

/** Whether a node is an attention, or the gradient of one. */
export function isAttention(node: Node): node is AttentionNode {
  return node.op === "attention" || node.op === "attentionGrad";
}

/** Whether cuDNN computes a node of a graph, and it pays. */
export function isCudnnCall(node: AttentionNode, graph: Graph, options: ModuleOptions): boolean {
  if (options.platform !== "cuda" || options.precision !== "bfloat16") return false;
  const [q, k] = node.inputs as [Value, Value];
  const [, length, , headSize] = q.shape as [number, number, number, number];
  const isFit = k.shape[1] === length && length >= MIN_LENGTH && length % 64 === 0 &&
    headSize % 8 === 0 && headSize <= 128;
  if (!isFit || isMasked(node)) return false;
  return node.op === "attention" || isGradientOf(node, graph);
}

function isMasked({ op, inputs }: AttentionNode): boolean {
  return inputs.length > (op === "attention" ? 4 : 6);
}

/** Whether what was kept of the attention is of just these operands. */
function isGradientOf({ inputs }: AttentionNode, graph: Graph): boolean {
  const made = graph.nodeOf(inputs[4]!);
  return made.op === "attention" && made.inputs.length === 4 &&
    made.inputs.every((each, i) => each === inputs[i]);
}

/** What a gradient takes of its attention. */
interface Kept {
  readonly statistics: Tensor;
  /** [B, T, H, D] */
  readonly output: Tensor;
}

/** The calls of one module. */
export class CudnnAttention {
  /** By the id of an attention's result. */
  readonly #kept = new Map<number, Kept>();

  /** Appends to a block. */
  constructor(readonly block: Block, readonly products: Products, readonly graph: Graph) {}

  /** The results of a node, as f32. */
  lower(node: AttentionNode, operands: readonly Tensor[]): Tensor[] {
    return node.op === "attention"
      ? [this.#forward(node, operands)]
      : this.#backward(node, operands);
  }

  #forward(node: AttentionNode, operands: readonly Tensor[]): Tensor {
    const sizes = sizesOf(node);
    const taken = [...this.#rounded(operands.slice(0, 3)), ...this.#bias(node, operands[3]!)];
    const statistics = { element: "f32", shape: [sizes.rows, sizes.heads, sizes.length] } as const;
    const [made, kept] = this.#call(node, taken, [byHeads(sizes), statistics]);
    const output = this.block.transpose(made!, [0, 2, 1, 3]);
    this.#kept.set(node.output.id, { statistics: kept!, output });
    return this.block.convert(output, "f32");
  }

  #backward(node: AttentionNode, operands: readonly Tensor[]): Tensor[] {
    const { statistics, output } = this.#kept.get(node.inputs[4]!.id)!;
    const [dy] = this.#rounded([operands[5]!]);
    const bias = this.#bias(node, operands[3]!);
    const taken = [...this.#rounded(operands.slice(0, 3)), statistics, dy!, ...bias, output];
    const result = byHeads(sizesOf(node));
    return this.#call(node, taken, [result, result, result]).map((each) =>
      this.block.convert(this.block.transpose(each, [0, 2, 1, 3]), "f32")
    );
  }

  #rounded(operands: readonly Tensor[]): Tensor[] {
    return operands.map((each) => this.products.operand(each));
  }

  /** The bias as [1 or B, 1 or H, T, T]; none where it is zero throughout. */
  #bias(node: AttentionNode, given: Tensor): Tensor[] {
    const made = this.graph.nodeOf(node.inputs[3]!);
    if (made.op === "splat" && made.attrs.value === 0) return [];
    const { length } = sizesOf(node);
    const lead = [1, 1, 1, 1, ...given.shape].slice(-4, -2);
    return this.#rounded([this.block.broadcast(given, [...lead, length, length])]);
  }

  #call(
    node: AttentionNode,
    operands: readonly Tensor[],
    results: readonly TensorType[],
  ): Tensor[] {
    const isBackward = node.op === "attentionGrad";
    const count = results.length;
    const isBiased = operands.length > (isBackward ? 6 : 3);
    const name = `__cudnn$fmha${isBiased ? "ScaleBias" : ""}Softmax${isBackward ? "Backward" : ""}`;
    const all = [...results, { element: "ui8", shape: [0] } as const];
    const layouts = all.map(({ shape }) => shape.length === 4 ? [3, 1, 2, 0] : downwards(shape));
    const made = this.block.many(
      `stablehlo.custom_call @${name}(${operands.map((each) => each.name).join(", ")}) ` +
        `{api_version = 2 : i32, backend_config = ${quoted(configOf(node))}, ` +
        `operand_layouts = ${written(operands.map(({ shape }) => downwards(shape)))}, ` +
        `result_layouts = ${written(layouts)}} : ${functionType(operands, all)}`,
      all,
    );
    return made.slice(0, count);
  }
}

interface Sizes {
  readonly rows: number;
  readonly length: number;
  readonly heads: number;
  readonly headSize: number;
}

function sizesOf({ inputs }: AttentionNode): Sizes {
  const [rows, length, heads, headSize] = inputs[0]!.shape as [number, number, number, number];
  return { rows, length, heads, headSize };
}

/** What cuDNN makes: heads before pieces, in the memory the other way round. */
function byHeads({ rows, length, heads, headSize }: Sizes): TensorType {
  return { element: "bf16", shape: [rows, heads, length, headSize] };
}

/** The layout of a tensor that lies row by row. */
function downwards(shape: readonly number[]): number[] {
  return shape.map((_, i) => shape.length - 1 - i);
}

function written(layouts: readonly (readonly number[])[]): string {
  const each = layouts.map((layout) => {
    const order = layout.length === 1 ? layout[0] : `[${layout.join(", ")}]`;
    return `dense<${order}> : tensor<${layout.length}xindex>`;
  });
  return `[${each.join(", ")}]`;
}

/** What a call is told, in the JSON of XLA's own message. */
function configOf(node: AttentionNode): string {
  const { rows, length, heads } = sizesOf(node);
  const layout = {
    dim_level_types: [],
    dim_unique: [],
    dim_ordered: [],
    minor_to_major: ["3", "2", "1", "0"],
    tiles: [],
    element_size_in_bits: "0",
    memory_space: "0",
    index_primitive_type: "PRIMITIVE_TYPE_INVALID",
    pointer_primitive_type: "PRIMITIVE_TYPE_INVALID",
    dynamic_shape_metadata_prefix_bytes: "0",
  };
  return JSON.stringify({
    operation_queue_id: "0",
    cudnn_fmha_backend_config: {
      algorithm: {
        algo_id: "0",
        math_type: "TENSOR_OP_MATH",
        tuning_knobs: { "17": "1", "24": "0" },
        is_cudnn_frontend: true,
        workspace_size: "0",
      },
      fmha_scale: node.attrs.scale,
      intermediate_tensor_shape: {
        element_type: "BF16",
        dimensions: [rows, heads, length, length].map(String),
        tuple_shapes: [],
        layout,
        is_dynamic_dimension: [false, false, false, false],
      },
      is_flash_attention: true,
      mask_type: "NO_MASK",
      ...node.op === "attention" ? FORWARD_PRODUCTS : BACKWARD_PRODUCTS,
      dropout_rate: 0,
      seed: 42,
      sliding_window_length: 0,
      max_seg_per_batch: 1,
      is_paged_attention: false,
    },
  });
}

function dims([left, right]: readonly [string, string], batches: readonly [string[], string[]]) {
  return {
    lhs_contracting_dimensions: [left],
    rhs_contracting_dimensions: [right],
    lhs_batch_dimensions: batches[0],
    rhs_batch_dimensions: batches[1],
  };
}

const BY_PIECES = ["0", "2"], BY_HEADS = ["0", "1"];

const FORWARD_PRODUCTS = {
  bmm1_dot_dimension_numbers: dims(["3", "3"], [BY_PIECES, BY_PIECES]),
  bmm2_dot_dimension_numbers: dims(["3", "1"], [BY_HEADS, BY_PIECES]),
};

const BACKWARD_PRODUCTS = {
  bmm1_grad_gemm1_dot_dimension_numbers: dims(["2", "1"], [BY_HEADS, BY_PIECES]),
  bmm1_grad_gemm2_dot_dimension_numbers: dims(["3", "1"], [BY_HEADS, BY_PIECES]),
  bmm2_grad_gemm1_dot_dimension_numbers: dims(["2", "1"], [BY_HEADS, BY_PIECES]),
  bmm2_grad_gemm2_dot_dimension_numbers: dims(["3", "3"], [BY_PIECES, BY_PIECES]),
};
