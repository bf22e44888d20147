/**
 * Snappy's raw form, decompressed.
 *
 * Lengths and distances are checked before a byte is copied, so damaged input gives an
 * error and never a huge allocation.
 *
 * @see Snappy's format_description.txt
 */
import { ByteReader, FormatError } from "./byte_reader.ts";

/**
 * Decompresses.
 *
 * @param limitBytes the most that is believed of the length that the input claims
 * @throws FormatError when it is damaged
 */
export function decompressSnappy(input: Uint8Array, limitBytes: number): Uint8Array<ArrayBuffer> {
  const reader = new ByteReader(input);
  const length = reader.varint();
  if (length > limitBytes) throw new FormatError(`it claims ${length} bytes`);
  const output = new Uint8Array(length);
  let done = 0;
  const room = (count: number) => {
    if (done + count > length) throw new FormatError("it holds more than it claims");
  };
  while (!reader.isAtEnd) {
    const tag = reader.byte();
    if ((tag & 3) === 0) {
      const short = tag >> 2;
      const count = 1 + (short < 60 ? short : reader.little(short - 59));
      room(count);
      output.set(reader.take(count), done);
      done += count;
      continue;
    }
    const isShort = (tag & 3) === 1;
    const count = isShort ? 4 + (tag >> 2 & 7) : 1 + (tag >> 2);
    const distance = isShort
      ? (tag >> 5) << 8 | reader.byte()
      : reader.little(tag & 2 && tag & 1 ? 4 : 2);
    if (distance === 0 || distance > done) throw new FormatError("it copies from before its start");
    room(count);
    // One by one: what is copied may overlap what it is copied to.
    for (const end = done + count; done < end; done++) output[done] = output[done - distance]!;
  }
  if (done < length) throw new FormatError(`it holds ${done} bytes of ${length}`);
  return output;
}
