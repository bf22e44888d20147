/**
 * The kernels of kernels.wat over one linear memory, typed.
 *
 * Addresses are bytes from the memory's start. A kernel runs on the calling
 * thread and sums in a fixed order, so its result does not depend on threads.
 */
import { DROPOUT_TAG, dropoutConstants } from "../../dropout_bits.ts";
import type { UpdateOptions } from "../../optimizer.ts";
import { KERNELS_WASM } from "./kernels_wasm.ts";

interface Exports {
  sumOfSquares(x: number, count: number): number;
  adamw(p: number, g: number, m: number, v: number, count: number, ...scalars: number[]): void;
  addRows(base: number, ids: number, updates: number, rows: number, size: number): void;
  dropout(out: number, count: number, ...rest: number[]): void;
  geluGrad(x: number, dy: number, dx: number, count: number): void;
  softmaxGrad(y: number, dy: number, dx: number, rows: number, width: number): void;
  layerNormGrad(...addressesAndSizes: number[]): void;
  attention(...addressesAndSizes: number[]): void;
  attentionGrad(...addressesAndSizes: number[]): void;
}

/** Where the four tensors of a parameter lie, and how many floats each has. */
export interface ParameterAddresses {
  /** Address of the parameter; updated in place. */
  readonly param: number;
  /** Address of its gradient; only read. */
  readonly gradient: number;
  /** Address of the running mean of gradients; updated in place. */
  readonly firstMoment: number;
  /** Address of the running mean of squared gradients; updated in place. */
  readonly secondMoment: number;
  /** Floats of each of the four; the gaps up to the next cache line are not counted. */
  readonly count: number;
}

/** Kernels bound to a memory. */
export class Kernels {
  readonly #exports: Exports;

  /** Instantiates the kernels over a memory; the module is compiled once a process. */
  constructor(memory: WebAssembly.Memory) {
    const module = compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(KERNELS_WASM));
    const instance = new WebAssembly.Instance(module, { host: { memory } });
    this.#exports = instance.exports as unknown as Exports;
  }

  /** The sum of squares of `count` floats, a multiple of 16. */
  sumOfSquares(address: number, count: number): number {
    return this.#exports.sumOfSquares(address, count);
  }

  /** One AdamW update in place, to the bit as `optimizer.ts` says. */
  adamw(addresses: ParameterAddresses, options: UpdateOptions): void {
    const { param, gradient, firstMoment, secondMoment, count } = addresses;
    const { optimizer, step, gradientScale, decays, learningRateScale } = options;
    const { beta1, beta2, epsilon, weightDecay } = optimizer;
    // A product of two f32 is exact in f64, so the kernel rounds it as f32 arithmetic does.
    const rate = step.learningRate * Math.fround(learningRateScale ?? 1);
    this.#exports.adamw(
      param,
      gradient,
      firstMoment,
      secondMoment,
      count,
      gradientScale,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      step.firstCorrection,
      step.secondCorrection,
      epsilon,
      rate,
      decays ? weightDecay : 0,
    );
  }

  /** Adds each row of `updates` to the row of `base` that `ids` (i32) names, in order. */
  addRows(
    base: number,
    options: {
      readonly ids: number;
      readonly updates: number;
      readonly rows: number;
      readonly rowSize: number;
    },
  ): void {
    const { ids, updates, rows, rowSize } = options;
    this.#exports.addRows(base, ids, updates, rows, rowSize);
  }

  /** Draws a dropout mask of `count` floats; see `dropout_bits.ts`. */
  dropout(
    address: number,
    options: {
      readonly count: number;
      readonly rate: number;
      readonly site: string;
      readonly seed: readonly [number, number];
      readonly firstBlock?: number;
    },
  ): void {
    const { threshold, keptValue, siteKey } = dropoutConstants(options.rate, options.site);
    const [seed, step] = options.seed;
    // A threshold of 2^32 keeps nothing, and does not fit a word.
    const kept = threshold === 2 ** 32 ? 0 : keptValue;
    const { count, firstBlock = 0 } = options;
    const words = [seed, siteKey, step, DROPOUT_TAG, threshold, kept, firstBlock] as const;
    this.#exports.dropout(address, count, ...words);
  }

  /** dy times the derivative of gelu at x, for `count` floats; dx may be dy. */
  geluGrad(options: Readonly<Record<"x" | "dy" | "dx" | "count", number>>): void {
    this.#exports.geluGrad(options.x, options.dy, options.dx, options.count);
  }

  /** The gradient of softmax rows of `width`, a multiple of 4; dx may be dy. */
  softmaxGrad(options: Readonly<Record<"y" | "dy" | "dx" | "rows" | "width", number>>): void {
    const { y, dy, dx, rows, width } = options;
    this.#exports.softmaxGrad(y, dy, dx, rows, width);
  }

  /** The gradients of layer norm: dx [rows, width], dgamma and dbeta [width], a multiple of 4. */
  layerNormGrad(
    addresses: Readonly<Record<"x" | "gamma" | "dy" | "dx" | "dgamma" | "dbeta", number>>,
    sizes: Readonly<Record<"rows" | "width" | "epsilon", number>>,
  ): void {
    const { x, gamma, dy, dx, dgamma, dbeta } = addresses;
    const { rows, width, epsilon } = sizes;
    this.#exports.layerNormGrad(x, gamma, dy, dx, dgamma, dbeta, rows, width, epsilon);
  }

  /**
   * Attention; q, k, v and context are [rows, length, heads, headSize], weights
   * [rows, heads, length, length]; length is a multiple of 4, headSize of 8.
   *
   * @param addresses bias [rows, length] and mask, of the shape of weights, may be
   *   absent; scratch has length^2 floats
   */
  attention(
    addresses:
      & Readonly<Record<"q" | "k" | "v" | "context" | "weights" | "scratch", number>>
      & { readonly bias: number | undefined; readonly mask: number | undefined },
    sizes: KernelAttentionSizes,
  ): void {
    const { q, k, v, bias = ABSENT, mask = ABSENT, context, weights, scratch } = addresses;
    const { rows, length, heads, headSize, scale } = sizes;
    this.#exports.attention(
      ...[q, k, v, bias, mask, context, weights, scratch],
      ...[rows, length, heads, 4 * headSize, scale],
    );
  }

  /**
   * The gradients of attention with respect to q, k and v.
   *
   * @param addresses as for `attention`; scratch has twice length^2 floats
   */
  attentionGrad(
    addresses:
      & Readonly<
        Record<"q" | "k" | "v" | "weights" | "dcontext" | "dq" | "dk" | "dv" | "scratch", number>
      >
      & { readonly mask: number | undefined },
    sizes: KernelAttentionSizes,
  ): void {
    const { q, k, v, weights, mask = ABSENT, dcontext, dq, dk, dv, scratch } = addresses;
    const { rows, length, heads, headSize, scale } = sizes;
    this.#exports.attentionGrad(
      ...[q, k, v, weights, mask, dcontext, dq, dk, dv, scratch],
      ...[rows, length, heads, 4 * headSize, scale],
    );
  }
}

/** The address of a tensor that is not given. */
const ABSENT = -1;

/** The sizes of an attention, as kernels take them. */
export interface KernelAttentionSizes {
  /** Sequences of a batch. */
  readonly rows: number;
  /** Tokens a row. */
  readonly length: number;
  /** Heads of the layer. */
  readonly heads: number;
  /** Floats a head. */
  readonly headSize: number;
  /** What the products of queries and keys are multiplied by before the softmax. */
  readonly scale: number;
}

let compiled: WebAssembly.Module | undefined;
