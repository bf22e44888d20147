/**
 * LevelDB's table, the form of a TensorFlow checkpoint's index: sorted keys and values in
 * blocks, each with a checksum.
 *
 * @see LevelDB's doc/table_format.md
 */
import { ByteReader, FormatError } from "./byte_reader.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { decompressSnappy } from "./snappy.ts";

/** A key and its value. */
export interface TableEntry {
  /** As the table holds it. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** Not copied. */
  readonly value: Uint8Array;
}

/** The last eight bytes of a table, its least significant first. */
const MAGIC = [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB];
const FOOTER_BYTES = 48;
/** Compression type and checksum behind each block. */
const TRAILER_BYTES = 5;
/** Writers begin a new block after some kilobytes; no index of a model comes near this. */
const MAX_BLOCK_BYTES = 1 << 26;

/**
 * The entries of a table in its order.
 *
 * @throws FormatError when anything in it is damaged
 */
export function readTable(bytes: Uint8Array<ArrayBuffer>): TableEntry[] {
  const footer = bytes.subarray(Math.max(0, bytes.length - FOOTER_BYTES));
  if (bytes.length < FOOTER_BYTES || MAGIC.some((byte, i) => footer[40 + i] !== byte)) {
    throw new FormatError("it is no table of LevelDB's, or its end is cut off");
  }
  const reader = new ByteReader(footer);
  readHandle(reader); // of the block about blocks, which holds nothing here
  const index = readBlock(blockAt(bytes, readHandle(reader)));
  return index.flatMap(({ value }) => readBlock(blockAt(bytes, readHandle(new ByteReader(value)))));
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

function readHandle(reader: ByteReader): Handle {
  return { offset: reader.varint(), size: reader.varint() };
}

function blockAt(bytes: Uint8Array<ArrayBuffer>, { offset, size }: Handle): Uint8Array {
  const end = offset + size;
  if (!(offset >= 0 && size >= 0 && end + TRAILER_BYTES <= bytes.length)) {
    throw new FormatError(`it has no block of ${size} bytes at byte ${offset}`);
  }
  const wanted = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end + 1, true);
  if (maskedCrc32c(bytes.subarray(offset, end + 1)) !== wanted) {
    throw new FormatError(`the block at byte ${offset} does not have its checksum`);
  }
  const block = bytes.subarray(offset, end), type = bytes[end];
  if (type === 0) return block;
  if (type === 1) return decompressSnappy(block, MAX_BLOCK_BYTES);
  throw new FormatError(`the block at byte ${offset} is compressed in the unknown way ${type}`);
}

function readBlock(block: Uint8Array): TableEntry[] {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const restarts = block.length >= 4 ? view.getUint32(block.length - 4, true) : NaN;
  const end = block.length - 4 - 4 * restarts;
  if (!(end >= 0)) throw new FormatError("a block has no list of restarts");
  const reader = new ByteReader(block.subarray(0, end));
  const entries: TableEntry[] = [];
  let key = new Uint8Array();
  while (!reader.isAtEnd) {
    const [shared, own, valueBytes] = [reader.varint(), reader.varint(), reader.varint()];
    if (!(shared >= 0 && shared <= key.length)) {
      throw new FormatError("a key goes on from one that is too short");
    }
    const rest = reader.take(own);
    const next = new Uint8Array(shared + own);
    next.set(key.subarray(0, shared));
    next.set(rest, shared);
    key = next;
    entries.push({ key, value: reader.take(valueBytes) });
  }
  return entries;
}
