/**
 * Weights in a TensorFlow checkpoint, as BERT and BioBERT v1.0 were released: an index and
 * its data files.
 *
 * A kernel is given as PyTorch has it, [out, in]. Checksums are compared as tensors are read,
 * one at a time.
 */
import { basename } from "node:path";
import { ExperimentError } from "../../../base/errors.ts";
import { type Shape, sizeOf } from "../../../engine/ir/graph.ts";
import { widen } from "../safetensors.ts";
import type { WeightSource } from "../weight_source.ts";
import { type Bundle, type BundleSlice, type BundleTensor, readBundle } from "./bundle.ts";
import { FormatError } from "./byte_reader.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { dataFile } from "./file_names.ts";

/** Names, shapes and places take far less than this. */
const MAX_INDEX_BYTES = 1 << 28;

/** An open checkpoint. */
export class TensorFlowCheckpoint implements WeightSource {
  private constructor(
    readonly path: string,
    readonly entries: ReadonlyMap<string, { readonly dtype: string; readonly shape: Shape }>,
    private readonly bundle: Bundle,
    private readonly files: readonly Deno.FsFile[],
    private readonly opened: DisposableStack,
  ) {}

  /**
   * Opens a checkpoint and checks what its index says against its data files.
   *
   * @param path of the index
   * @throws ExperimentError "model/tensorflow" naming what is missing or damaged
   */
  static async open(path: string): Promise<TensorFlowCheckpoint> {
    const bundle = await readIndex(path);
    using opened = new DisposableStack();
    const files: Deno.FsFile[] = [], sizes: number[] = [];
    for (let shard = 0; shard < bundle.shards; shard++) {
      const file = dataFile(path, shard, bundle.shards);
      files.push(opened.use(await openData(file)));
      sizes.push((await files.at(-1)!.stat()).size);
    }
    for (const [name, { slices }] of bundle.tensors) {
      for (const { shard, offset, bytes } of slices) {
        if (offset + bytes <= sizes[shard]!) continue;
        throw damaged(
          dataFile(path, shard, bundle.shards),
          `${name} ends at byte ${offset + bytes}, the file at ${sizes[shard]}`,
        );
      }
    }
    const entries = new Map([...bundle.tensors].map(([name, { dtype, shape }]) => [
      name,
      { dtype, shape: isKernel(name, shape) ? shape.toReversed() : shape },
    ]));
    return new TensorFlowCheckpoint(path, entries, bundle, files, opened.move());
  }

  // deno-lint-ignore require-await -- a source's reads are promised
  async read(name: string): Promise<Float32Array> {
    const tensor = this.bundle.tensors.get(name)!;
    const values = this.#whole(name, tensor);
    return isKernel(name, tensor.shape) ? transposed(values, tensor.shape) : values;
  }

  /** Closes its files. */
  [Symbol.dispose](): void {
    this.opened.dispose();
  }

  #whole(name: string, tensor: BundleTensor): Float32Array {
    const [first] = tensor.slices;
    if (tensor.slices.length === 1) return this.#slice(name, tensor, first!);
    const whole = new Float32Array(sizeOf(tensor.shape));
    for (const slice of tensor.slices) {
      place(this.#slice(name, tensor, slice), { slice, into: whole, shape: tensor.shape });
    }
    return whole;
  }

  #slice(name: string, { dtype }: BundleTensor, slice: BundleSlice): Float32Array {
    const { shard, offset, bytes, crc } = slice;
    const path = dataFile(this.path, shard, this.bundle.shards);
    const content = new Uint8Array(bytes), file = this.files[shard]!;
    file.seekSync(offset, Deno.SeekMode.Start);
    for (let done = 0; done < bytes;) {
      const got = file.readSync(content.subarray(done));
      if (got === null) throw damaged(path, `the file ends within ${name}`);
      done += got;
    }
    if (maskedCrc32c(content) !== crc) {
      throw damaged(path, `${name} does not have the checksum that ${basename(this.path)} says`);
    }
    const values = widen(dtype, content);
    if (values === undefined) throw damaged(path, `${name} is ${dtype}, not F32, F16 or BF16`);
    return values;
  }
}

async function readIndex(path: string): Promise<Bundle> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_INDEX_BYTES) throw new FormatError(`it has ${size} bytes`);
    return readBundle(await Deno.readFile(path));
  } catch (cause) {
    if (cause instanceof FormatError) {
      throw damaged(path, `the checkpoint's index is damaged: ${cause.message}`, cause);
    }
    if (cause instanceof Deno.errors.NotFound) throw damaged(path, "there is no index", cause);
    throw cause;
  }
}

async function openData(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw damaged(path, "a data file of the checkpoint is missing", cause);
  }
}

/** TensorFlow multiplies from the other side. */
function isKernel(name: string, shape: Shape): boolean {
  return name.endsWith("/kernel") && shape.length === 2;
}

function transposed(values: Float32Array, shape: Shape): Float32Array {
  const [rows, columns] = shape as readonly [number, number];
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column]!;
    }
  }
  return result;
}

/** Puts a slice's values where they belong, the last axis at a time. */
function place(
  values: Float32Array,
  { slice: { starts, lengths }, into, shape }: {
    readonly slice: BundleSlice;
    readonly into: Float32Array;
    readonly shape: Shape;
  },
): void {
  const last = shape.length - 1, run = lengths[last]!;
  for (let from = 0; from < values.length; from += run) {
    let rest = from / run, to = 0, stride = shape[last]!;
    for (let axis = last - 1; axis >= 0; axis--) {
      to += (starts[axis]! + rest % lengths[axis]!) * stride;
      rest = Math.floor(rest / lengths[axis]!);
      stride *= shape[axis]!;
    }
    into.set(values.subarray(from, from + run), to + starts[last]!);
  }
}

function damaged(path: string, message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("model/tensorflow", message, {
    at: { file: path },
    mend: "fetch the checkpoint again: the .index and all of its .data-?????-of-????? files",
    cause,
  });
}
