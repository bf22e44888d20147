/** A store in a temporary folder, workers of the test kinds, and jobs for them. */
import type { JsonObject } from "../../lib/base/canonical.ts";
import { grant } from "../../lib/base/rights.ts";
import { sha256 } from "../../lib/base/digest.ts";
import type { Job } from "../../lib/executor/executor.ts";
import { LocalExecutor } from "../../lib/executor/local/local_executor.ts";
import type { InputRef } from "../../lib/graph/task.ts";
import { ArtifactStore } from "../../lib/store/objects/artifacts.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { kinds } from "./fixtures/kinds.ts";

/** How workers are started in tests: writing is allowed below the temporary folder. */
export const workerOptions = {
  worker: new URL("./fixtures/worker.ts", import.meta.url),
  grant: grant({ write: temporaryRoot(), env: ["*"], ffi: true }),
};

function temporaryRoot(): string {
  const file = Deno.makeTempFileSync();
  Deno.removeSync(file);
  return file.slice(0, file.lastIndexOf("/"));
}

/** The name of a key in tests: any text, hashed. */
export function keyOf(name: string): string {
  return sha256(name);
}

/** A job for a test kind; params get their defaults, inputs are keys' names by role. */
export function jobOf(
  name: string,
  kind: string,
  { params = {}, inputs = {}, start }: {
    readonly params?: JsonObject;
    readonly inputs?: Readonly<Record<string, readonly InputRef[]>>;
    readonly start?: { readonly key: string; readonly step: number };
  } = {},
): Job {
  const schema = kinds.find((each) => each.kind === kind)!.params;
  return {
    key: keyOf(name),
    kind,
    version: 1,
    params: schema.parse(params) as JsonObject,
    inputs,
    ...(start === undefined ? {} : { start }),
    device: "none",
    numerics: { engine: "none", precision: "float64" },
    code: "code",
  };
}

/** What a test works with. */
export interface Bench {
  readonly dir: string;
  readonly store: ArtifactStore;
  readonly executor: LocalExecutor;
}

/** Gives a test a store and an executor, and takes them away again. */
export async function withExecutor(
  { slots = 2, graceMs = 10_000 }: { readonly slots?: number; readonly graceMs?: number },
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  using folder = new TempDir();
  const dir = folder.path;
  const store = await ArtifactStore.open(`${dir}/store`);
  await using executor = new LocalExecutor({ ...workerOptions, slots, graceMs, store });
  await work({ dir, store, executor });
}

/** The number in a test kind's artifact. */
export async function valueOf(store: ArtifactStore, name: string): Promise<number> {
  return Number(await Deno.readTextFile(`${store.dirOf(keyOf(name))}/value.txt`));
}

/** The lines of a file; none if it is not there. */
export async function linesOf(path: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(path)).split("\n").slice(0, -1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
