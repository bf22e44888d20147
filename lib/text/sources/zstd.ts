/**
 * Decompresses zstd as a stream and checks it.
 *
 * The frames are walked here, the blocks decoded by fzstd. Deno 2.9's own
 * `createZstdDecompress` does not serve: it ends without an error where the data
 * is cut off, drops all frames but the first, and ends the process on a wrong
 * checksum. fzstd alone checks no checksums.
 *
 * @see RFC 8878, section 3
 */
import { Decompress } from "fzstd";
import createHasher from "xxhash-wasm";
import { UnreadArchive } from "./magic.ts";

const MAGIC = 0xFD2FB528;
const SKIPPABLE_MAGIC = 0x184D2A50;

/** A larger window is not held in memory. */
const MOST_WINDOW_BYTES = 2 ** 30;

/**
 * The decompressed bytes of zstd data, in chunks. Memory is bounded by the data's window.
 *
 * @throws Error when the data is cut off, damaged, or fails its checksum
 * @throws UnreadArchive when its window is too large, or it needs a dictionary
 */
export async function* decompressZstd(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const { create64 } = await createHasher();
  const input = new ByteQueue(source);
  while (!(await input.isAtEnd())) {
    const magic = await input.read(4);
    const number = littleEndian(magic);
    if ((number & 0xFFFFFFF0) >>> 0 === SKIPPABLE_MAGIC) {
      const size = littleEndian(await input.read(4));
      for await (const _ of input.pass(size));
    } else if (number === MAGIC) {
      yield* decompressFrame(input, { magic, hash: create64() });
    } else {
      throw new Error("what follows is not zstd data");
    }
  }
}

interface Hash {
  update(bytes: Uint8Array): Hash;
  digest(): bigint;
}

async function* decompressFrame(
  input: ByteQueue,
  { magic, hash }: { readonly magic: Uint8Array; readonly hash: Hash },
): AsyncGenerator<Uint8Array, void> {
  const ready: Uint8Array[] = [];
  let decodedBytes = 0;
  const decoder = new Decompress((bytes) => {
    decodedBytes += bytes.length;
    hash.update(bytes);
    ready.push(bytes);
  });
  const descriptor = await input.read(1);
  const header = await input.read(headerBytes(descriptor[0]!));
  const { contentBytes, hasChecksum } = readHeader(descriptor[0]!, header);
  decoder.push(magic);
  decoder.push(descriptor);
  decoder.push(header);
  for (let isLast = false; !isLast;) {
    const blockHeader = await input.read(3);
    const bits = littleEndian(blockHeader);
    isLast = (bits & 1) === 1;
    const isRepeatedByte = (bits >>> 1 & 3) === 1;
    decoder.push(blockHeader);
    for await (const part of input.pass(isRepeatedByte ? 1 : bits >>> 3)) decoder.push(part);
    yield* ready.splice(0);
  }
  const checksum = await input.read(hasChecksum ? 4 : 0);
  decoder.push(checksum, true);
  yield* ready.splice(0);
  if (hasChecksum && littleEndian(checksum) !== Number(hash.digest() & 0xFFFFFFFFn)) {
    throw new Error("the checksum does not fit the data");
  }
  if (decodedBytes !== (contentBytes ?? decodedBytes)) {
    throw new Error(`${decodedBytes} bytes came out of a frame of ${contentBytes}`);
  }
}

/** Bytes of a frame header after its descriptor: window, dictionary id, content size. */
function headerBytes(descriptor: number): number {
  return windowBytes(descriptor) + dictionaryBytes(descriptor) + sizeBytes(descriptor);
}

const isSingleSegment = (descriptor: number) => (descriptor & 0x20) !== 0;
const windowBytes = (descriptor: number) => isSingleSegment(descriptor) ? 0 : 1;
const dictionaryBytes = (descriptor: number) => [0, 1, 2, 4][descriptor & 3]!;
const sizeBytes = (descriptor: number) =>
  [isSingleSegment(descriptor) ? 1 : 0, 2, 4, 8][descriptor >>> 6]!;

interface FrameHeader {
  /** How long the decompressed data is, where the frame says so. */
  readonly contentBytes: number | undefined;
  readonly hasChecksum: boolean;
}

/** @throws UnreadArchive for what fzstd would take for damage, or decode to something else */
function readHeader(descriptor: number, header: Uint8Array): FrameHeader {
  const sizeAt = windowBytes(descriptor) + dictionaryBytes(descriptor);
  const size = header.subarray(sizeAt);
  const contentBytes = size.length === 0
    ? undefined
    : littleEndian(size) + (size.length === 2 ? 256 : 0);
  const least = 2 ** (10 + (header[0]! >>> 3));
  const window = isSingleSegment(descriptor) ? contentBytes! : least + least / 8 * (header[0]! & 7);
  if (window > MOST_WINDOW_BYTES) {
    const [needed, most] = [window, MOST_WINDOW_BYTES].map((bytes) => (bytes / 2 ** 30).toFixed(1));
    throw new UnreadArchive(
      `the zstd data needs a window of ${needed} GiB, and at most ${most} GiB is read`,
      "pack it again without --long: zstd -dc --long=31 FILE | zstd > NEW.zst",
    );
  }
  const dictionary = littleEndian(header.subarray(windowBytes(descriptor), sizeAt));
  if (dictionary !== 0) {
    throw new UnreadArchive(
      `the zstd data needs the dictionary ${dictionary}, and none is read`,
      "pack it again without one: zstd -dc -D DICTIONARY FILE | zstd > NEW.zst",
    );
  }
  return { contentBytes, hasChecksum: (descriptor & 4) !== 0 };
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

/** Bytes of a stream, so many at a time. */
class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return true;
      this.#chunk = value;
    }
    return false;
  }

  /** Few bytes as one array. */
  async read(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    let filled = 0;
    for await (const part of this.pass(count)) {
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** Many bytes in the chunks in which they come. */
  async *pass(count: number): AsyncGenerator<Uint8Array, void> {
    for (let left = count; left > 0;) {
      if (await this.isAtEnd()) throw new Error("the data ends too early");
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}
