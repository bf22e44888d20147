import assert from "node:assert/strict";
import { join } from "node:path";
import { factoidBenchmark } from "../../../lib/benchmarks/bioasq_factoid/factoid.ts";
import { squadBenchmark } from "../../../lib/benchmarks/squad/squad.ts";
import { Stream } from "../../../lib/base/rng.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import { questions } from "../../../lib/tasks/questions.ts";
import { assertFault } from "../../_support/fault.ts";
import { countsOf, makeDir, runKind } from "../made_inputs.ts";
import { makeUntrainedModel } from "./untrained_model.ts";

const MODEL = await makeUntrainedModel();

const dir = { path: makeDir() };

function write(name: string, content: object): string {
  Deno.writeTextFileSync(join(dir.path, name), JSON.stringify(content));
  return join(dir.path, name);
}

/** A file of contexts of which the word that ends in x is the answer. */
function file(
  name: string,
  { count, hasAnswers = true, shift = 0 }: { count: number; hasAnswers?: boolean; shift?: number },
) {
  const draws = new Stream(1, name);
  const paragraphs = Array.from({ length: count }, (_, i) => {
    const words = Array.from({ length: 8 }, () => "abcdefghijklmnop"[draws.below(16)]!);
    const place = draws.below(8);
    words[place] += "x";
    const answers = [{ text: words[place], answer_start: 2 * place + (i === 0 ? shift : 0) }];
    const id = `${String(i).padStart(24, "0")}_001`;
    const qas = [{ id, question: "a", ...(hasAnswers ? { answers } : {}) }];
    return { context: words.join(" "), qas };
  });
  return write(name, { version: "1.1", data: [{ title: "t", paragraphs }] });
}

/** An answer of a list of the best. */
interface Best {
  readonly text: string;
  readonly start_logit: number;
  readonly end_logit: number;
}

const TRAIN = file("train", { count: 200, shift: 1 });
const DEV = file("dev", { count: 30 }), TEST = file("test", { count: 60 });
const PARAMS = { rows: 20, length: 16, steps: 150, learningRate: 5e-3, dropout: 0, stride: 4 };

Deno.test("squad learns where answers stand, over windows, and leaves predictions by id", async () => {
  const data = await runKind(questions, {
    params: { train: [TRAIN], dev: [DEV], test: [TEST] },
  });
  const warnings = data.events.flatMap((each) => each.type === "warning" ? each.message : []);
  assert.deepEqual(warnings, ["1 of 200 train answers was found near a wrong offset"]);
  const { outcome, artifact, events } = await runKind(finetuning(squadBenchmark), {
    params: { ...PARAMS, length: 12 },
    inputs: { model: [MODEL], data: [data.artifact] },
  });
  const scores = outcome.scores.filter(({ split }) => split === "test");
  assert.deepEqual(scores.map(({ metric }) => metric), ["exactMatch", "f1"]);
  for (const { value, standardError } of scores) {
    assert(value > 0.8 && standardError! < 0.1, `${value}`);
  }
  const said = JSON.parse(Deno.readTextFileSync(`${artifact.dir}/test.predictions.json`));
  assert.equal(Object.keys(said).length, 60);
  const { test } = JSON.parse(Deno.readTextFileSync(`${artifact.dir}/scores.json`));
  assert.equal(test.exact_match / 100, scores[0]!.value);
  assert.equal(test.f1 / 100, scores[1]!.value);
  assert.deepEqual(countsOf(events, "test"), {
    support: 60,
    exactMatches: Math.round(scores[0]!.value * 60),
    unanswered: 0,
  });
  const best = JSON.parse(Deno.readTextFileSync(`${artifact.dir}/test.nbest_predictions.json`));
  for (const [id, answers] of Object.entries<{ text: string; probability: number }[]>(best)) {
    assert.equal(answers[0]!.text, said[id]);
    const sum = answers.reduce((total, { probability }) => total + probability, 0);
    assert(Math.abs(sum - 1) < 1e-9);
  }
});

Deno.test("bioasq-factoid scores golden questions and leaves what one hands in", async () => {
  const unanswered = file("unanswered", { count: 60, hasAnswers: false });
  const { paragraphs } = JSON.parse(Deno.readTextFileSync(unanswered)).data[0];
  const gold = paragraphs.map(({ context, qas }: { context: string; qas: { id: string }[] }) => ({
    id: qas[0]!.id.slice(0, 24),
    type: "factoid",
    exact_answer: [[/[a-p]x/.exec(context)![0].toUpperCase(), "other"]],
  }));
  gold.push({ id: "absent", type: "factoid", exact_answer: [["a"]] });
  const data = await runKind(questions, {
    params: {
      train: [TRAIN],
      dev: [DEV],
      test: [unanswered],
      golden: { test: [write("golden.json", { questions: gold })] },
    },
  });
  const { outcome, artifact, events } = await runKind(finetuning(factoidBenchmark), {
    params: PARAMS,
    inputs: { model: [MODEL], data: [data.artifact] },
  });
  const [strict, lenient, mrr] = outcome.scores.filter(({ split }) => split === "test");
  assert(strict!.value > 0.8 && strict!.value <= mrr!.value && mrr!.value <= lenient!.value);
  assert(lenient!.value <= 60 / 61);
  const { questions: handed } = JSON.parse(
    Deno.readTextFileSync(`${artifact.dir}/test.predictions.json`),
  );
  assert.equal(handed.length, 61);
  assert.deepEqual(handed[60], {
    id: "absent",
    type: "factoid",
    exact_answer: [],
    ideal_answer: "",
  });
  const { test } = JSON.parse(Deno.readTextFileSync(`${artifact.dir}/scores.json`));
  assert.equal(test.passages, 60);
  assert.deepEqual(countsOf(events, "test"), {
    support: 61,
    strictRight: Math.round(strict!.value * 61),
    lenientRight: Math.round(lenient!.value * 61),
    unanswered: 1,
    // The golden question without passages.
    outsidePassages: 1,
  });
  const best = JSON.parse(
    Deno.readTextFileSync(`${artifact.dir}/test.nbest_predictions.json`),
  );
  const [first] = best["0".repeat(24) + "_001"];
  assert.deepEqual(Object.keys(first), ["text", "probability", "start_logit", "end_logit"]);
  // SQuAD's script cannot score questions without answers.
  await assertFault(
    () =>
      runKind(finetuning(squadBenchmark), {
        params: PARAMS,
        inputs: { model: [MODEL], data: [data.artifact] },
      }),
    {
      text: "60 test questions have no answer to be scored by, the first is " +
        "000000000000000000000000_001 [benchmarks/no-answers]\n  mend: give files with answers, " +
        'write form: "2.0", or score BioASQ with bioasq-factoid',
    },
  );
});

Deno.test("questions counts and tells empty questions, and golden ones that nothing is right to", async () => {
  const empty = file("empty", { count: 3 }), text = Deno.readTextFileSync(empty);
  Deno.writeTextFileSync(empty, text.replace('"question":"a"', '"question":" "'));
  const golden = ["a", "", [[" "]], undefined].map((exact_answer, i) => (
    { id: `g${i}`, type: "factoid", exact_answer }
  ));
  const { events } = await runKind(questions, {
    params: {
      train: [TRAIN],
      dev: [DEV],
      test: [empty],
      golden: { test: [write("golden_empty.json", { questions: golden })] },
    },
  });
  const warnings = events.flatMap((each) => each.type === "warning" ? each.message : []);
  assert.deepEqual(warnings.slice(1), [
    "1 of 3 test questions stays in the score as it is: empty question",
    "3 of 4 test questions of golden files have no answer there: they are in the score as wrong",
  ]);
  const counts = countsOf(events, "test");
  assert.deepEqual(
    [counts["rejected/empty question"], counts["unanswerable"]],
    [1, 3],
  );
});

Deno.test("squad of form 2.0 gives no answer where none is likelier, and tells its odds", async () => {
  const data = await runKind(questions, {
    params: { train: [TRAIN], dev: [DEV], test: [TEST] },
  });
  const { artifact, events } = await runKind(finetuning(squadBenchmark), {
    params: { ...PARAMS, steps: 2, form: "2.0", nullThreshold: -1000 },
    inputs: { model: [MODEL], data: [data.artifact] },
  });
  const said = JSON.parse(Deno.readTextFileSync(`${artifact.dir}/test.predictions.json`));
  assert(Object.values(said).every((text) => text === ""));
  const { test } = JSON.parse(Deno.readTextFileSync(`${artifact.dir}/scores.json`));
  assert.equal(test.exact, 0);
  const odds: Record<string, number> = JSON.parse(
    Deno.readTextFileSync(`${artifact.dir}/test.null_odds.json`),
  );
  const best = JSON.parse(Deno.readTextFileSync(`${artifact.dir}/test.nbest_predictions.json`));
  assert.equal(Object.keys(odds).length, 60);
  for (const [id, answers] of Object.entries<Best[]>(best)) {
    const scoreOf = ({ start_logit, end_logit }: Best) => start_logit + end_logit;
    const none = answers.find(({ text }) => text === "")!;
    const said = answers.find(({ text }) => text !== "")!;
    assert.equal(odds[id], scoreOf(none) - scoreOf(said));
  }
  const counts = countsOf(events, "test");
  assert.equal(counts["unanswered/answerable"], 60);
  assert.equal(counts["support/unanswerable"], 0);
});

Deno.test("squad says that no question can be learned where every answer is off", async () => {
  const odd = file("odd", { count: 3 }), text = Deno.readTextFileSync(odd);
  Deno.writeTextFileSync(odd, text.replaceAll(/"text":"[^"]*"/g, '"text":"zzz"'));
  const data = await runKind(questions, { params: { train: [odd], dev: [DEV], test: [TEST] } });
  assert.deepEqual(countsOf(data.events, "train"), {
    questions: 3,
    impossible: 0,
    repaired: 0,
    rejected: 3,
    "rejected/the answer does not stand near its offset": 3,
  });
  await assertFault(
    () =>
      runKind(finetuning(squadBenchmark), {
        params: PARAMS,
        inputs: { model: [MODEL], data: [data.artifact] },
      }),
    {
      text: "there are no questions to train on [tasks/no-examples]\n  mend: give the data's " +
        "train part such as can be learned; its warnings say what became of them",
    },
  );
});
