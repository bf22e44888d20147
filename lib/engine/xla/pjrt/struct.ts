/**
 * A C struct over bytes of JavaScript's, its fields by name.
 *
 * Every struct of the PJRT interface begins with its own size. It is told to be larger than
 * the layout says, and is: what a later version appended is then zero, which stands for
 * "not given". Elements of arrays must keep their true size, so those are not padded.
 */
import { type Field, FIELD_SIZES, type FieldKind, type StructLayout } from "./layout.ts";

/** Room for what later versions append. */
const PADDING = 64;

/** An address of native memory; 0n stands for none. */
export type Address = bigint;

/** Memory of ours that a field can point to, with all that it points to itself. */
export interface Memory {
  /** Where the pointer leads. */
  readonly bytes: ArrayBufferView<ArrayBuffer>;
}

/** What can be put into a field; memory that is pointed to is kept as long as the struct. */
export type FieldValue = number | boolean | Address | ArrayBufferView<ArrayBuffer> | Memory;

/** Bytes outside of the collected heap, so that they stay where they are. */
export function allocate(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(size));
}

/** The address of an array's first element; the array must live as long as it is used. */
export function addressOf(array: ArrayBufferView<ArrayBuffer>): Address {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(array));
}

/** Text as UTF-8 without an end mark: lengths are given beside it. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A copy of native memory. */
export function bytesAt(address: Address, size: number): Uint8Array<ArrayBuffer> {
  const bytes = allocate(size);
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer !== null && size > 0) new Deno.UnsafePointerView(pointer).copyInto(bytes);
  return bytes;
}

/** Text of native memory. */
function textAt(address: Address, size: number): string {
  return new TextDecoder().decode(bytesAt(address, size));
}

/** Addresses in an array of native memory. */
export function addressesAt(address: Address, count: number): Address[] {
  return [...new BigUint64Array(bytesAt(address, 8 * count).buffer)];
}

/** Pointers to arrays, as an array of its own. */
export function pointersTo(arrays: readonly ArrayBufferView<ArrayBuffer>[]): Memory {
  const memory = { bytes: BigUint64Array.from(arrays, addressOf), kept: arrays };
  return memory;
}

/** Fields of a struct by name. */
export type Fields<Layout extends StructLayout> = Extract<keyof Layout["fields"], string>;

/** A struct under the layout of one of the tables. */
export class Struct<Layout extends StructLayout> {
  /** Its memory; given to a function it must live until that returns. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #layout: Layout;
  readonly #view: DataView;
  /** What it points to: collected, it would leave the pointers behind. */
  readonly #kept: unknown[] = [];

  private constructor(layout: Layout, bytes: Uint8Array<ArrayBuffer>) {
    this.#layout = layout;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A struct of its own, zero but for its size and what is given. */
  static of<Layout extends StructLayout>(
    layout: Layout,
    values: Partial<Record<Fields<Layout>, FieldValue>> = {},
  ): Struct<Layout> {
    const struct = new Struct(layout, allocate(layout.size + PADDING));
    struct.#view.setBigUint64(0, BigInt(struct.bytes.length), true);
    return struct.#setAll(values);
  }

  /** A struct that is an element of an array, at a place of its memory. */
  static within<Layout extends StructLayout>(
    layout: Layout,
    bytes: Uint8Array<ArrayBuffer>,
    values: Partial<Record<Fields<Layout>, FieldValue>> = {},
  ): Struct<Layout> {
    const struct = new Struct(layout, bytes.subarray(0, layout.size));
    if (Object.keys(values).length > 0) {
      struct.#view.setBigUint64(0, BigInt(layout.size), true);
    }
    return struct.#setAll(values);
  }

  /** Puts a value into a field. */
  set(name: Fields<Layout>, value: FieldValue): void {
    const [offset, kind] = this.#field(name);
    if (typeof value === "object") {
      this.#kept.push(value);
      value = addressOf("bytes" in value ? value.bytes : value);
    }
    put(this.#view, { offset, kind }, value);
  }

  /** A field that holds an address. */
  address(name: Fields<Layout>): Address {
    const [offset] = this.#field(name, "pointer");
    return this.#view.getBigUint64(offset, true);
  }

  /** A field that holds a number; sizes and counts are far below 2^53. */
  number(name: Fields<Layout>): number {
    const [offset, kind] = this.#field(name);
    if (kind === "i32") return this.#view.getInt32(offset, true);
    if (kind === "f32") return this.#view.getFloat32(offset, true);
    if (kind === "size" || kind === "i64") return Number(this.#view.getBigInt64(offset, true));
    throw new Error(`the field "${name}" is no number`);
  }

  /** A field that holds a bool. */
  bool(name: Fields<Layout>): boolean {
    const [offset] = this.#field(name, "bool");
    return this.#view.getUint8(offset) !== 0;
  }

  /** Text that a pair of fields points to. */
  text(name: Fields<Layout>, size: Fields<Layout>): string {
    return textAt(this.address(name), this.number(size));
  }

  #setAll(values: Partial<Record<Fields<Layout>, FieldValue>>): this {
    for (const [name, value] of Object.entries(values)) {
      this.set(name as Fields<Layout>, value as FieldValue);
    }
    return this;
  }

  #field(name: string, needed?: FieldKind): Field {
    const field = this.#layout.fields[name];
    if (field === undefined || (needed !== undefined && field[1] !== needed)) {
      throw new Error(`the struct has no ${needed ?? "field"} "${name}"`);
    }
    return field;
  }
}

function put(
  view: DataView,
  { offset, kind }: { readonly offset: number; readonly kind: FieldKind },
  value: number | boolean | bigint,
): void {
  if (kind === "bool") return view.setUint8(offset, value === true ? 1 : 0);
  if (kind === "f32") return view.setFloat32(offset, Number(value), true);
  if (FIELD_SIZES[kind] === 4) return view.setInt32(offset, Number(value), true);
  view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
}
