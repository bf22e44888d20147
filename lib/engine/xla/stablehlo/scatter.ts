/**
 * Rows added to a table at ids that may repeat.
 *
 * A GPU adds in an order of chance, and sums of floats depend on their order: a training
 * would not come out twice the same. There the rows are added as whole numbers of 64 bits,
 * whose sums do not: scaled by a power of two to just fit, so that a row far smaller than
 * the largest still keeps its 24 bits. (XLA's own way sorts every element: 25 million for a
 * batch of bert-base.) What is no number makes the whole result no number.
 */
import type { Platform } from "../module.ts";
import { type Block, functionType, joiningRegion, type Tensor } from "./block.ts";

/** base [R, ...rest] plus updates [N, ...rest] at the rows ids [N]. */
export function scatterAddRows(
  block: Block,
  { base, ids, updates }: {
    readonly base: Tensor;
    readonly ids: Tensor;
    readonly updates: Tensor;
  },
  platform: Platform,
): Tensor {
  if (platform === "cpu" || base.element !== "f32") return scatter(block, { base, ids, updates });
  const { scale, unit } = scalesFor(block, updates);
  const whole = block.convert(block.binary("multiply", updates, scale), "i64");
  const zeros = block.constant(0, { element: "i64", shape: base.shape });
  const sums = block.convert(scatter(block, { base: zeros, ids, updates: whole }), "f32");
  return block.binary("add", base, block.binary("multiply", sums, unit));
}

/** What to multiply by before and after: powers of two, so that nothing is rounded by it. */
function scalesFor(block: Block, updates: Tensor): { scale: Tensor; unit: Tensor } {
  // Magnitudes are in the order of their bits; what is no number has the greatest, also where
  // a compiler's own maximum passes over it.
  const mask = (bits: number) => block.scalar(bits, "i32");
  const magnitudes = block.binary("and", block.convertBits(updates, "i32"), mask(0x7FFFFFFF));
  const largest = block.reduce("maximum", magnitudes, updates.shape.map((_, i) => i));
  // The power of two below it: its exponent alone. What is no number gives infinity.
  const bits = block.binary("and", largest, mask(0x7F800000));
  // N rows below twice that power stay below 2^62 together.
  const most = 2 ** (61 - Math.ceil(Math.log2(updates.shape[0]!)));
  // Both factors are normal numbers, also where all rows are zero.
  const least = block.scalar(most * 2 ** -126, "f32");
  const below = block.binary("maximum", block.convertBits(bits, "f32"), least);
  const room = block.scalar(most, "f32");
  return {
    scale: block.binary("divide", room, below),
    unit: block.binary("divide", below, room),
  };
}

function scatter(
  block: Block,
  { base, ids, updates }: {
    readonly base: Tensor;
    readonly ids: Tensor;
    readonly updates: Tensor;
  },
): Tensor {
  const window = base.shape.slice(1).map((_, i) => i + 1).join(", ");
  const numbers = `update_window_dims = [${window}], inserted_window_dims = [0], ` +
    "scatter_dims_to_operand_dims = [0], index_vector_dim = 1";
  return block.one(
    `"stablehlo.scatter"(${base.name}, ${ids.name}, ${updates.name}) ` +
      `<{scatter_dimension_numbers = #stablehlo.scatter<${numbers}>}> ` +
      `${joiningRegion("add", base.element)} : ${functionType([base, ids, updates], [base])}`,
    base,
  );
}
