/** Loads specs from text in the tests of `experiment/`. */
import { join } from "node:path";
import { ExperimentError, type Fault, formatFault } from "../../lib/base/errors.ts";
import {
  type Experiment,
  loadExperiment,
  type LoadOptions,
} from "../../lib/experiment/experiment.ts";
import { FaultList } from "../../lib/experiment/check/fault_list.ts";
import { composeSpec } from "../../lib/experiment/yaml/compose.ts";
import { plainOf } from "../../lib/experiment/yaml/node.ts";
import { applyOverrides } from "../../lib/experiment/yaml/overrides.ts";
import { kinds } from "./_kinds.ts";
import { TempDir } from "../_support/temp_dir.ts";

/** Files by name; a lone text is `spec.yaml`. */
export type SpecFiles = string | Readonly<Record<string, string>>;

/** Options of a load; the kinds are the tests' own if absent, the environment is empty. */
export type TestOptions = Partial<LoadOptions>;

/** The stages that most specs of the tests begin with. */
export const STAGES = `stages:
  world: { uses: imaginary-world }
  vocab: { uses: words, with: { corpora: $(stages.world.general), size: 1000 } }
  shards: { uses: pieces, with: { corpus: $(stages.world.domain), vocab: $(stages.vocab) } }
`;

/** Loads the first of some files. */
export async function load(files: SpecFiles, options: TestOptions = {}): Promise<Experiment> {
  return await inFolder(files, (path) => loadExperiment(path, { kinds, env: {}, ...options }));
}

/** What the first of some files says with all that it extends and is overridden. */
// deno-lint-ignore no-explicit-any -- a spec of any form
export async function merged(files: SpecFiles, set: readonly string[] = []): Promise<any> {
  const faults = new FaultList();
  return await inFolder(files, async (path) => {
    const { root } = await composeSpec(path, faults);
    const tree = plainOf(applyOverrides(root!, set, faults));
    faults.throwIfAny(path);
    return tree;
  });
}

/** All faults of a spec as they are shown, without the temporary folder. */
export async function faultsOf(files: SpecFiles, options: TestOptions = {}): Promise<string> {
  let folder = "";
  try {
    await inFolder(files, (path) => {
      folder = path.slice(0, path.lastIndexOf("/") + 1);
      return loadExperiment(path, { kinds, env: {}, ...options });
    });
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    return shown(error.faults, folder);
  }
  return "";
}

/** Faults as they are shown, without a folder's name. */
export function shown(faults: readonly Fault[], folder = ""): string {
  const text = faults.map(formatFault).join("\n");
  return folder === "" ? text : text.replaceAll(folder, "");
}

async function inFolder<T>(files: SpecFiles, use: (path: string) => Promise<T>): Promise<T> {
  using temp = new TempDir();
  const folder = temp.path;
  const byName = typeof files === "string" ? { "spec.yaml": files } : files;
  for (const [name, text] of Object.entries(byName)) {
    const path = join(folder, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
  return await use(join(folder, Object.keys(byName)[0]!));
}
