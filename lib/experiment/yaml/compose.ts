/**
 * One tree from a file and all that it extends.
 *
 * Mappings are merged key by key, the later file wins; lists and single values
 * are replaced as a whole, and so is a stage whose `uses` changes. Every node
 * keeps the file that it came from.
 */
import { basename, dirname, isAbsolute, join, normalize, resolve } from "node:path";
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import { HOME_MEND, startsAtHome } from "../../base/home.ts";
import { listOf } from "../../base/list.ts";
import { compareText } from "../../base/order.ts";
import type { TextFile } from "../../base/text_file.ts";
import { extendsForm } from "../experiment_file.ts";
import type { FaultList } from "../check/fault_list.ts";
import { checkValue } from "../check/issues.ts";
import { nearestName } from "../check/near.ts";
import { type MapEntry, type MapNode, plainOf, type SpecNode } from "./node.ts";
import { parseYaml } from "./yaml.ts";

/** The most bytes that one file may have. */
const MAX_BYTES = 2 ** 20;
/** The most files that an experiment may be made of. */
const MAX_FILES = 100;

/** Keys that a file has for itself and does not hand on to those that extend it. */
const OWN_KEYS = ["name", "about"];

/** A spec and what it extends. */
export interface Composed {
  /** The merged mapping; undefined when a file's faults leave nothing to check. */
  readonly root: MapNode | undefined;
  /** Every file as it is written: the spec itself, then those that it extends. */
  readonly files: readonly TextFile[];
}

/**
 * Reads a spec and what it extends.
 *
 * @throws ExperimentError "experiment/not-found" when there is no such file,
 *   "experiment/too-large" when it is not to be read
 */
export async function composeSpec(path: string, faults: FaultList): Promise<Composed> {
  const composer = new Composer(faults);
  const root = await composer.file(path, await readSpec(path), []);
  return { root, files: composer.files };
}

/** Merges two trees; where both say something, `over` wins. */
function mergeNodes(under: SpecNode, over: SpecNode): SpecNode {
  return merge(under, over, 0);
}

class Composer {
  readonly files: TextFile[] = [];
  readonly #faults: FaultList;
  readonly #done = new Map<string, MapNode | undefined>();

  constructor(faults: FaultList) {
    this.#faults = faults;
  }

  async file(path: string, text: string, above: readonly string[]): Promise<MapNode | undefined> {
    this.files.push({ file: path, text });
    const own = this.#parse(path, text);
    if (own === undefined) return undefined;
    const bases = this.#bases(own);
    let composed: SpecNode | undefined;
    let isWhole = true;
    for (const base of bases) {
      const node = await this.#base(path, base, [...above, path]);
      if (node === undefined) isWhole = false;
      else composed = composed === undefined ? node : mergeNodes(composed, node);
    }
    if (!isWhole) return undefined;
    const entries = new Map(own.entries);
    entries.delete("extends");
    const rest: MapNode = { ...own, entries };
    return composed === undefined ? rest : mergeNodes(composed, rest) as MapNode;
  }

  async #base(
    from: string,
    base: { readonly path: string; readonly at: SourcePosition },
    above: readonly string[],
  ): Promise<MapNode | undefined> {
    const path = relativeTo(from, base.path);
    const id = resolve(path);
    const start = above.findIndex((each) => resolve(each) === id);
    if (start >= 0) {
      const circle = [...above.slice(start), path].join(" -> ");
      this.#faults.add("experiment/cycle", `files extend each other in a circle: ${circle}`, {
        at: base.at,
        mend: "remove one of these extends",
      });
      return undefined;
    }
    if (!this.#done.has(id) && this.files.length >= MAX_FILES) {
      this.#faults.add("experiment/too-large", `this extends more than ${MAX_FILES - 1} files`, {
        at: base.at,
        mend: "write what the files of the chain say into fewer of them",
      });
      return undefined;
    }
    if (!this.#done.has(id)) this.#done.set(id, await this.#read(path, base.at, above));
    return this.#done.get(id);
  }

  async #read(
    path: string,
    at: SourcePosition,
    above: readonly string[],
  ): Promise<MapNode | undefined> {
    let text: string;
    try {
      text = await readSpec(path);
    } catch (error) {
      if (!(error instanceof ExperimentError)) throw error;
      const [first] = error.faults;
      this.#faults.add(first.code, first.message, { at: first.at ?? at, mend: first.mend ?? "" });
      return undefined;
    }
    const composed = await this.file(path, text, above);
    if (composed === undefined) return undefined;
    const entries = new Map(composed.entries);
    for (const key of OWN_KEYS) entries.delete(key);
    return { ...composed, entries };
  }

  #parse(file: string, text: string): MapNode | undefined {
    const node = parseYaml(text, { file, faults: this.#faults });
    if (node?.type === "map") return node;
    if (node?.type !== "broken") {
      this.#faults.add(
        "experiment/yaml",
        node === undefined ? "this experiment is empty" : "an experiment is a mapping",
        {
          at: node?.at ?? { file, line: 1, column: 1 },
          mend: "write stages: with at least one stage",
        },
      );
    }
    return undefined;
  }

  #bases(own: MapNode): readonly { path: string; at: SourcePosition }[] {
    const entry = own.entries.get("extends");
    if (entry === undefined) return [];
    const broken: (string | number)[][] = [];
    checkValue({
      schema: extendsForm,
      root: entry.value,
      value: plainOf(entry.value, broken),
      broken,
      ownerAt: entry.keyAt,
      label: "extends",
      faults: this.#faults,
    });
    const items = entry.value.type === "list" ? entry.value.items : [entry.value];
    return items.flatMap((item) =>
      item.type === "scalar" && typeof item.value === "string" && item.value !== ""
        ? [{ path: item.value, at: item.at }]
        : []
    );
  }
}

function merge(under: SpecNode, over: SpecNode, depth: number): SpecNode {
  if (under.type !== "map" || over.type !== "map") return over;
  const entries = new Map<string, MapEntry>(under.entries);
  for (const [key, entry] of over.entries) {
    const below = under.entries.get(key);
    const value = below === undefined
      ? entry.value
      : depth === 0 && key === "stages"
      ? mergeStages(below.value, entry.value)
      : merge(below.value, entry.value, depth + 1);
    entries.set(key, { keyAt: entry.keyAt, value });
  }
  return { type: "map", at: over.at, entries };
}

function mergeStages(under: SpecNode, over: SpecNode): SpecNode {
  if (under.type !== "map" || over.type !== "map") return over;
  const entries = new Map<string, MapEntry>(under.entries);
  for (const [name, entry] of over.entries) {
    const below = under.entries.get(name)?.value;
    const isReplaced = below === undefined || usesOf(entry.value) !== undefined &&
        usesOf(entry.value) !== usesOf(below);
    const value = isReplaced ? entry.value : merge(below, entry.value, 2);
    entries.set(name, { keyAt: entry.keyAt, value });
  }
  return { type: "map", at: over.at, entries };
}

function usesOf(stage: SpecNode): unknown {
  const uses = stage.type === "map" ? stage.entries.get("uses")?.value : undefined;
  return uses?.type === "scalar" ? uses.value : undefined;
}

/** A path that a file names, relative to that file, as it is best shown. */
function relativeTo(from: string, path: string): string {
  return path.startsWith("/") ? path : normalize(join(dirname(from), path));
}

async function readSpec(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    // A pipe or a device may never end, and would not say the same again.
    if (!isFile && !isDirectory) {
      throw new ExperimentError("experiment/not-found", `experiment ${path} is no regular file`, {
        mend: "give the path of a YAML file",
      });
    }
    if (size > MAX_BYTES) {
      throw new ExperimentError("experiment/too-large", `experiment ${path} has ${size} bytes`, {
        mend: `give a YAML file of at most ${MAX_BYTES} bytes`,
      });
    }
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof ExperimentError || !(error instanceof Error)) throw error;
    throw await unreadable(path, error);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ExperimentError("experiment/not-found", `experiment ${path} is not UTF-8 text`, {
      at: { file: path },
      mend: "save the file as UTF-8",
      cause,
    });
  }
}

/** The error of a spec that cannot be read, with the specs that are near it. */
async function unreadable(path: string, cause: Error): Promise<ExperimentError> {
  const isMissing = cause instanceof Deno.errors.NotFound ||
    cause instanceof Deno.errors.NotADirectory;
  const isFolder = cause instanceof Deno.errors.IsADirectory ||
    (cause as { code?: string }).code === "EISDIR";
  const what = isMissing
    ? `is not there${startOf(path)}`
    : isFolder
    ? "is a folder"
    : "cannot be read";
  const folder = isFolder ? path : dirname(path);
  const specs = [...await specsIn(folder), ...await specsIn("experiments")];
  // Of equal names, the one in the folder that was meant.
  const byName = new Map(
    specs.toReversed().map((each) => [basename(each).replace(/\.ya?ml$/, ""), each]),
  );
  const near = nearestName(basename(path).replace(/\.ya?ml$/, ""), byName.keys());
  const mend = startsAtHome(path)
    ? HOME_MEND
    : near !== undefined && !isFolder
    ? `write ${byName.get(near)}`
    : specs.length > 0
    ? `write one of ${listOf([...new Set(specs)])}`
    : "give the path of a YAML file";
  return new ExperimentError("experiment/not-found", `experiment ${path} ${what}`, {
    mend: isMissing || isFolder
      ? mend
      : cause instanceof Deno.errors.FilesystemLoop
      ? "give the path of a YAML file: this is a link that leads back to itself"
      : "give yourself the right to read it",
    cause,
  });
}

/** The folder that a relative path starts from: `deno task` makes it that of the project. */
function startOf(path: string): string {
  return isAbsolute(path) ? "" : `, looked for in ${Deno.cwd()}`;
}

async function specsIn(folder: string): Promise<readonly string[]> {
  const paths: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.isFile && /\.ya?ml$/.test(entry.name)) paths.push(join(folder, entry.name));
    }
  } catch {
    return []; // no such folder, or no right to look into it: nothing to suggest
  }
  return paths.sort(compareText);
}
