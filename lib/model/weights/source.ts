/**
 * Weights in any of the files that they are published in: one safetensors file or PyTorch's
 * own, several of either with an index, or TensorFlow's.
 *
 * Which file of a folder is read is decided here, once, for keys and for reading alike.
 */
import { basename, join } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import type { Shape } from "../../engine/ir/graph.ts";
import { SafetensorsFile } from "./safetensors.ts";
import { dataFiles, INDEX_END } from "./tensorflow/file_names.ts";
import type { WeightSource } from "./weight_source.ts";

const WHOLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const TORCH = "pytorch_model.bin";
const TORCH_INDEX = "pytorch_model.bin.index.json";
/** Names which file each tensor is in. */
const INDEXES: readonly string[] = [INDEX, TORCH_INDEX];

/**
 * Which of the files of a folder hold weights that are read, by their names, the index first.
 * Files that only an index names are not among them.
 */
export function weightNames(names: readonly string[]): readonly string[] {
  const known = [WHOLE, INDEX, TORCH, TORCH_INDEX].find((each) => names.includes(each));
  if (known !== undefined) return [known];
  const [index] = checkpointsAmong(names);
  if (index === undefined) return [];
  return [index, ...dataFiles(index, names)];
}

/** The files that a folder's weights are read from, the index first; what a person is to give where there are none. */
export function weightFiles(dir: string): readonly string[] {
  const names = weightNames(namesIn(dir));
  const files = (names.length === 0 ? [WHOLE] : names).map((name) => join(dir, name));
  return INDEXES.includes(names[0] ?? "") ? [...files, ...filesOfIndex(files[0]!)] : files;
}

/**
 * The files that an index names, in order.
 *
 * @throws ExperimentError "model/weights" when it is damaged
 */
export function filesOfIndex(path: string): readonly string[] {
  return partsOf(path).files;
}

/**
 * Opens the weights of a folder.
 *
 * @throws ExperimentError "model/safetensors", "model/torch", "model/tensorflow" or
 *   "model/weights" when a file is missing or damaged, or the index does not fit its files
 */
export async function openWeights(dir: string): Promise<WeightSource> {
  const files = weightFiles(dir), file = files[0]!;
  for (const each of files) await refusePointer(each);
  // A plan knows files by their names alone: what reads them is loaded when it is needed.
  if (INDEXES.includes(basename(file))) return await ShardedWeights.open(file);
  if (!file.endsWith(INDEX_END)) return await openOne(file);
  const all = checkpointsAmong(namesIn(dir));
  if (all.length === 1) {
    const { TensorFlowCheckpoint } = await import("./tensorflow/checkpoint.ts");
    return await TensorFlowCheckpoint.open(file);
  }
  throw new ExperimentError("model/weights", `there are several checkpoints: ${all.join(", ")}`, {
    at: { file: dir },
    mend: "leave the .index and .data files of one",
  });
}

/** Opens a safetensors file or one of PyTorch's. */
async function openOne(file: string): Promise<WeightSource> {
  if (!file.endsWith(".bin")) return await SafetensorsFile.open(file);
  const { TorchFile } = await import("./torch_file.ts");
  return await TorchFile.open(file);
}

/** What a file holds that Git has left on the server of its large files. */
const POINTER = "version https://git-lfs";

async function refusePointer(path: string): Promise<void> {
  using file = await Deno.open(path).catch(() => undefined);
  const start = new Uint8Array(POINTER.length);
  const count = await file?.read(start).catch(() => null);
  if (count !== start.length || new TextDecoder().decode(start) !== POINTER) return;
  throw new ExperimentError("model/weights", "it is a pointer of Git LFS, not the weights", {
    at: { file: path },
    mend: "run git lfs pull there, or fetch the model with deno task data fetch",
  });
}

/** The indexes of TensorFlow's checkpoints. */
function checkpointsAmong(names: readonly string[]): readonly string[] {
  return names.filter((name) => name.endsWith(INDEX_END)).toSorted();
}

/** The names of what is in a folder; none where no folder can be read. */
export function namesIn(dir: string): readonly string[] {
  try {
    return Array.from(Deno.readDirSync(dir), ({ name }) => name);
  } catch {
    return []; // whoever reads the files that are due there tells why
  }
}

/** Several files behind one index. */
class ShardedWeights implements WeightSource {
  private constructor(
    readonly path: string,
    readonly entries: WeightSource["entries"],
    private readonly places: ReadonlyMap<string, WeightSource>,
    private readonly files: DisposableStack,
  ) {}

  static async open(path: string): Promise<ShardedWeights> {
    const { files, map } = partsOf(path);
    using opened = new DisposableStack();
    const byFile = new Map<string, WeightSource>();
    for (const file of files) byFile.set(file, opened.use(await openOne(file)));
    const entries = new Map<string, { dtype: string; shape: Shape }>();
    const places = new Map<string, WeightSource>();
    for (const file of byFile.values()) {
      for (const [name, entry] of file.entries) {
        // A tensor that the index has not is told as unused, like any other.
        if (map.has(name) && map.get(name) !== file.path) continue;
        entries.set(name, entry);
        places.set(name, file);
      }
    }
    for (const [name, file] of map) {
      if (!entries.has(name)) throw badIndex(path, `${name} is not in ${basename(file)}`);
    }
    return new ShardedWeights(path, entries, places, opened.move());
  }

  async read(name: string): Promise<Float32Array> {
    return await this.places.get(name)!.read(name);
  }

  [Symbol.dispose](): void {
    this.files.dispose();
  }
}

/** The files of an index in order, and which tensor it says to be in which. */
function partsOf(path: string) {
  let content: unknown;
  try {
    content = JSON.parse(Deno.readTextFileSync(path));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? "it is no JSON" : "it cannot be read";
    throw badIndex(path, why, cause);
  }
  const map = (content as { readonly weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null) throw badIndex(path, "it has no weight_map");
  const places = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== "string" || basename(file) !== file) {
      throw badIndex(path, `${name} is in ${JSON.stringify(file)}, which is no file beside it`);
    }
    places.set(name, join(path, "..", file));
  }
  if (places.size === 0) throw badIndex(path, "its weight_map is empty");
  return { files: [...new Set(places.values())].sort(), map: places };
}

function badIndex(path: string, message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("model/weights", `the index of the weights is damaged: ${message}`, {
    at: { file: path },
    mend: "fetch the index and all files that it names again",
    cause,
  });
}
