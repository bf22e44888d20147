/**
 * A tensor on a device. It is freed by `dispose`, or given up to a program that takes over
 * its memory; a use after that is a bug and throws, since the plugin might crash.
 */
import type { Tensor } from "../../engine.ts";
import { type DType, type Shape, sizeOf } from "../../ir/graph.ts";
import { settle } from "./event.ts";
import { STRUCTS } from "./layout.ts";
import type { Owner } from "./owner.ts";
import { type Address, Struct } from "./struct.ts";

const ARRAYS = { f32: Float32Array, i32: Int32Array, bool: Uint8Array } as const;

/** A tensor on a device. */
export class PjrtBuffer {
  /** Of the elements. */
  readonly dtype: DType;
  /** The dimensions. */
  readonly shape: Shape;
  readonly #address: Address;
  #end: "freed" | "given up" | undefined;

  /** Takes over a handle. */
  constructor(
    readonly owner: Owner,
    address: Address,
    { dtype, shape }: { readonly dtype: DType; readonly shape: Shape },
  ) {
    this.#address = address;
    this.dtype = dtype;
    this.shape = shape;
    owner.live.buffers++;
  }

  /**
   * Its handle.
   *
   * @throws Error once it was freed or given up
   */
  get address(): Address {
    if (this.#end !== undefined) throw new Error(`a buffer that was ${this.#end} is used`);
    return this.#address;
  }

  /** Whether it can still be used. */
  get isLive(): boolean {
    return this.#end === undefined;
  }

  /**
   * A copy of its elements; waits for what computes them.
   *
   * @throws ExperimentError what went wrong with that
   */
  async download(): Promise<Tensor> {
    const { api } = this.owner;
    const array = new ARRAYS[this.dtype](sizeOf(this.shape));
    const begun = api.call("Buffer_ToHostBuffer", {
      src: this.address,
      hostLayout: denseLayout(this.shape),
      dst: array,
      dstSize: array.byteLength,
    });
    await settle(api, begun.address("event"));
    return array;
  }

  /** Whether the plugin holds nothing any more behind the handle, as after donation. */
  isDeleted(): boolean {
    return this.owner.api.call("Buffer_IsDeleted", { buffer: this.address })
      .bool("isDeleted");
  }

  /** Frees it; several times does no harm. */
  dispose(): void {
    release([this], "freed");
  }

  /** Frees many at a time. */
  static disposeAll(buffers: Iterable<PjrtBuffer>): void {
    release([...buffers], "freed");
  }

  /** Frees the handles of buffers whose memory a program has taken over. */
  static giveUpAll(buffers: Iterable<PjrtBuffer>): void {
    release([...buffers], "given up");
  }

  /** Marks the end of those that have none yet; returns their handles. */
  static end(buffers: readonly PjrtBuffer[], how: "freed" | "given up"): Address[] {
    const live = buffers.filter((each) => each.isLive);
    for (const each of live) {
      each.#end = how;
      each.owner.live.buffers--;
    }
    return live.map((each) => each.#address);
  }
}

function release(buffers: readonly PjrtBuffer[], how: "freed" | "given up"): void {
  const [first] = buffers;
  if (first === undefined) return;
  const addresses = PjrtBuffer.end(buffers, how);
  first.owner.api.callForEach("Buffer_Destroy", "buffer", addresses);
}

/** Row by row: a plugin may keep a matrix the other way round. */
function denseLayout(shape: Shape): Struct<typeof STRUCTS.Buffer_MemoryLayout> {
  const order = BigInt64Array.from(shape, (_, axis) => BigInt(shape.length - 1 - axis));
  return Struct.of(STRUCTS.Buffer_MemoryLayout, {
    // The struct within, whose size is not padded.
    tiledSize: 56,
    ...order.length === 0 ? {} : { minorToMajor: order },
    minorToMajorSize: order.length,
  });
}
