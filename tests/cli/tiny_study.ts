/**
 * A study small enough for tests, and the real command line to run it with: a
 * folder of its own with text, tagged sentences and a spec; processes that are
 * started as a user's would be.
 */
import { removeFolder } from "../_support/temp_dir.ts";
import { type Finished, finished, titrate } from "../_support/titrate.ts";

/** The line that `run --json` prints. */
export interface RunLine {
  readonly experiment: string;
  readonly run: string;
  readonly tasks: { total: number; cached: number; ran: number; failed: number };
  readonly elapsedMs: number;
  readonly variant?: string;
  readonly answer: { readonly question: string; readonly sentences: readonly string[] };
  readonly scores: readonly RunScore[];
  readonly fits: readonly { fit: string; points: number; parameters?: object }[];
  readonly warnings: readonly string[];
}

/** A score in that line. */
export interface RunScore {
  readonly key: string;
  readonly stage: string;
  readonly axes: Record<string, unknown>;
  readonly benchmark: string;
  readonly metric: string;
  readonly split: string;
  readonly value: number | null;
  readonly facts: Record<string, number | undefined>;
}

/** Lines of the params of a training that is short. */
export const SMALL_TRAINING = `      rowPieces: 16
      rows: 4
      schedule: { kind: constant, learningRate: 1e-3 }
      evaluation: { rows: 4 }
`;

/** The spec: four trainings on two trajectories, scored on named entities. */
export const SPEC = `about: a study for tests
axes:
  steps: [2, 4]
  seed: [1, 2]
stages:
  text:
    uses: corpus
    with:
      sources: [{ format: lines, path: text.txt }]
      validation: { fraction: 0.2 }
  vocab:
    uses: vocab
    with: { corpora: [$(stages.text)], size: 200 }
  shards:
    uses: shards
    with: { corpus: $(stages.text), vocab: $(stages.vocab) }
  entities:
    uses: conll
    with: { train: [train.tsv], dev: [dev.tsv], test: [test.tsv] }
  pretrain:
    uses: pretrain
    with:
      corpus: $(stages.shards)
      model: { layers: 1, hiddenSize: 16, heads: 2, positions: 32 }
      steps: $(axis.steps)
${SMALL_TRAINING}      seed: $(axis.seed)
  ner:
    uses: ner
    with:
      model: $(stages.pretrain)
      data: $(stages.entities)
      steps: 2
      length: 32
      seed: $(axis.seed)
`;

/** Tasks of `SPEC`: text, vocab, shards, entities, 4 trainings, 4 fine-tunings. */
export const TASKS = 12;

/** A folder with the study in it; disposed of at the end of a test. */
export class TinyStudy implements AsyncDisposable {
  private constructor(readonly dir: string) {}

  static async make(): Promise<TinyStudy> {
    const study = new TinyStudy(await Deno.makeTempDir({ prefix: "titrate-study-" }));
    const names = ["alpha", "beta", "gamma", "delta", "omega"];
    const documents = Array.from({ length: 60 }, (_, i) => {
      const [a, b] = [names[i % 5]!, names[(i * 3 + 1) % 5]!];
      return `The ${a} ${i} binds ${b} in cells .\nIt was seen ${i * 7} times with ${a} there .\n`;
    });
    await study.write("text.txt", documents.join("\n"));
    for (const [part, count] of [["train", 8], ["dev", 4], ["test", 4]] as const) {
      const sentences = Array.from(
        { length: count },
        (_, i) => `The\tO\n${names[i % 5]}\tB\n${names[(i + 1) % 5]}\tI\nbinds\tO\n${part}\tO\n`,
      );
      await study.write(`${part}.tsv`, sentences.join("\n"));
    }
    await study.write("study.yaml", SPEC);
    return study;
  }

  path(name: string): string {
    return `${this.dir}/${name}`;
  }

  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(this.path(name), text);
  }

  /** Replaces a text in the spec, which must be there. */
  async edit(from: string, to: string): Promise<void> {
    const before = await Deno.readTextFile(this.path("study.yaml"));
    if (!before.includes(from)) throw new Error(`the spec has no "${from}"`);
    await this.write("study.yaml", before.replace(from, to));
  }

  /** Starts a command without waiting for it. */
  start(...args: string[]): Deno.ChildProcess {
    return titrate(args, { cwd: this.dir }).spawn();
  }

  /** Runs a command to its end. */
  async call(...args: string[]): Promise<Finished> {
    return await finished(this.start(...args));
  }

  /** Runs the study and returns what it says of itself; fails if it does not end well. */
  async run(...args: string[]): Promise<RunLine> {
    const { code, stdout, stderr } = await this.call("run", "study.yaml", "--json", ...args);
    if (code !== 0) throw new Error(`exit code ${code}\n${stderr}`);
    return JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
  }

  /** The rows of a query. */
  // deno-lint-ignore no-explicit-any -- rows of any query
  async sql(text: string): Promise<any[]> {
    const { code, stdout, stderr } = await this.call("sql", text, "--format", "json");
    if (code !== 0) throw new Error(`exit code ${code}\n${stderr}`);
    return JSON.parse(stdout);
  }

  /** Digests of weights, moments and measurements of the one pre-training of so many steps. */
  async weights(steps: number): Promise<unknown> {
    const [{ key }] = await this.sql(
      `SELECT key FROM cells WHERE stage = 'pretrain' AND (axes->>'steps') = '${steps}'`,
    );
    const record = this.path(`results/store/objects/${key.slice(0, 2)}/${key}/artifact.json`);
    const { files } = JSON.parse(await Deno.readTextFile(record));
    return files.filter(({ path }: { path: string }) => /safetensors|measurements/.test(path))
      .map(({ path, sha256 }: { path: string; sha256: string }) => ({ path, sha256 }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    removeFolder(this.dir);
    return Promise.resolve();
  }
}

/** Copies a folder with all that is in it. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
