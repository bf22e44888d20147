import assert from "node:assert/strict";
import { join } from "node:path";
import { formatConll } from "../../../lib/benchmarks/ner/conll.ts";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { Stream } from "../../../lib/base/rng.ts";
import type { StoredArtifact, TaskOutcome } from "../../../lib/graph/task.ts";
import { ner } from "../../../lib/tasks/finetune/ner.ts";
import { pretrain } from "../../../lib/tasks/pretrain/kind.ts";
import { type MadeOptions, type MadeRun, makeDir, makeRun, makeShards } from "../made_inputs.ts";

const ROOT = await makeDir();

/** Sentences in which words that end in x are entities of type X, in y of type Y. */
function sentences(seed: string, count: number) {
  const draws = new Stream(1, seed);
  return Array.from({ length: count }, () => {
    const tagged = Array.from({ length: 3 + draws.below(5) }, () => {
      const stem = "abcdefghijklmnop"[draws.below(16)]!;
      return ([[stem, "O"], [`${stem}x`, "B-X"], [`${stem}y`, "B-Y"]] as const)[draws.below(3)]!;
    });
    return { words: tagged.map(([word]) => word), tags: tagged.map(([, tag]) => tag as string) };
  });
}

async function makeData(
  name: string,
  test: readonly { words: string[]; tags: string[] }[] = sentences("test", 40),
): Promise<StoredArtifact> {
  const dir = join(ROOT, name);
  await Deno.mkdir(dir);
  const parts = { train: sentences("train", 60), dev: sentences("dev", 20), test };
  for (const [split, list] of Object.entries(parts)) {
    await Deno.writeTextFile(join(dir, `${split}.tsv`), formatConll(list));
  }
  return { key: "data", dir, facts: {} };
}

const CORPUS = await makeShards(join(ROOT, "shards"), { train: 500, validation: 500 });
const DATA = await makeData("data");
const FACTS = { steps: 0, uniqueTokens: 7, parameters: 3, flops: 5 };

async function makeModel(): Promise<StoredArtifact> {
  const made = await makeRun(pretrain, {
    params: {
      model: { layers: 1, hiddenSize: 32, heads: 2, positions: 32, initializerRange: 0.1 },
      steps: 0,
      rowPieces: 16,
      schedule: { kind: "constant", learningRate: 1 },
    },
    inputs: { corpus: [CORPUS] },
  });
  await pretrain.run(made.context);
  return { key: "model", dir: made.context.outDir, facts: FACTS };
}

const MODEL = await makeModel();

const PARAMS = {
  benchmark: "made",
  epochs: 20,
  rows: 10,
  length: 32,
  learningRate: 5e-3,
  headLearningRateScale: 2,
  labelPiece: "last",
};

type Run = MadeRun & { readonly outcome: TaskOutcome };

async function run(
  params: Record<string, unknown> = {},
  more: Omit<MadeOptions, "params"> = {},
): Promise<Run> {
  const made = await makeRun(ner, {
    params: { ...PARAMS, ...params },
    inputs: { model: [MODEL], data: [DATA] },
    ...more,
  });
  return { ...made, outcome: await ner.run(made.context) };
}

const scoreOf = ({ outcome }: Run, metric: string, split: string) =>
  outcome.scores.find((each) => each.metric === metric && each.split === split)!.value;

Deno.test("ner learns entities from their last pieces and scores dev and test", async () => {
  const made = await run();
  assert.deepEqual(
    made.outcome.scores.map(({ benchmark, metric, split }) => `${benchmark} ${metric} ${split}`),
    ["dev", "test"].flatMap((split) =>
      ["precision", "recall", "f1"].map((metric) => `made ${metric} ${split}`)
    ),
  );
  assert(scoreOf(made, "f1", "test") > 90, JSON.stringify(made.outcome.scores));
  assert.deepEqual(made.outcome.facts, FACTS);
  // Its first piece does not tell an entity's type.
  const first = await run({ labelPiece: "first", steps: 5, epochs: undefined });
  assert(scoreOf(first, "f1", "test") < 90);
});

Deno.test("ner leaves scores and predictions that conlleval can read", async () => {
  const { context, outcome } = await run({ steps: 30, epochs: undefined });
  const read = (name: string) => Deno.readTextFile(join(context.outDir, name));
  const scores = JSON.parse(await read("scores.json"));
  assert.equal(scores.steps, 30);
  assert.equal(scores.test.f1, outcome.scores.at(-1)!.value);
  assert.deepEqual(Object.keys(scores.test.byType), ["X", "Y"]);
  const lines = (await read("test.predicted.tsv")).split("\n").filter((line) => line !== "");
  const gold = sentences("test", 40).flatMap(({ words, tags }) =>
    words.map((word, i) => `${word}\t${tags[i]}`)
  );
  assert.deepEqual(lines.map((line) => line.replace(/\t[^\t]*$/, "")), gold);
});

Deno.test("ner tells the training loss and the scores as measurements at its last step", async () => {
  const { events, outcome } = await run({ epochs: 1.5 });
  const told = events.filter((each) => each.type === "measurement");
  assert.deepEqual(told.map(({ name, split }) => `${split} ${name}`), [
    "train lossNats",
    ...outcome.scores.map(({ metric, split }) => `${split} ${metric}`),
  ]);
  // 1.5 epochs of 60 sentences in rows of 10.
  assert(told.every((each) => each.step === 9));
});

Deno.test("ner gives the same bits for a seed, others for another", async () => {
  const params = { steps: 8, epochs: undefined };
  const predictions = async (seed: number) => {
    const { context } = await run({ ...params, seed });
    return await Deno.readTextFile(join(context.outDir, "test.predicted.tsv"));
  };
  const first = await predictions(1);
  assert.equal(await predictions(1), first);
  assert.notEqual(await predictions(2), first);
});

Deno.test("ner on cpu and on tfjs-cpu give nearly the same training loss", async () => {
  const lossOn = async (device: string) => {
    const { events } = await run({ steps: 10, epochs: undefined }, { device });
    return events.find((each) => each.type === "measurement")!.value;
  };
  const [a, b] = [await lossOn("cpu"), await lossOn("tfjs-cpu")];
  // Ten steps of Adam at 5e-3 amplify rounding of 1e-7.
  assert(Math.abs(a - b) < 1e-3, `${a} and ${b}`);
});

Deno.test("ner counts tags that training has not, and words beyond the length, as missed", async () => {
  const words = Array.from({ length: 40 }, () => "a");
  const long = { words: [...words, "bx"], tags: [...words.map(() => "O"), "B-X"] };
  const other = { words: ["a"], tags: ["B-Z"] };
  const data = await makeData("odd", [long, other]);
  const made = await run({ steps: 2, epochs: undefined }, {
    inputs: { model: [MODEL], data: [data] },
  });
  assert.equal(scoreOf(made, "recall", "test"), 0);
  const scores = JSON.parse(await Deno.readTextFile(join(made.context.outDir, "scores.json")));
  assert.equal(scores.test.gold, 2);
});

Deno.test("ner stops when it is aborted", async () => {
  const { context, abort } = await makeRun(ner, {
    params: PARAMS,
    inputs: { model: [MODEL], data: [DATA] },
  });
  abort.abort(new Error("stop"));
  await assert.rejects(ner.run(context), { message: "stop" });
});

Deno.test("ner says what is wrong with its params and its model", async () => {
  const both = ner.check!(ner.params.parse({ ...PARAMS, steps: 3 }));
  assert.deepEqual(both.map((each) => each.message), [
    "both steps and epochs say how long to train",
  ]);
  await assert.rejects(run({ length: 64 }), (error: ExperimentError) => {
    assert.equal(error.code, "model/config");
    assert.equal(error.message, "sentences of 64 pieces do not fit a model of 32 positions");
    return true;
  });
});
