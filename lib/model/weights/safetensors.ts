/**
 * Reads and writes safetensors files, one tensor at a time.
 *
 * The header is believed in nothing: sizes, ranges, gaps and overlaps are
 * checked before any tensor is read, so a damaged or hostile file gives an error
 * and never a huge allocation. Equal tensors give equal bytes.
 *
 * @see https://github.com/huggingface/safetensors, "Format"
 */
import { compareText } from "../../base/order.ts";
import { ExperimentError } from "../../base/errors.ts";
import { nonFile, writeAll } from "../../base/files.ts";
import { type Shape, sizeOf } from "../../engine/ir/graph.ts";

/** One tensor to be written. */
export interface NamedTensor {
  /** The key in the header. */
  readonly name: string;
  /** Sizes of the dimensions. */
  readonly shape: Shape;
  /** As many elements as the shape has. */
  readonly values: Float32Array;
}

/** What the header says of a tensor. */
export interface TensorEntry {
  /** The format's name: "F32", "BF16", "I64". */
  readonly dtype: string;
  /** Sizes of the dimensions. */
  readonly shape: Shape;
  /** Where its bytes begin, from the start of the file. */
  readonly offset: number;
  /** How many bytes it takes. */
  readonly bytes: number;
}

/** The longest header that is read; the reference reader has the same limit. */
const MAX_HEADER_BYTES = 100_000_000;

const BYTES_OF = new Map<string, number>([
  ["F64", 8],
  ["I64", 8],
  ["U64", 8],
  ["F32", 4],
  ["I32", 4],
  ["U32", 4],
  ["F16", 2],
  ["BF16", 2],
  ["I16", 2],
  ["U16", 2],
  ["I8", 1],
  ["U8", 1],
  ["BOOL", 1],
  ["F8_E4M3", 1],
  ["F8_E5M2", 1],
]);

/**
 * Writes a safetensors file and syncs it to disk.
 *
 * @param options metadata: texts that are kept in the header
 * @throws Deno.errors as writing does
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  options: { readonly metadata?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const sorted = tensors.toSorted((a, b) => compareText(a.name, b.name));
  // Without a prototype: a tensor may be called "toString", or even "__proto__".
  const header: Record<string, unknown> = Object.create(null);
  if (options.metadata !== undefined) header["__metadata__"] = options.metadata;
  let end = 0;
  for (const { name, shape, values } of sorted) {
    if (sizeOf(shape) !== values.length) {
      throw new Error(`${name} [${shape}] has ${values.length} values`);
    }
    if (Object.hasOwn(header, name)) throw new Error(`${name} is written twice`);
    const begin = end;
    end += values.byteLength;
    header[name] = { dtype: "F32", shape, data_offsets: [begin, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Spaces bring the data to a multiple of 8 bytes.
  const prefix = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(prefix.length - 8), true);
  prefix.set(text, 8);
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  await writeAll(file, prefix);
  for (const { values } of sorted) {
    await writeAll(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  await file.sync();
}

/** An open safetensors file. */
export class SafetensorsFile implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(
    readonly path: string,
    file: Deno.FsFile,
    /** By name, in the order of the bytes. */
    readonly entries: ReadonlyMap<string, TensorEntry>,
    readonly metadata: Readonly<Record<string, string>>,
  ) {
    this.#file = file;
  }

  /**
   * Opens a file and checks its whole header.
   *
   * @throws ExperimentError "model/safetensors" when it is missing or damaged
   */
  static async open(path: string): Promise<SafetensorsFile> {
    let file: Deno.FsFile;
    try {
      const what = nonFile(await Deno.stat(path));
      if (what !== undefined) throw damaged(path, `it is ${what}`);
      file = await Deno.open(path);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
      throw new ExperimentError("model/safetensors", "cannot read weights: no such file", {
        at: { file: path },
        mend: "give a folder with a model.safetensors",
        cause,
      });
    }
    try {
      const { entries, metadata } = await readHeader(file, path);
      return new SafetensorsFile(path, file, entries, metadata);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Reads a tensor as f32; F16 and BF16 are widened.
   *
   * @throws ExperimentError "model/safetensors" for a tensor of another dtype
   */
  async read(name: string): Promise<Float32Array> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new Error(`${this.path} has no tensor ${name}`);
    const bytes = new Uint8Array(entry.bytes);
    await this.#file.seek(entry.offset, Deno.SeekMode.Start);
    await readAll(this.#file, bytes, this.path);
    const values = widen(entry.dtype, bytes);
    if (values !== undefined) return values;
    throw damaged(this.path, `${name} is ${entry.dtype}, not F32, F16 or BF16`);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** Little-endian values as f32, F16 and BF16 widened exactly; undefined for another dtype. */
export function widen(dtype: string, bytes: Uint8Array<ArrayBuffer>): Float32Array | undefined {
  if (dtype === "F32") return new Float32Array(bytes.buffer);
  if (dtype === "F16") return new Float32Array(new Float16Array(bytes.buffer));
  if (dtype !== "BF16") return undefined;
  // A plain loop: `Uint32Array.from` takes 30 times as long, and a list of all values beside.
  const halves = new Uint16Array(bytes.buffer), wide = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) wide[i] = halves[i]! << 16;
  return new Float32Array(wide.buffer);
}

async function readHeader(file: Deno.FsFile, path: string) {
  const { size } = await file.stat();
  if (size < 8) throw damaged(path, `the file has ${size} bytes, fewer than the 8 of its length`);
  const start = new Uint8Array(8);
  await readAll(file, start, path);
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, size - 8))) {
    throw damaged(path, `the header claims ${length} bytes in a file of ${size}`);
  }
  const bytes = new Uint8Array(Number(length));
  await readAll(file, bytes, path);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damaged(path, "the header is no JSON", cause);
  }
  if (!isMapping(header)) throw damaged(path, "the header is no JSON mapping");
  const dataStart = 8 + bytes.length;
  const metadata: Record<string, string> = {};
  const found: (TensorEntry & { readonly name: string })[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") {
      if (!isMapping(value)) throw damaged(path, "__metadata__ is no mapping");
      for (const [key, each] of Object.entries(value)) {
        if (typeof each !== "string") throw damaged(path, `__metadata__.${key} is no text`);
        metadata[key] = each;
      }
    } else {
      found.push({ name, ...checkedEntry(name, value, { path, dataStart }) });
    }
  }
  found.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = dataStart;
  for (const { name, offset, bytes } of found) {
    if (offset !== end) {
      throw damaged(path, `${name} begins at byte ${offset}, where ${end} is due`);
    }
    end = offset + bytes;
  }
  if (end !== size) throw damaged(path, `the tensors end at byte ${end} of ${size}`);
  const entries = new Map(found.map(({ name, ...entry }) => [name, entry]));
  return { entries, metadata };
}

function checkedEntry(
  name: string,
  value: unknown,
  options: { readonly path: string; readonly dataStart: number },
): TensorEntry {
  const { path, dataStart } = options;
  if (!isMapping(value)) throw damaged(path, `${name} is described by no mapping`);
  const { dtype, shape, data_offsets: range } = value;
  const width = typeof dtype === "string" ? BYTES_OF.get(dtype) : undefined;
  if (typeof dtype !== "string" || width === undefined) {
    throw damaged(path, `${name} has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!isSizes(shape)) throw damaged(path, `${name} has no shape of whole numbers`);
  if (!isSizes(range) || range.length !== 2 || range[0]! > range[1]!) {
    throw damaged(path, `${name} has no range of bytes`);
  }
  // Beyond 2^53 the product is inexact, but then no file is as long either.
  const bytes = sizeOf(shape) * width;
  if (bytes !== range[1]! - range[0]!) {
    throw damaged(path, `${name} ${dtype} [${shape}] is given ${range[1]! - range[0]!} bytes`);
  }
  return { dtype, shape, offset: dataStart + range[0]!, bytes };
}

async function readAll(file: Deno.FsFile, into: Uint8Array, path: string): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const count = await file.read(into.subarray(done));
    if (count === null) throw damaged(path, "the file ends too soon");
    done += count;
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function damaged(path: string, message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("model/safetensors", message, {
    at: { file: path },
    mend: "fetch or make the file again",
    cause,
  });
}
