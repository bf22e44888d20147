/**
 * What the index of a TensorFlow checkpoint says: how many data files there are, and for
 * each tensor its type, its shape, and where its bytes lie.
 *
 * @see TensorFlow's tensor_bundle.proto, and tensor_bundle.h on slices
 */
import type { Shape } from "../../../engine/ir/graph.ts";
import { ByteReader, FormatError } from "./byte_reader.ts";
import { readTable } from "./table.ts";

/** Bytes in a data file. */
export interface BundlePlace {
  /** Which data file, from 0. */
  readonly shard: number;
  /** Where they begin. */
  readonly offset: number;
  /** How many there are. */
  readonly bytes: number;
  /** Their masked CRC-32C. */
  readonly crc: number;
}

/** A part of a tensor that is kept by itself. */
export interface BundleSlice extends BundlePlace {
  /** By dimension, the first index of it. */
  readonly starts: readonly number[];
  /** By dimension, how many there are. */
  readonly lengths: Shape;
}

/** A tensor, whole or in slices. */
export interface BundleTensor {
  /** As safetensors calls it, "F32"; for a type that it has not, TensorFlow's number. */
  readonly dtype: string;
  /** Sizes of the dimensions. */
  readonly shape: Shape;
  /** One of the whole, or several that cover it. */
  readonly slices: readonly BundleSlice[];
}

/** What an index holds. */
export interface Bundle {
  /** How many data files there are. */
  readonly shards: number;
  /** By name, in the order of the index. */
  readonly tensors: ReadonlyMap<string, BundleTensor>;
}

/** Types by TensorFlow's number, with the bytes of a value. */
const TENSORFLOW_TYPES: ReadonlyMap<number, readonly [dtype: string, width: number]> = new Map([
  [1, ["F32", 4]],
  [2, ["F64", 8]],
  [3, ["I32", 4]],
  [4, ["U8", 1]],
  [5, ["I16", 2]],
  [6, ["I8", 1]],
  [9, ["I64", 8]],
  [10, ["BOOL", 1]],
  [14, ["BF16", 2]],
  [19, ["F16", 2]],
]);

/** No model is kept in more data files, and none has tensors of more dimensions. */
const MAX_SHARDS = 100_000, MAX_RANK = 32;

/**
 * Reads an index.
 *
 * @throws FormatError naming the tensor that is wrong, where one is
 */
export function readBundle(bytes: Uint8Array<ArrayBuffer>): Bundle {
  let shards: number | undefined;
  const entries = new Map<string, Entry>();
  const sliced = new Map<string, Entry[]>();
  for (const { key, value } of readTable(bytes)) {
    if (key.length === 0) {
      shards = shardsOf(value);
    } else if (key[0] === 0) {
      const name = nameOfSlice(key);
      sliced.set(name, [...sliced.get(name) ?? [], named(name, () => readEntry(value))]);
    } else {
      const name = new TextDecoder().decode(key);
      entries.set(name, named(name, () => readEntry(value)));
    }
  }
  if (shards === undefined) throw new FormatError("it has no header");
  const tensors = [...entries].map(([name, entry]): [string, BundleTensor] => [
    name,
    named(name, () => tensorOf(entry, { sliced: sliced.get(name) ?? [], shards })),
  ]);
  return { shards, tensors: new Map(tensors) };
}

function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof FormatError ? new FormatError(`${name}: ${error.message}`) : error;
  }
}

/** An entry as it stands; `slices` are without bytes of their own, `undefined` is all of an axis. */
interface Entry extends BundlePlace {
  readonly type: number;
  readonly shape: Shape;
  readonly slices: readonly (readonly (readonly [start: number, length: number | undefined])[])[];
}

function tensorOf(
  entry: Entry,
  { sliced, shards }: { readonly sliced: readonly Entry[]; readonly shards: number },
): BundleTensor {
  const { type, shape } = entry;
  const [dtype, width] = TENSORFLOW_TYPES.get(type) ?? [`of TensorFlow's type ${type}`, undefined];
  const extents = entry.slices.length === 0 ? [shape.map(() => [0, undefined] as const)] : [
    // The index has the slices in this order: their keys sort as their numbers do.
    ...entry.slices,
  ].sort(compareExtents);
  const places = entry.slices.length === 0 ? [entry] : sliced;
  if (places.length !== extents.length) {
    throw new FormatError(`it has ${places.length} slices of ${extents.length}`);
  }
  let covered = 0;
  const slices = extents.map((extent, i): BundleSlice => {
    const { shard, offset, bytes, crc, ...place } = places[i]!;
    if (extent.length !== shape.length) throw new FormatError("a slice has another rank");
    const starts = extent.map(([start]) => start);
    const lengths = extent.map(([, length], axis) => length ?? shape[axis]!);
    const isInside = lengths.every((length, axis) =>
      starts[axis]! >= 0 && length >= 0 && starts[axis]! + length <= shape[axis]!
    );
    const values = lengths.reduce((product, each) => product * each, 1);
    covered += values;
    if (!isInside || String(lengths) !== String(place.shape) || place.type !== type) {
      throw new FormatError(`it has a slice [${place.shape}] at [${starts}] of [${shape}]`);
    }
    if (!(shard >= 0 && shard < shards)) {
      throw new FormatError(`it is in data file ${shard} of ${shards}`);
    }
    if (!(offset >= 0) || (width !== undefined && bytes !== values * width)) {
      throw new FormatError(`${bytes} bytes are given to ${dtype} [${lengths}]`);
    }
    return { shard, offset, bytes, crc, starts, lengths };
  });
  const wanted = shape.reduce((product, each) => product * each, 1);
  if (covered !== wanted) throw new FormatError(`its slices hold ${covered} values of ${wanted}`);
  return { dtype, shape, slices };
}

function compareExtents(a: Entry["slices"][number], b: Entry["slices"][number]): number {
  const flat = (extent: typeof a) => extent.flatMap(([start, length]) => [start, length ?? -1]);
  const [left, right] = [flat(a), flat(b)];
  const at = left.findIndex((value, i) => value !== right[i]);
  return at === -1 ? 0 : left[at]! - (right[at] ?? -1);
}

/** The name in a slice's key: a zero, the name with zeros and 255s escaped, its end, numbers. */
function nameOfSlice(key: Uint8Array): string {
  const bytes: number[] = [];
  for (let at = 1; at + 1 < key.length; at++) {
    const byte = key[at]!;
    if (byte !== 0 && byte !== 0xFF) {
      bytes.push(byte);
      continue;
    }
    if (byte === 0 && key[at + 1] === 1) return new TextDecoder().decode(Uint8Array.from(bytes));
    bytes.push(byte);
    at++;
  }
  throw new FormatError("the key of a slice has no name");
}

function shardsOf(header: Uint8Array): number {
  let shards = 0;
  for (const { field, value } of fieldsOf(header)) {
    if (field === 1) shards = numberOf(value);
    if (field === 2 && value !== 0) throw new FormatError("its numbers are big-endian");
  }
  if (!(shards >= 1 && shards <= MAX_SHARDS)) throw new FormatError(`it has ${shards} data files`);
  return shards;
}

function readEntry(bytes: Uint8Array): Entry {
  const entry = { type: 0, shape: [] as Shape, shard: 0, offset: 0, bytes: 0, crc: 0 };
  const slices: Entry["slices"][number][] = [];
  for (const { field, value } of fieldsOf(bytes)) {
    if (field === 1) entry.type = numberOf(value);
    if (field === 2) entry.shape = readShape(bytesOf(value));
    if (field === 3) entry.shard = numberOf(value);
    if (field === 4) entry.offset = numberOf(value);
    if (field === 5) entry.bytes = numberOf(value);
    if (field === 6) entry.crc = numberOf(value);
    if (field === 7) slices.push(readExtents(bytesOf(value)));
  }
  return { ...entry, slices };
}

function readShape(bytes: Uint8Array): Shape {
  const shape = messagesOf(bytes, 2).map((dimension) => {
    const size = fieldsOf(dimension).find(({ field }) => field === 1)?.value ?? 0;
    return numberOf(size);
  });
  if (shape.length > MAX_RANK || shape.some((size) => size < 0)) {
    throw new FormatError(`it has the shape [${shape}]`);
  }
  return shape;
}

function readExtents(bytes: Uint8Array): Entry["slices"][number] {
  return messagesOf(bytes, 1).map((extent) => {
    let start = 0, length: number | undefined;
    for (const { field, value } of fieldsOf(extent)) {
      if (field === 1) start = numberOf(value);
      if (field === 2) length = numberOf(value);
    }
    return [start, length] as const;
  });
}

function messagesOf(bytes: Uint8Array, wanted: number): Uint8Array[] {
  return fieldsOf(bytes).flatMap(({ field, value }) => field === wanted ? [bytesOf(value)] : []);
}

/** The fields of a protocol buffer, in order. */
function fieldsOf(bytes: Uint8Array): { readonly field: number; readonly value: FieldValue }[] {
  const reader = new ByteReader(bytes);
  const fields: { readonly field: number; readonly value: FieldValue }[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint(), wire = tag & 7;
    const value = wire === 0
      ? reader.varint()
      : wire === 1
      ? reader.take(8)
      : wire === 2
      ? reader.take(reader.varint())
      : wire === 5
      ? reader.little(4)
      : undefined;
    if (value === undefined) throw new FormatError(`it has a field of the unknown form ${wire}`);
    fields.push({ field: tag >>> 3, value });
  }
  return fields;
}

type FieldValue = number | Uint8Array;

function numberOf(value: FieldValue): number {
  if (typeof value === "number") return value;
  throw new FormatError("it has bytes where a number is due");
}

function bytesOf(value: FieldValue): Uint8Array {
  if (typeof value !== "number") return value;
  throw new FormatError("it has a number where bytes are due");
}
