/**
 * Matrix products, in the precision that the module is made for.
 *
 * With "bfloat16" the operands are rounded, the sums are float32, and so are the results but
 * for those that stay between a model's layers (`isNarrow`), which take half the memory.
 * With "float32" the text asks for the highest precision: left to itself, a GPU would take
 * 10 bits of mantissa.
 */
import type { Node } from "../../ir/graph.ts";
import { type Block, functionType, type Tensor } from "./block.ts";
import type { Precision } from "../module.ts";

/** Products of one module. */
export class Products {
  /** What was rounded already, by the name of the tensor. */
  readonly #rounded = new Map<string, Tensor>();

  /** Appends to a block. */
  constructor(readonly block: Block, readonly precision: Precision) {}

  /** A tensor as an operand of products. */
  operand(x: Tensor): Tensor {
    if (this.precision === "float32") return x;
    let rounded = this.#rounded.get(x.name);
    if (rounded === undefined) {
      rounded = this.block.convert(x, "bf16");
      this.#rounded.set(x.name, rounded);
    }
    return rounded;
  }

  /** The product that a node says. */
  matmul({ attrs }: Extract<Node, { op: "matmul" }>, left: Tensor, right: Tensor): Tensor {
    const { transposeA, transposeB, alpha, isNarrow } = attrs;
    const a = this.operand(left), b = this.operand(right);
    const rank = a.shape.length, batch = b.shape.length - 2;
    const batches = Array.from({ length: batch }, (_, i) => i);
    const overA = transposeA ? rank - 2 : rank - 1, overB = transposeB ? batch + 1 : batch;
    const shape = [
      ...a.shape.slice(0, -2),
      a.shape[transposeA ? rank - 1 : rank - 2]!,
      b.shape[transposeB ? batch : batch + 1]!,
    ];
    const narrow = this.precision === "bfloat16" && isNarrow;
    const result = { element: narrow ? "bf16" : "f32", shape } as const;
    const precision = this.precision === "float32" ? "HIGHEST" : "DEFAULT";
    const over = batches.join(", ");
    const product = this.block.one(
      `stablehlo.dot_general ${a.name}, ${b.name}, ` +
        (batch === 0 ? "" : `batching_dims = [${over}] x [${over}], `) +
        `contracting_dims = [${overA}] x [${overB}], precision = [${precision}, ${precision}] : ` +
        functionType([a, b], [result]),
      result,
    );
    const wide = this.block.convert(product, "f32");
    if (narrow) this.#rounded.set(wide.name, product);
    return alpha === 1
      ? wide
      : this.block.binary("multiply", wide, this.block.scalar(alpha, "f32"));
  }
}
