/**
 * Writes protocol-buffer messages: just the wire format, no schema.
 *
 * An ONNX model is such a message, and so are the options of XLA's compiler; whoever
 * writes one knows its fields. Only what they need is here: whole numbers, floats,
 * bytes, text and nesting.
 */

const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** A message under construction; fields appear in the order in which they are written. */
export class Message {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** A whole number from -2^53 to 2^53, as int32, int64 or an enumeration. */
  int(field: number, value: number): this {
    this.#tag(field, 0);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  /** A single-precision float. */
  float(field: number, value: number): this {
    this.#tag(field, FIXED_32);
    const raw = new Uint8Array(4);
    new DataView(raw.buffer).setFloat32(0, value, true);
    this.#append(raw);
    return this;
  }

  /** Raw bytes, copied; also the packed form of a list of numbers. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(BigInt(value.length));
    this.#append(value);
    return this;
  }

  /** A string, as UTF-8. */
  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** A nested message as it is now; later writes to it are not seen. */
  message(field: number, value: Message): this {
    return this.bytes(field, value.encoded());
  }

  /** The message so far; a view that later writes leave as it is. */
  encoded(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(BigInt(field << 3 | wireType));
  }

  #varint(value: bigint): void {
    const raw: number[] = [];
    for (; value >= 0x80n; value >>= 7n) raw.push(Number(value & 0x7Fn) | 0x80);
    raw.push(Number(value));
    this.#append(raw);
  }

  #append(raw: ArrayLike<number>): void {
    const end = this.#length + raw.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.encoded());
      this.#bytes = grown;
    }
    this.#bytes.set(raw, this.#length);
    this.#length = end;
  }
}
