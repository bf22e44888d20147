/** Keys, artifacts and child processes that the tests of the store share. */
import type { JsonObject } from "../../lib/base/canonical.ts";
import { ArtifactStore } from "../../lib/store/objects/artifacts.ts";
import type { ArtifactRecord, NewArtifact } from "../../lib/store/objects/record.ts";
import { Recorder, type RecorderOptions } from "../../lib/store/database/recorder.ts";
import type { RunStart } from "../../lib/store/database/rows.ts";
import { type ResultsFolder, resultsFolder } from "../../lib/store/results_folder.ts";
import { TempDir } from "../_support/temp_dir.ts";

/** A key: the number as 64 hexadecimal digits. */
export function keyOf(number: number): string {
  return number.toString(16).padStart(64, "0");
}

/** What a task says of its artifact. */
export function newArtifact(changes: Partial<NewArtifact> = {}): NewArtifact {
  return {
    kind: "pretrain",
    version: 2,
    params: { preset: "bert-pico", schedule: { warmup: 10, form: "constant" }, sizes: [1, 2] },
    inputs: { vocab: [{ key: keyOf(77), output: "" }] },
    outcome: {
      facts: { steps: 100, uniqueTokens: 4000, seenTokens: 8000, epochs: 2, flops: 1.5e12 },
      scores: [{ benchmark: "mlm", metric: "lossNats", split: "validation", value: 5.25 }],
    },
    code: "c0de",
    device: "cpu",
    startedAt: "2026-01-02T03:04:05.678Z",
    elapsedMs: 1234.5,
    ...changes,
  };
}

/** A store in a new folder, and the warnings it gave. */
export async function emptyStore(): Promise<
  { store: ArtifactStore; root: string; warnings: string[] } & Disposable
> {
  const folder = new TempDir();
  const root = `${folder.path}/store`;
  const warnings: string[] = [];
  const store = await ArtifactStore.open(root, { onWarning: (text) => warnings.push(text) });
  return { store, root, warnings, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** A folder of results without anything in it. */
export async function emptyResults(): Promise<
  {
    folder: ResultsFolder;
    path: string;
    store: ArtifactStore;
    warnings: string[];
    open: (options?: Partial<RecorderOptions>) => Recorder;
  } & Disposable
> {
  const temp = new TempDir();
  const folder = resultsFolder(temp.path);
  const warnings: string[] = [];
  const onWarning = (text: string) => warnings.push(text);
  const store = await ArtifactStore.open(folder.store, { onWarning });
  return {
    folder,
    path: folder.database,
    store,
    warnings,
    open: (options) => Recorder.open(folder, { store, onWarning, ...options }),
    [Symbol.dispose]: () => temp[Symbol.dispose](),
  };
}

/** Commits an artifact of the given files, contents by path. */
export async function commit(
  store: ArtifactStore,
  key: string,
  { files = { "model.bin": "weights" }, ...changes }:
    & Partial<NewArtifact>
    & { files?: Record<string, string> } = {},
): Promise<ArtifactRecord> {
  await using attempt = await store.begin(key);
  for (const [path, content] of Object.entries(files)) {
    const full = `${attempt.outDir}/${path}`;
    await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(full, content);
  }
  return await attempt.commit(newArtifact(changes));
}

/** A cell of a study that is recorded, with what its task says. */
export interface StudyCell {
  readonly stage: string;
  readonly axes: JsonObject & { readonly seed?: number };
  readonly kind: string;
  readonly outcome: NewArtifact["outcome"];
}

/** Records a study "e" of one run, its cells in their order at keys from 1 on; its recorder is open. */
export async function recordStudy(
  cells: readonly StudyCell[],
  metrics: RunStart["metrics"],
): Promise<{ results: Awaited<ReturnType<typeof emptyResults>>; recorder: Recorder }> {
  const results = await emptyResults();
  const recorder = results.open();
  recorder.beginRun({
    run: "r1",
    experiment: "e",
    file: "e.yaml",
    files: [],
    startedAt: "2026-01-02T03:04:05Z",
    metrics,
  });
  const rows = cells.map(({ stage, axes }, place) => (
    { stage, axes, seed: axes.seed, key: keyOf(place + 1), place }
  ));
  for (const [i, { kind, outcome }] of cells.entries()) {
    await commit(results.store, rows[i]!.key, { kind, outcome });
  }
  recorder.recordCached(rows.map(({ key }) => key));
  recorder.recordCells("e", { cells: rows, replace: true });
  return { results, recorder };
}

/** The names in a folder, sorted; none where it is missing. */
export function namesIn(dir: string): string[] {
  try {
    return Array.from(Deno.readDirSync(dir), (entry) => entry.name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** A child process running one of the modes of `child_process.ts`. */
export class Child {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(...args: string[]) {
    const script = new URL("child_process.ts", import.meta.url).pathname;
    this.#process = new Deno.Command("deno", {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        "--allow-read",
        "--allow-write",
        "--allow-env",
        "--allow-ffi",
        "--allow-sys",
        "--allow-run",
        script,
        ...args,
      ],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line that it prints; undefined when it has ended. */
  async line(): Promise<string | undefined> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) return undefined;
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  /** Kills it as the kernel does when memory runs out. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended();
  }

  /** Waits for its end; returns its exit code. */
  async ended(): Promise<number> {
    while (await this.line() !== undefined);
    return (await this.#process.status).code;
  }
}
