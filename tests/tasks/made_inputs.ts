/**
 * Small artifacts and a task context for tests of kinds that train.
 *
 * The corpus repeats a fixed cycle of words with seeded gaps, so that a model of
 * a few thousand parameters learns something from it in a hundred steps.
 */
import { join } from "node:path";
import { Stream } from "../../lib/base/rng.ts";
import type { InputArtifact, TaskContext, TaskEvent, TaskKind } from "../../lib/graph/task.ts";
import { shardPath, ShardWriter } from "../../lib/text/pieces/shards.ts";

/** The pieces of the made vocabulary. */
export const PIECES = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  ..."abcdefghijklmnop",
  "##x",
  "##y",
] as const;

/** Writes a shards artifact whose streams have as many tokens as asked for. */
export async function makeShards(
  dir: string,
  tokens: { readonly train: number; readonly validation: number },
): Promise<InputArtifact> {
  await Deno.mkdir(dir, { recursive: true });
  await Deno.writeTextFile(join(dir, "vocab.txt"), PIECES.map((each) => `${each}\n`).join(""));
  const vocabSize = PIECES.length;
  for (const split of ["train", "validation"] as const) {
    const writer = new ShardWriter(shardPath(dir, split), { vocabSize, sepId: 3 });
    const draws = new Stream(7, `test/${split}`);
    let word = 0;
    const ids = Int32Array.from({ length: tokens[split] }, () => {
      // The next of 16 words, or at times another one.
      word = draws.below(10) === 0 ? draws.below(16) : (word + 1) % 16;
      return 5 + word;
    });
    await writer.writeSentence(ids);
    await writer.close();
  }
  const summary = {
    tokens,
    documents: { train: 0, validation: 0 },
    vocabSize,
    bytesPerToken: 2,
  };
  await Deno.writeTextFile(join(dir, "shards.json"), JSON.stringify(summary));
  return { key: "shards", dir, facts: {} };
}

const madeDirs: string[] = [];
globalThis.addEventListener("unload", () => {
  for (const dir of madeDirs) Deno.removeSync(dir, { recursive: true });
});

/** An empty folder that is removed when the tests of a file are done. */
export async function makeDir(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "titrate-test-" });
  madeDirs.push(dir);
  return dir;
}

/** A run of a kind in folders of its own, its events kept. */
export interface MadeRun<P> {
  readonly context: TaskContext<P>;
  readonly events: TaskEvent[];
  readonly abort: AbortController;
}

/** Makes a context for a kind; params are parsed, so defaults are filled in. */
export async function makeRun<P>(
  kind: TaskKind<P>,
  options: {
    readonly params: Readonly<Record<string, unknown>>;
    readonly inputs: TaskContext<P>["inputs"];
    readonly start?: InputArtifact & { readonly step: number };
    readonly scratchDir?: string;
    readonly device?: string;
    readonly onEvent?: (event: TaskEvent) => void;
  },
): Promise<MadeRun<P>> {
  const events: TaskEvent[] = [];
  const abort = new AbortController();
  const context: TaskContext<P> = {
    params: kind.params.parse(options.params),
    inputs: options.inputs,
    ...(options.start === undefined ? {} : { start: options.start }),
    outDir: await makeDir(),
    scratchDir: options.scratchDir ?? await makeDir(),
    device: { name: options.device ?? "cpu", threads: 1 },
    emit(event) {
      events.push(event);
      options.onEvent?.(event);
    },
    signal: abort.signal,
  };
  return { context, events, abort };
}
