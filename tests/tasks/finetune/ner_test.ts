import assert from "node:assert/strict";
import { join } from "node:path";
import { readConll } from "../../../lib/benchmarks/ner/conll.ts";
import { nerDataArtifact } from "../../../lib/benchmarks/ner/data.ts";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { Stream } from "../../../lib/base/rng.ts";
import type { JsonObject } from "../../../lib/base/canonical.ts";
import { sha256File } from "../../../lib/base/digest.ts";
import type { StoredArtifact, TaskOutcome, UpstreamTask } from "../../../lib/graph/task.ts";
import { nerBenchmark } from "../../../lib/benchmarks/ner/ner.ts";
import { bertConfig, modelSizes, toHuggingFace } from "../../../lib/model/config.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import { testOnEachDevice } from "../../engine/each_device.ts";
import { type MadeOptions, type MadeRun, makeDir, makeRun } from "../made_inputs.ts";
import { makeUntrainedModel } from "./untrained_model.ts";

const ner = finetuning(nerBenchmark);
const ROOT = makeDir();

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
  const train = sentences("train", 60), dev = sentences("dev", 20);
  await nerDataArtifact.write(dir, { train, dev, test });
  return { key: "data", dir, facts: {} };
}

const DATA = await makeData("data");
const FACTS = { steps: 0, uniqueTokens: 7, parameters: 3, flops: 5 };

const MODEL = { ...await makeUntrainedModel(), key: "model", facts: FACTS };

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
  assert(scoreOf(made, "f1", "test") > 0.9, JSON.stringify(made.outcome.scores));
  for (const { metric, standardError } of made.outcome.scores) {
    assert(standardError! >= 0 && standardError! < 0.5, `${metric}: ${standardError}`);
  }
  // Its first piece does not tell an entity's type.
  const first = await run({ labelPiece: "first", steps: 5, epochs: undefined });
  assert(scoreOf(first, "f1", "test") < 0.9);
});

Deno.test("ner leaves scores and predictions that conlleval can read", async () => {
  const { context, outcome } = await run({ steps: 30, epochs: undefined });
  const read = (name: string) => Deno.readTextFile(join(context.outDir, name));
  const scores = JSON.parse(await read("scores.json"));
  assert.equal(scores.steps, 30);
  assert.equal(scores.test.f1, outcome.scores.at(-1)!.value);
  assert.deepEqual(Object.keys(scores.test.byType), ["X", "Y"]);
  const lines = (await read("test.predictions.conll")).split("\n");
  const gold = sentences("test", 40).flatMap(({ words, tags }) => [
    ...words.map((word, i) => `${word} ${tags[i]}`),
    "",
  ]);
  assert.deepEqual(lines.slice(0, -1).map((line) => line.replace(/ [^ ]*$/, "")), gold);
  // Its script splits at single spaces, and wants as many columns on every line.
  const columns = new Set(
    lines.filter((line) => line !== "").map((line) => line.split(" ").length),
  );
  assert.deepEqual([...columns], [3]);
});

Deno.test("ner tells training loss, counts and scores as measurements at its last step", async () => {
  const { events, outcome } = await run({ epochs: 1.5 });
  const told = events.filter((each) => each.type === "measurement");
  assert.deepEqual(told.map(({ name, split }) => `${split} ${name}`), [
    "train lossNats",
    ...["dev", "test"].flatMap((split) =>
      ["", "/X", "/Y"].flatMap((of) =>
        ["support", "truePositives", "falsePositives", "falseNegatives"].map((name) =>
          `${split} ${name}${of}`
        )
      )
    ),
    ...outcome.scores.map(({ metric, split }) => `${split} ${metric}`),
  ]);
  // 1.5 epochs of 60 sentences in rows of 10.
  assert(told.every((each) => each.step === 9));
});

Deno.test("ner gives the same bits for a seed, others for another", async () => {
  const params = { steps: 8, epochs: undefined };
  const predictions = async (seed: number) => {
    const { context } = await run({ ...params, seed });
    return await Deno.readTextFile(join(context.outDir, "test.predictions.conll"));
  };
  const first = await predictions(1);
  assert.equal(await predictions(1), first);
  assert.notEqual(await predictions(2), first);
});

testOnEachDevice("ner has nearly the training loss that it has on cpu", async (_, device) => {
  const lossOn = async (device: string) => {
    const { events } = await run({ steps: 10, epochs: undefined }, { device });
    return events.find((each) => each.type === "measurement")!.value;
  };
  const [a, b] = [await lossOn("cpu"), await lossOn(device)];
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
  const warnings = made.events.flatMap((each) => each.type === "warning" ? each.message : []);
  assert.deepEqual(warnings, [
    "11 of 42 test words, in 1 sentence, lie beyond the length of 32 pieces and count as O",
  ]);
});

Deno.test("ner splits long sentences in windows and scores every word of them", async () => {
  const words = Array.from({ length: 40 }, (_, i) => i % 8 === 7 ? "bx" : "a");
  const long = { words, tags: words.map((word) => word === "bx" ? "B-X" : "O") };
  const data = await makeData("long", [long, { words: ["cx"], tags: ["B-X"] }]);
  const made = await run({ windowContext: 5 }, { inputs: { model: [MODEL], data: [data] } });
  const warnings = made.events.flatMap((each) => each.type === "warning" ? each.message : []);
  assert.deepEqual(warnings, ["1 test sentence is longer than 32 pieces and is 2 windows"]);
  assert(scoreOf(made, "recall", "test") > 0.9);
  const text = await Deno.readTextFile(join(made.context.outDir, "test.predictions.conll"));
  assert.equal(text.split("\n").filter((line) => line !== "").length, 41);
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

Deno.test("ner writes words with spaces in them as conlleval can read them", async () => {
  const data = await makeData("spaced", [{ words: ["a b", "cx"], tags: ["O", "B-X"] }]);
  const { context } = await run({ steps: 2, epochs: undefined }, {
    inputs: { model: [MODEL], data: [data] },
  });
  const text = await Deno.readTextFile(join(context.outDir, "test.predictions.conll"));
  assert.match(text, /^a_b O \S+\ncx B-X \S+\n\n$/);
});

Deno.test("ner counts what it spent itself beside what all training before it spent", async () => {
  const { outcome } = await run({ steps: 7, epochs: undefined });
  const { ownSteps, ownTokens, ownFlops, flops, ...model } = outcome.facts;
  const { flops: before, ...rest } = FACTS;
  assert.deepEqual(model, rest);
  assert.equal(ownSteps, 7);
  assert.equal(flops, before + ownFlops!);
  // Rows of 10 sentences with 3 to 7 words of a piece or two, [CLS] and [SEP].
  assert(ownTokens! > 7 * 10 * 5 && ownTokens! < 7 * 10 * 16, `${ownTokens}`);
  // A layer's products and attention on rows of 16 pieces, then the labels' layer; thrice.
  const layer = 2 * 160 * (4 * 32 * 32 + 2 * 32 * 128) + 4 * 10 * 16 * 16 * 32;
  assert.equal(ownFlops, 7 * 3 * (layer + 2 * 160 * 32 * 3));
});

Deno.test("ner's cost is planned where steps or sentences are known", () => {
  const task = (kind: string, params: Record<string, unknown>, inputs = {}) => (
    { kind, params: params as JsonObject, inputs }
  );
  const vocab = task("vocab", { size: 100 });
  const corpus = task("shards", {}, { vocab: [vocab] });
  const model = task("pretrain", { model: { preset: "bert-pico" } }, { corpus: [corpus] });
  const estimate = (params: Record<string, unknown>, data: UpstreamTask) =>
    ner.estimate!(ner.params.parse({ rows: 10, length: 32, ...params }), {
      model: [model],
      data: [data],
    });
  const world = task("synthetic-world", { nerTrain: 60 });
  const step = 3 * 2 * (2 * 320 * (4 * 64 * 64 + 2 * 64 * 256) + 4 * 10 * 32 * 32 * 64);
  const known = { steps: 60, tokens: 60 * 320, flops: 60 * step };
  assert.deepEqual(estimate({}, world), known);
  assert.deepEqual(estimate({ steps: 60 }, task("conll", {})), known);
  assert.deepEqual(estimate({ epochs: 3 }, task("conll", { maxTrainSentences: 200 })), known);
  assert.deepEqual(estimate({}, task("conll", {})), {});
});

Deno.test("ner's cost is planned where its sentences have to be counted, and of a model in a folder", async () => {
  const dir = makeDir();
  const [plain, packed] = [join(dir, "train.tsv"), join(dir, "train.tsv.gz")];
  const text = "-DOCSTART- O\r\n\r\nA\tO\r\nb\tB\r\n \nc\tO\n\n\nd\tO";
  await Deno.writeTextFile(plain, text);
  const gzip = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(packed, gzip);
  assert.equal((await readConll(plain)).length, 3);
  const config = bertConfig({ ...modelSizes({ preset: "bert-pico" })!, vocabSize: 100 });
  const sizes = toHuggingFace(config, { padId: 0 });
  await Deno.writeTextFile(join(dir, "config.json"), JSON.stringify(sizes));
  const stepsOf = (train: string[], params: JsonObject, folder = dir) =>
    ner.estimate!(ner.params.parse({ rows: 2, length: 32, epochs: 4 }), {
      model: [{ kind: "model", params: { folder }, inputs: {} }],
      data: [{ kind: "conll", params: { train, ...params }, inputs: {} }],
    });
  assert.equal(stepsOf([plain], {}).steps, 6);
  assert.equal(stepsOf([plain, plain], {}).steps, 12);
  assert.equal(stepsOf([plain], { maxTrainSentences: 2 }).steps, 4);
  assert.equal(stepsOf([plain], { maxTrainSentences: 900 }).steps, 6);
  assert.deepEqual(stepsOf([packed], {}), {});
  assert.ok(stepsOf([plain], {}).flops! > 0);
  assert.equal(stepsOf([plain], {}, join(dir, "nowhere")).flops, undefined);
});

/** A signal that is aborted when a training has looked at it before so many steps. */
function abortedAfter(steps: number): AbortSignal {
  const { signal } = new AbortController();
  let looks = 0;
  Object.defineProperty(signal, "aborted", { get: () => ++looks > steps });
  signal.throwIfAborted = () => {
    if (looks > steps) throw new Error("stop");
  };
  return signal;
}

Deno.test("ner, killed at any step and run again, gives the bits of one run", async () => {
  const params = { steps: 9, epochs: undefined };
  const filesOf = async (dir: string) => {
    const paths = ["", "model/"].flatMap((folder) =>
      [...Deno.readDirSync(join(dir, folder))].flatMap(({ name, isFile }) =>
        isFile ? folder + name : []
      )
    );
    assert(paths.includes("model/model.safetensors"), String(paths));
    const digests = paths.map(async (path) => [path, await sha256File(join(dir, path))] as const);
    return Object.fromEntries(await Promise.all(digests));
  };
  const whole = await run(params);
  const expected = await filesOf(whole.context.outDir);
  for (const stopAt of [1, 4, 8]) {
    const { context } = await makeRun(ner, {
      params: { ...PARAMS, ...params },
      inputs: { model: [MODEL], data: [DATA] },
      signal: abortedAfter(stopAt),
    });
    await assert.rejects(ner.run(context), { message: "stop" });
    const left = [...Deno.readDirSync(context.scratchDir)].map(({ name }) => name);
    assert.deepEqual(left, [`step-${stopAt}`]);
    const resumed = await run(params, { scratchDir: context.scratchDir });
    assert.deepEqual(await filesOf(resumed.context.outDir), expected, `step ${stopAt}`);
    assert.deepEqual(resumed.outcome, whole.outcome);
  }
  for (const phase of ["predicting dev", "predicting test"]) {
    const { context, abort } = await makeRun(ner, {
      params: { ...PARAMS, ...params },
      inputs: { model: [MODEL], data: [DATA] },
      onEvent: (event) => {
        if (event.type === "progress" && event.phase === phase) abort.abort(new Error("stop"));
      },
    });
    await assert.rejects(ner.run(context), { message: "stop" }, phase);
    const [checkpoint] = [...Deno.readDirSync(context.scratchDir)].map(({ name }) => name);
    assert.match(checkpoint!, /^step-[1-9]$/, phase);
    const resumed = await run(params, { scratchDir: context.scratchDir });
    assert.deepEqual(await filesOf(resumed.context.outDir), expected, phase);
    assert.deepEqual(resumed.outcome, whole.outcome);
  }
});

Deno.test("ner tells each phase that takes time, and when it is over", async () => {
  const { events } = await run({ steps: 4, epochs: undefined });
  const phases = new Map<string, number>();
  for (const event of events) {
    if (event.type === "progress") phases.set(event.phase!, event.done / event.total);
  }
  assert.deepEqual([...phases], [
    ["loading", 1],
    ["fine-tuning", 1],
    ["predicting dev", 1],
    ["scoring dev", 1],
    ["predicting test", 1],
    ["scoring test", 1],
    ["saving", 1],
  ]);
});
