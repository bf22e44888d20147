/**
 * Runs kinds as a worker would, and makes small artifacts for those that train.
 *
 * The corpus repeats a fixed cycle of words with seeded gaps, so that a model of
 * a few thousand parameters learns something from it in a hundred steps.
 */
import type { JsonObject } from "../../lib/base/canonical.ts";
import { Stream } from "../../lib/base/rng.ts";
import type {
  InputArtifact,
  InputRole,
  InputRoles,
  StoredArtifact,
  TaskContext,
  TaskEvent,
  TaskKind,
  TaskOutcome,
} from "../../lib/graph/task.ts";
import { ShardWriter, writeShardsSummary } from "../../lib/text/pieces/shards.ts";
import { vocabArtifact } from "../../lib/text/pieces/vocab_artifact.ts";
import { TempDir } from "../_support/temp_dir.ts";

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
): Promise<StoredArtifact> {
  await Deno.mkdir(dir, { recursive: true });
  await vocabArtifact.write(dir, PIECES);
  const vocabSize = PIECES.length;
  for (const split of ["train", "validation"] as const) {
    const writer = new ShardWriter(dir, split, { vocabSize, sepId: 3 });
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
  const documents = { train: 0, validation: 0 };
  await writeShardsSummary(dir, { tokens, documents, vocabSize, bytesPerToken: 2 });
  return { key: "shards", dir, facts: {} };
}

/**
 * Writes a shards artifact of documents, each of a topic: sentences of two to five of its own four
 * words, some of two pieces. Of which topic a segment is tells mostly whether it follows another.
 *
 * @param documents how many a split has, each of `sentences` sentences
 */
export async function makeDocuments(
  dir: string,
  documents: { readonly train: number; readonly validation: number; readonly sentences?: number },
): Promise<StoredArtifact> {
  await Deno.mkdir(dir, { recursive: true });
  await vocabArtifact.write(dir, PIECES);
  const vocabSize = PIECES.length, tokens = { train: 0, validation: 0 };
  for (const split of ["train", "validation"] as const) {
    const writer = new ShardWriter(dir, split, { vocabSize, sepId: 3 });
    for (let document = 0; document < documents[split]; document++) {
      const draws = new Stream(8, `test/${split}`, document), topic = draws.below(4);
      for (let sentence = 0; sentence < (documents.sentences ?? 8); sentence++) {
        const words = Array.from({ length: 2 + draws.below(4) }, () => [
          5 + 4 * topic + draws.below(4),
          ...(draws.below(4) === 0 ? [PIECES.indexOf("##x")] : []),
        ]);
        await writer.writeSentence(Int32Array.from(words.flat()));
      }
      await writer.endDocument();
    }
    await writer.close();
    tokens[split] = writer.tokens;
  }
  const { train, validation } = documents;
  await writeShardsSummary(dir, {
    tokens,
    documents: { train, validation },
    vocabSize,
    bytesPerToken: 2,
  });
  return { key: "documents", dir, facts: {} };
}

const made = new DisposableStack();
globalThis.addEventListener("unload", () => made.dispose());

/** An empty folder that is removed when the tests of a file are done. */
export function makeDir(): string {
  return made.use(new TempDir()).path;
}

/** A run of a kind in folders of its own, its events kept. */
export interface MadeRun<P = unknown> {
  readonly context: TaskContext<P>;
  readonly events: TaskEvent[];
  readonly abort: AbortController;
}

/** An input, and what made it where a kind asks for that. */
export type MadeInput = StoredArtifact & Partial<Pick<InputArtifact, "made">>;

/** What a kind is run with; params as a spec gives them, inputs as they lie in the store. */
export interface MadeOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly inputs?: Readonly<Record<string, readonly MadeInput[]>>;
  readonly start?: StoredArtifact & { readonly step: number };
  /** Where folders for the artifact and for scratch are made; absent: the file's own. */
  readonly dir?: string;
  readonly keepsState?: boolean;
  readonly keepsModel?: boolean;
  readonly scratchDir?: string;
  readonly device?: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TaskEvent) => void;
}

/** Makes a context for a kind, as a worker would; params are parsed, so defaults are filled in. */
export async function makeRun<P, Roles extends InputRoles>(
  kind: TaskKind<P, Roles>,
  options: MadeOptions,
): Promise<MadeRun<P>> {
  const events: TaskEvent[] = [];
  const abort = new AbortController();
  const folder = (prefix: string) =>
    options.dir === undefined ? makeDir() : Deno.makeTempDir({ dir: options.dir, prefix });
  const context: TaskContext<P> = {
    params: kind.params.parse(options.params ?? {}),
    inputs: inputsOf(kind, options.inputs ?? {}),
    ...(options.start === undefined ? {} : { start: options.start }),
    keepsState: options.keepsState ?? true,
    keepsModel: options.keepsModel ?? true,
    outDir: await folder(`${kind.kind}-`),
    scratchDir: options.scratchDir ?? await folder("scratch-"),
    device: { name: options.device ?? "cpu", threads: 1 },
    emit(event) {
      events.push(event);
      options.onEvent?.(event);
    },
    signal: options.signal ?? abort.signal,
  };
  return { context, events, abort };
}

function inputsOf(kind: TaskKind, given: NonNullable<MadeOptions["inputs"]>) {
  const inputs = Object.entries<InputRole>(kind.inputs).map(([name, role]) => {
    const opened = (given[name] ?? []).map((each) => ({
      made: { kind: "made", params: {}, scores: [] },
      ...each,
      open: () => role.open!(each.dir),
    }));
    return [name, role.many === true ? opened : opened[0]];
  });
  return Object.fromEntries(inputs);
}

/** What came of running a kind. */
export interface KindRun {
  readonly artifact: StoredArtifact & Pick<InputArtifact, "made">;
  readonly outcome: TaskOutcome;
  readonly events: readonly TaskEvent[];
}

/** Runs a kind, and returns its artifact and what it told. */
export async function runKind<P, Roles extends InputRoles>(
  kind: TaskKind<P, Roles>,
  options: MadeOptions,
): Promise<KindRun> {
  const { context, events } = await makeRun(kind, options);
  const outcome = await kind.run(context as TaskContext<P, Roles>);
  const dir = context.outDir;
  const params = context.params as JsonObject, { facts, scores } = outcome;
  const made = { kind: kind.kind, params, scores };
  return { artifact: { key: dir, dir, facts, made }, outcome, events };
}

/** What was measured of a part by name, less the scores: counts, as they are recorded. */
export function countsOf(events: readonly TaskEvent[], split: string): Record<string, number> {
  const isScore =
    /^(?:f1|precision|recall|accuracy|macroF1|exactMatch|strict|lenient|mrr|lossNats)$/;
  return Object.fromEntries(
    events.flatMap((event) =>
      event.type === "measurement" && event.split === split && !isScore.test(event.name)
        ? [[event.name, event.value]]
        : []
    ),
  );
}
