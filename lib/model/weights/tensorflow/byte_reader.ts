/** Reading numbers off bytes, as LevelDB's tables and protocol buffers hold them. */

/** Why bytes are not what they should be. */
export class FormatError extends Error {}

/** A place in bytes that moves on; beyond their end it throws. */
export class ByteReader {
  #at = 0;

  /** Begins at the first byte. */
  constructor(readonly bytes: Uint8Array) {}

  /** Whether nothing is left. */
  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** The next bytes, not copied. */
  take(count: number): Uint8Array {
    const start = this.#at;
    if (!(count >= 0 && start + count <= this.bytes.length)) {
      throw new FormatError("it ends too soon");
    }
    this.#at += count;
    return this.bytes.subarray(start, this.#at);
  }

  /** The next byte. */
  byte(): number {
    return this.take(1)[0]!;
  }

  /** A little-endian number of up to 6 bytes. */
  little(count: number): number {
    return this.take(count).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  /**
   * A number in groups of seven bits, the lowest first. Ten bytes hold a negative one.
   *
   * @throws FormatError for one that a double does not hold exactly
   */
  varint(): number {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7F) << shift;
      if (byte < 0x80) {
        const number = Number(BigInt.asIntN(64, value));
        if (!Number.isSafeInteger(number)) break;
        return number;
      }
    }
    throw new FormatError("it holds a number that is too great");
  }
}
