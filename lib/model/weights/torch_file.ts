/**
 * PyTorch's weights, `pytorch_model.bin`: a pickle of names and tensors, the values beside it.
 *
 * Both forms are read: the zip archive that PyTorch writes since 1.6, and the one before,
 * pickles one after the other. Only what rebuilds tensors may be called by the pickle; sizes
 * and places are checked against the file before anything is read.
 */
import { crc32 } from "node:zlib";
import { ExperimentError } from "../../base/errors.ts";
import { nonFile } from "../../base/files.ts";
import { type Shape, sizeOf } from "../../engine/ir/graph.ts";
import { type Callables, globalName, PickleError, readPickle } from "./pickle.ts";
import { readStoredZip, ZipError } from "./stored_zip.ts";
import { widen } from "./safetensors.ts";
import type { WeightSource } from "./weight_source.ts";

/** Bytes of values that tensors are views of. */
interface Storage {
  readonly dtype: string;
  /** Bytes of a value. */
  readonly width: number;
  readonly key: string;
  /** Values. */
  readonly size: number;
}

/** What the pickle says of a tensor. */
interface TorchTensor {
  readonly storage: Storage;
  readonly dtype: string;
  readonly shape: Shape;
  readonly strides: readonly number[];
  /** Values of the storage before the first. */
  readonly offset: number;
}

const STORAGES = new Map<string, readonly [dtype: string, width: number]>([
  ["torch.FloatStorage", ["F32", 4]],
  ["torch.HalfStorage", ["F16", 2]],
  ["torch.BFloat16Storage", ["BF16", 2]],
  ["torch.DoubleStorage", ["F64", 8]],
  ["torch.LongStorage", ["I64", 8]],
  ["torch.IntStorage", ["I32", 4]],
  ["torch.ShortStorage", ["I16", 2]],
  ["torch.CharStorage", ["I8", 1]],
  ["torch.ByteStorage", ["U8", 1]],
  ["torch.BoolStorage", ["BOOL", 1]],
]);

const isStorage = Symbol("storage");

const CALLABLES: Callables = new Map<string, (args: readonly unknown[]) => unknown>([
  ["collections.OrderedDict", () => new Map()],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_tensor", rebuildTensor],
  ["torch._utils._rebuild_parameter", ([tensor]) => tensor],
  ...[...STORAGES.keys()].map((name) =>
    [name, (): never => {
      throw new PickleError(`it calls ${name}`);
    }] as const
  ),
]);

/** An open file of PyTorch. */
export class TorchFile implements WeightSource {
  private constructor(
    readonly path: string,
    readonly entries: ReadonlyMap<string, TorchTensor>,
    private readonly file: Deno.FsFile,
    private readonly places: ReadonlyMap<string, StoragePlace>,
  ) {}

  /** The storages whose bytes were summed up. */
  readonly #summed = new Set<string>();

  /**
   * Opens a file and checks all that its pickle says.
   *
   * @throws ExperimentError "model/torch" when it is missing, damaged, or calls anything
   *   that rebuilds no tensor
   */
  static async open(path: string): Promise<TorchFile> {
    let file: Deno.FsFile;
    try {
      const what = nonFile(await Deno.stat(path));
      if (what !== undefined) throw bad(path, `cannot read weights: it is ${what}`);
      file = await Deno.open(path);
    } catch (cause) {
      if (cause instanceof ExperimentError) throw cause;
      throw bad(path, "cannot read weights: it cannot be opened", cause);
    }
    try {
      const { value, places } = readState(file);
      return new TorchFile(path, tensorsOf(value), file, places);
    } catch (cause) {
      file.close();
      if (!(cause instanceof PickleError || cause instanceof ZipError)) throw cause;
      throw bad(path, `cannot read weights: ${cause.message}`, cause);
    }
  }

  // deno-lint-ignore require-await -- a source's reads are promised
  async read(name: string): Promise<Float32Array> {
    const { storage, dtype, shape, strides, offset } = this.entries.get(name)!;
    const count = sizeOf(shape);
    if (count === 0) return new Float32Array();
    const extent = 1 + shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0);
    this.#checkSum(storage.key, name);
    const from = this.places.get(storage.key)!.offset + offset * storage.width;
    const values = widen(dtype, readAt(this.file, from, extent * storage.width));
    if (values === undefined) {
      throw bad(this.path, `${name} is ${dtype}, not F32, F16 or BF16`);
    }
    return extent === count && isContiguous(shape, strides)
      ? values
      : gather(values, { shape, strides });
  }

  /** Compares the bytes of a storage with their sum, once; the form before 1.6 has none. */
  #checkSum(key: string, name: string): void {
    const { offset, bytes, crc32: wanted } = this.places.get(key)!;
    if (wanted === undefined || this.#summed.has(key)) return;
    let sum = 0;
    for (let done = 0; done < bytes; done += SUMMED_BYTES) {
      sum = crc32(readAt(this.file, offset + done, Math.min(SUMMED_BYTES, bytes - done)), sum);
    }
    if (sum !== wanted) {
      throw bad(this.path, `${name}: data/${key} does not have the checksum that the archive says`);
    }
    this.#summed.add(key);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.file.close();
  }
}

/** Bytes that are summed up at a time. */
const SUMMED_BYTES = 1 << 20;

/** Where the values of a storage lie. */
interface StoragePlace {
  readonly offset: number;
  readonly bytes: number;
  readonly crc32?: number;
}

/** The first bytes of the form before 1.6: a pickle of a magic number. */
const LEGACY = [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19];

function readState(file: Deno.FsFile) {
  const { size } = file.statSync();
  const head = readAt(file, 0, Math.min(LEGACY.length, size));
  return LEGACY.every((byte, i) => head[i] === byte) ? readLegacy(file, size) : readZip(file);
}

function readZip(file: Deno.FsFile) {
  const entries = readStoredZip(file);
  const name = [...entries.keys()].find((each) => /^[^/]+\/data\.pkl$/.test(each));
  if (name === undefined) throw new ZipError("the archive has no data.pkl");
  const prefix = name.slice(0, -"data.pkl".length);
  const order = entries.get(`${prefix}byteorder`);
  if (order !== undefined) {
    const said = new TextDecoder().decode(readAt(file, order.offset, order.bytes));
    if (said !== "little") throw new ZipError(`its byte order is ${said}, not little`);
  }
  const { offset, bytes, crc32: wanted } = entries.get(name)!, pickle = readAt(file, offset, bytes);
  if (wanted !== undefined && crc32(pickle) !== wanted) {
    throw new ZipError("data.pkl does not have the checksum that the archive says");
  }
  const places = new Map<string, StoragePlace>();
  const { value } = readPickle(pickle, 0, {
    callables: CALLABLES,
    persistent(id) {
      const storage = storageOf(id), place = entries.get(`${prefix}data/${storage.key}`);
      if (place === undefined) throw new ZipError(`the archive has no data/${storage.key}`);
      if (place.bytes < storage.size * storage.width) {
        throw new ZipError(
          `data/${storage.key} has ${place.bytes} bytes, not ${storage.size * storage.width}`,
        );
      }
      places.set(storage.key, place);
      return storage;
    },
  });
  return { value, places };
}

/** Names and shapes take far less than this. */
const MAX_PICKLE_BYTES = 1 << 24;

function readLegacy(file: Deno.FsFile, size: number) {
  const bytes = readAt(file, 0, Math.min(size, MAX_PICKLE_BYTES));
  const storages = new Map<string, Storage>();
  const rules = {
    callables: CALLABLES,
    persistent(id: unknown) {
      const storage = storageOf(id);
      storages.set(storage.key, storage);
      return storage;
    },
  };
  let at = 0, value: unknown;
  // A magic number, a version, sizes of types, then the state, then the order of its storages.
  for (let part = 0; part < 4; part++) ({ value, end: at } = readPickle(bytes, at, rules));
  const { value: keys, end } = readPickle(bytes, at, rules);
  if (!Array.isArray(keys)) throw new PickleError("it has no list of storages");
  const places = new Map<string, StoragePlace>();
  at = end;
  for (const key of keys) {
    const storage = storages.get(String(key));
    if (storage === undefined) throw new PickleError(`it has values of an unknown ${key}`);
    const count = at + 8 <= size
      ? Number(new DataView(readAt(file, at, 8).buffer).getBigInt64(0, true))
      : -1;
    const next = at + 8 + storage.size * storage.width;
    if (count !== storage.size || next > size) {
      throw new PickleError(`the file ends or differs at byte ${at}, in storage ${key}`);
    }
    places.set(storage.key, { offset: at + 8, bytes: next - at - 8 });
    at = next;
  }
  for (const key of storages.keys()) {
    if (!places.has(key)) throw new PickleError(`it lacks the values of storage ${key}`);
  }
  return { value, places };
}

/** A storage as a persistent id names it: ("storage", type, key, location, values, view). */
function storageOf(id: unknown): Storage & { readonly [isStorage]: true } {
  const [word, type, key, , size, view] = Array.isArray(id) ? id : [];
  const known = STORAGES.get(globalName(type) ?? "");
  const isWhole = word === "storage" && known !== undefined && typeof key === "string" &&
    isCount(size) && (view === undefined || view === null);
  if (!isWhole) throw new PickleError("it names a storage of an unknown form");
  return { [isStorage]: true, dtype: known![0], width: known![1], key: key as string, size };
}

function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): TorchTensor {
  const of = storage as Storage & { readonly [isStorage]?: true } | null;
  const isWhole = of?.[isStorage] === true && isCount(offset) && isCounts(shape) &&
    isCounts(strides) && shape.length === strides.length;
  if (!isWhole) throw new PickleError("it describes a tensor of an unknown form");
  const isEmpty = shape.includes(0);
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  if (!isEmpty && !(last < of!.size)) {
    throw new PickleError(`it has a tensor [${shape}] of value ${last} in ${of!.size}`);
  }
  // One value may be shown at a million places, which no weights are saved as.
  if (sizeOf(shape) > of!.size) {
    throw new PickleError(`it has a tensor [${shape}] of ${of!.size} values`);
  }
  return { storage: of!, dtype: of!.dtype, shape, strides, offset };
}

function tensorsOf(value: unknown): Map<string, TorchTensor> {
  const state = value instanceof Map && value.get("state_dict") instanceof Map
    ? value.get("state_dict") as Map<unknown, unknown>
    : value;
  if (!(state instanceof Map)) throw new PickleError("it holds no dictionary of tensors");
  const tensors = new Map<string, TorchTensor>();
  for (const [name, each] of state) {
    const tensor = each as Partial<TorchTensor> | null;
    if (typeof name !== "string" || tensor?.storage === undefined) {
      throw new PickleError(`${String(name)} is no tensor`);
    }
    tensors.set(name, tensor as TorchTensor);
  }
  return tensors;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount);
}

function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let due = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== due) return false;
    due *= shape[axis]!;
  }
  return true;
}

function gather(
  values: Float32Array,
  { shape, strides }: Pick<TorchTensor, "shape" | "strides">,
): Float32Array {
  const result = new Float32Array(sizeOf(shape));
  for (let i = 0; i < result.length; i++) {
    let rest = i, place = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    result[i] = values[place]!;
  }
  return result;
}

function readAt(file: Deno.FsFile, offset: number, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let done = 0; done < count;) {
    const got = file.readSync(bytes.subarray(done));
    if (got === null) throw new PickleError("the file ends too soon");
    done += got;
  }
  return bytes;
}

function bad(path: string, message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("model/torch", message, {
    at: { file: path },
    mend: "fetch the file again, or give the model as model.safetensors",
    cause,
  });
}
