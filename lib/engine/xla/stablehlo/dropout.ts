/**
 * Dropout masks in StableHLO: the bits of `dropout_bits.ts`, equal on every engine.
 *
 * Philox makes four words a block; the four tensors of bits that come of them are fixed by a
 * barrier before they are joined, else a compiler computes all ten rounds anew for every
 * element and every reader. What stays in memory from the forward to the backward pass is
 * one byte an element.
 */
import { DROPOUT_TAG, dropoutConstants } from "../../dropout_bits.ts";
import { PHILOX } from "../../../base/rng.ts";
import { type Node, sizeOf } from "../../ir/graph.ts";
import { Block, type Tensor } from "./block.ts";
import { writtenType } from "./syntax.ts";

/** A function that draws so many bits. */
interface Drawing {
  readonly size: number;
  /** Whether it is of a micro-batch, and told which block is the first. */
  readonly isPart: boolean;
  readonly block: Block;
}

/** The functions that draw bits, one for each number of elements, called by `main`. */
export class DropoutFunctions {
  readonly #drawings = new Map<string, Drawing>();

  /** The mask that a node says. */
  mask(
    block: Block,
    { attrs, output }: Extract<Node, { op: "dropoutMask" }>,
    seed: Tensor,
  ): Tensor {
    const { threshold, keptValue, siteKey } = dropoutConstants(attrs.rate, attrs.site);
    const type = { element: "f32", shape: output.shape } as const;
    if (threshold === 0) return block.constant(keptValue, type);
    const size = sizeOf(output.shape);
    // Above the greatest word that is dropped: 2^32 itself is no word.
    const operands = [
      attrs.rowSize === undefined ? seed : block.slice(seed, [0], [2]),
      block.scalar(siteKey, "ui32"),
      block.scalar(threshold - 1, "ui32"),
      ...attrs.rowSize === undefined ? [] : [firstBlock(block, seed, attrs.rowSize)],
    ];
    const names = operands.map(({ name }) => name).join(", ");
    const flat = { element: "i1", shape: [size] } as const;
    const types = `(${operands.map(writtenType).join(", ")}) -> ${writtenType(flat)}`;
    const name = this.#nameFor(size, attrs.rowSize !== undefined);
    const bits = block.one(`func.call @${name}(${names}) : ${types}`, flat);
    const kept = block.reshape(bits, output.shape);
    return block.select(kept, block.scalar(keptValue, "f32"), block.scalar(0, "f32"));
  }

  /** The text of all functions. */
  get lines(): readonly string[] {
    return [...this.#drawings].flatMap(([name, { size, isPart, block: { lines } }]) => [
      `  func.func private @${name}(%seed: tensor<2xi32>, %site: tensor<ui32>, ` +
      `%dropped: tensor<ui32>${isPart ? ", %first: tensor<ui32>" : ""}) -> tensor<${size}xi1> {`,
      ...lines,
      "  }",
    ]);
  }

  #nameFor(size: number, isPart: boolean): string {
    const name = `dropout_bits_${size}${isPart ? "_from" : ""}`;
    if (!this.#drawings.has(name)) {
      this.#drawings.set(name, { size, isPart, block: drawingBits(size, isPart) });
    }
    return name;
  }
}

/** The block that a micro-batch begins at, by the row that its seed tells. */
function firstBlock(block: Block, seed: Tensor, rowSize: number): Tensor {
  const row = block.convertBits(block.reshape(block.slice(seed, [2], [3]), []), "ui32");
  const wide = block.convert(row, "ui64");
  const elements = block.binary("multiply", wide, block.scalar(rowSize, "ui64"));
  const blocks = block.binary("shift_right_logical", elements, block.scalar(2, "ui64"));
  return block.convert(blocks, "ui32");
}

function drawingBits(size: number, isPart: boolean): Block {
  const block = new Block();
  block.startPlace(`dropout of ${size} elements`);
  const blocks = Math.ceil(size / 4);
  if (blocks > 2 ** 32) throw new Error(`${size} elements of dropout`);
  const scalar = (name: string): Tensor => ({ name, element: "ui32", shape: [] });
  const [seed, step] = [0, 1].map((place) => {
    const given: Tensor = { name: "%seed", element: "i32", shape: [2] };
    const part = block.reshape(block.slice(given, [place], [place + 1]), []);
    return block.convertBits(part, "ui32");
  }) as [Tensor, Tensor];
  const places = block.iota({ element: "ui32", shape: [blocks] }, 0);
  const words = philox(block, {
    counter: [isPart ? block.binary("add", places, scalar("%first")) : places, 0, step],
    key: [seed, scalar("%site")],
  });
  const kept = words.map((word) => block.compare("GT", word, scalar("%dropped")));
  const columns = block.barrier(kept).map((each) => block.reshape(each, [blocks, 1]));
  const bits = block.reshape(block.concatenate(columns, 1), [4 * blocks]);
  block.finish([4 * blocks === size ? bits : block.slice(bits, [0], [size])]);
  return block;
}

/** Philox 4x32-10 over tensors of unsigned words; the last of the counter is the tag. */
function philox(
  block: Block,
  { counter, key }: {
    readonly counter: readonly [Tensor, number, Tensor];
    readonly key: readonly [Tensor, Tensor];
  },
): [Tensor, Tensor, Tensor, Tensor] {
  const { shape } = counter[0];
  const { multipliers, increments } = PHILOX;
  const word = (value: number) => block.scalar(value, "ui32");
  let [c0, c1, c2, c3] = [...counter, DROPOUT_TAG].map((each) =>
    block.broadcast(typeof each === "number" ? word(each) : each, shape)
  ) as [Tensor, Tensor, Tensor, Tensor];
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    if (round > 0) {
      k0 = block.binary("add", k0, word(increments[0]));
      k1 = block.binary("add", k1, word(increments[1]));
    }
    const first = longProduct(block, c0, multipliers[0]);
    const second = longProduct(block, c2, multipliers[1]);
    c0 = block.binary("xor", block.binary("xor", second.high, c1), k0);
    c1 = second.low;
    c2 = block.binary("xor", block.binary("xor", first.high, c3), k1);
    c3 = first.low;
  }
  return [c0, c1, c2, c3];
}

/** Both halves of the 64 bits of x times a number. */
function longProduct(block: Block, x: Tensor, factor: number): { high: Tensor; low: Tensor } {
  const wide = block.binary("multiply", block.convert(x, "ui64"), block.scalar(factor, "ui64"));
  const high = block.binary("shift_right_logical", wide, block.scalar(32, "ui64"));
  return { high: block.convert(high, "ui32"), low: block.convert(wide, "ui32") };
}
