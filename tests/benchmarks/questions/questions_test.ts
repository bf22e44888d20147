import assert from "node:assert/strict";
import fc from "fast-check";
import { factoidScores } from "../../../lib/benchmarks/bioasq_factoid/evaluator.ts";
import { gatherAnswers } from "../../../lib/benchmarks/bioasq_factoid/factoid.ts";
import { questionWindows } from "../../../lib/benchmarks/questions/params.ts";
import { readGolden, readSquad } from "../../../lib/benchmarks/questions/read.ts";
import { decodeSpans, joinWindows, nullOdds } from "../../../lib/benchmarks/questions/spans.ts";
import {
  answerScore,
  normalizeAnswer,
  type SquadForm,
} from "../../../lib/benchmarks/questions/squad_score.ts";
import { windowsOf } from "../../../lib/benchmarks/questions/windows.ts";
import { WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import { DATA_DIR, testOnData } from "../../_support/data.ts";
import { assertFault } from "../../_support/fault.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import golden from "./squad_golden.json" with { type: "json" };

const letters = [..."abcdefghijklmnop", "##x", "##y", "."];
const encoder = new WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...letters]);

Deno.test("answerScore() equals SQuAD's rules in Python to the last digit on checked-in answers", () => {
  for (const { form, cases, exact, f1 } of golden) {
    let exactSum = 0, f1Sum = 0;
    for (const { predicted, answers, normalized } of cases) {
      assert.equal(normalizeAnswer(predicted), normalized);
      const score = answerScore(predicted, { answers, form: form as SquadForm });
      exactSum += score.exact;
      f1Sum += score.f1;
    }
    assert.equal(100 * exactSum / cases.length, exact);
    assert.equal(100 * f1Sum / cases.length, f1);
  }
});

Deno.test("factoidScores() counts strict, lenient and reciprocal rank by BioASQ's rules", () => {
  const questions = [
    { id: "first", synonyms: ["TNF", "tumour necrosis factor"] },
    { id: "third", synonyms: ["Aspirin"] },
    { id: "none", synonyms: ["x"] },
    { id: "absent", synonyms: ["y"] },
    { id: "inside", synonyms: ["dementia"] },
  ];
  const answers = new Map([
    ["first", ["tnf", "b"]],
    ["third", ["a", "b", "ASPIRIN", "aspirin"]],
    ["none", ["a", "b", "c", "d", "e"]],
    // Part of an answer is no answer.
    ["inside", ["severe dementia"]],
  ]);
  assert.deepEqual(factoidScores(questions, answers), [
    { strict: 1, lenient: 1, mrr: 1 },
    { strict: 0, lenient: 1, mrr: 1 / 3 },
    { strict: 0, lenient: 0, mrr: 0 },
    { strict: 0, lenient: 0, mrr: 0 },
    { strict: 0, lenient: 0, mrr: 0 },
  ]);
});

Deno.test("gatherAnswers() adds probabilities over passages, ignoring case, and drops long ones", () => {
  const found = (...answers: [string, number][]) => ({
    answers: answers.map(([text, score]) => ({ text, begin: score, last: 0 })),
  });
  const passages = [
    { id: "q", found: found(["Alpha", 2], ["beta", 1]) },
    { id: "q", found: found(["BETA", 5], ["alpha", 3]) },
    { id: "long", found: found(["x".repeat(101), 9], ["short", 1], ["y".repeat(100), 0]) },
    { id: "six", found: found(["1", 6], ["2", 5], ["3", 4], ["4", 3], ["5", 2], ["6", 1]) },
    { id: "empty", found: found() },
  ];
  const gathered = gatherAnswers(passages);
  // What is shown is the likeliest way to write it.
  assert.deepEqual(gathered.get("q"), ["BETA", "Alpha"]);
  assert.deepEqual(gathered.get("long"), ["short", "y".repeat(100)]);
  assert.deepEqual(gathered.get("six"), ["1", "2", "3", "4", "5"]);
  assert.deepEqual(gathered.get("empty"), []);
});

const QUESTION = { id: "1", question: "o p", answers: [], isImpossible: false };
const OPTIONS = { encoder, length: 10, stride: 3, maxQuestionPieces: 64, index: 0 };

Deno.test("windowsOf() covers a long context in windows that overlap, each piece best in one", () => {
  const words = fc.array(fc.constantFrom("a", "bx", "c."), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 9 }), (context, stride) => {
      const windows = windowsOf({ ...QUESTION, context: context.join(" ") }, {
        ...OPTIONS,
        stride,
      });
      const pieces = encoder.encode(context.join(" ")).length;
      assert.equal(
        windows.reduce((sum, { isBest }) => sum + isBest.reduce((a, b) => a + b, 0), 0),
        pieces,
      );
      for (const { ids, tokenTypes, first } of windows) {
        assert(ids.length <= 10);
        assert.equal(ids[0], encoder.clsId);
        assert.equal(ids[first - 1], encoder.sepId);
        assert.equal(ids.at(-1), encoder.sepId);
        assert.deepEqual([...tokenTypes!], Array.from(ids, (_, i) => i < first ? 0 : 1));
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("windowsOf() learns the answer where a window holds it, else [CLS]", () => {
  const context = "a b c d e f g hx";
  const windows = windowsOf({ ...QUESTION, context, span: { start: 14, end: 16 } }, OPTIONS);
  assert.deepEqual(windows.map(({ targets }) => [...targets]), [[0, 0], [0, 0], [5, 6]]);
  const last = windows[2]!;
  assert.equal(context.slice(last.starts[5 - last.first], last.ends[6 - last.first]), "hx");
  const impossible = windowsOf({ ...QUESTION, context: "a b", isImpossible: true }, OPTIONS);
  assert.deepEqual(impossible.map(({ targets }) => [...targets]), [[0, 0]]);
});

Deno.test("decodeSpans() and joinWindows() find the answer that was made the likeliest", () => {
  const context = "a b c d e f g hx";
  const windows = windowsOf({ ...QUESTION, context }, OPTIONS);
  const answers = windows.map((row, window) => {
    const outputs = new Float32Array(2 * row.ids.length);
    outputs[0] = 3 - window;
    if (window === 2) {
      outputs[2 * (row.first + 1)] = 4;
      outputs[2 * (row.first + 2) + 1] = 4;
      // A begin in the question is none, and an end before the begin is none.
      outputs[2 * 1] = 9;
      outputs[2 * row.first + 1] = 9;
    }
    return decodeSpans(row, outputs, { nBest: 20, maxAnswerPieces: 30 });
  });
  const [joined] = joinWindows(answers, { contexts: [context], nBest: 3 });
  assert.deepEqual(joined!.answers[0], { text: context.slice(14), begin: 4, last: 4 });
  assert.equal(joined!.answers.length, 3);
  assert.deepEqual(joined!.none, { begin: 1, last: 0 });
  assert.equal(nullOdds(joined!), -7);
  const short = decodeSpans(windows[0]!, new Float32Array(20), { nBest: 20, maxAnswerPieces: 1 });
  for (const { start, end } of short.spans) assert.equal(end - start, 1);
});

const squad = (context: string, answers: [string, number][] | undefined, more = {}) =>
  JSON.stringify({
    version: "1.1",
    data: [{
      title: "t",
      paragraphs: [{
        context,
        qas: [{
          id: "q",
          question: "o",
          ...(answers &&
            { answers: answers.map(([text, answer_start]) => ({ text, answer_start })) }),
          ...more,
        }],
      }],
    }],
  });

Deno.test("readSquad() repairs offsets near the answer and rejects others with a reason", async () => {
  using dir = new TempDir();
  const read = async (...args: Parameters<typeof squad>) => {
    const { questions: [question], ...counts } = await readSquad(
      dir.file("q.json", squad(...args)),
    );
    const { span, context } = question!;
    return { found: span && context.slice(span.start, span.end), ...counts };
  };
  const right = { repaired: 0, rejected: [] }, mended = { repaired: 1, rejected: [] };
  const rejected = (reason: string) => ({
    found: undefined,
    repaired: 0,
    rejected: [{ id: "q", reason }],
  });
  assert.deepEqual(await read("the gene", [["gene", 4]]), { found: "gene", ...right });
  // Offsets count code points.
  assert.deepEqual(await read("𝛼 gene gene", [["gene", 7]]), { found: "gene", ...right });
  assert.deepEqual(await read("the gene", [["gene", 5]]), { found: "gene", ...mended });
  assert.deepEqual(await read("the Gene", [["gene", 4]]), { found: "Gene", ...mended });
  assert.deepEqual(
    await read(`${"a".repeat(90)} gene`, [["gene", 0]]),
    rejected("the answer does not stand near its offset"),
  );
  assert.deepEqual(
    await read("the", [["gene", 0]]),
    rejected("the answer does not stand near its offset"),
  );
  // One far beyond the text is not near its end.
  assert.deepEqual(
    await read("the gene", [["gene", 5000]]),
    rejected("the answer does not stand near its offset"),
  );
  assert.deepEqual(await read("the gene", [["gene", 9]]), { found: "gene", ...mended });
  assert.deepEqual(await read("the", [["", 0]]), rejected("empty answer"));
  assert.deepEqual(await read("the", undefined), rejected("no answer"));
  const impossible = await readSquad(dir.file("q.json", squad("the", [], { is_impossible: true })));
  assert.deepEqual(impossible.rejected, []);
  assert.equal(impossible.questions[0]!.isImpossible, true);
});

Deno.test("readSquad() rejects an empty question and an empty context, answered or not", async () => {
  using dir = new TempDir();
  const read = async (context: string, question: string, isImpossible: boolean) => {
    const answers: [string, number][] = isImpossible ? [] : [["gene", 4]];
    const text = squad(context, answers, { question, is_impossible: isImpossible });
    const { questions: [asked], ...counts } = await readSquad(dir.file("q.json", text));
    assert.deepEqual([asked!.span, asked!.isImpossible], [undefined, isImpossible]);
    return counts;
  };
  // White space, and what is removed before words are cut into pieces.
  for (const blank of ["", " ", "\n\t", "\u00a0", "\u200b", "\ufffd\u0000"]) {
    for (const isImpossible of [false, true]) {
      const rejected = (reason: string) => ({ repaired: 0, rejected: [{ id: "q", reason }] });
      assert.deepEqual(await read("the gene", blank, isImpossible), rejected("empty question"));
      assert.deepEqual(await read(blank, "what?", isImpossible), rejected("empty context"));
    }
  }
  const answer = await readSquad(dir.file("q.json", squad("the", [[" \u200b", 0]])));
  assert.deepEqual(answer.rejected, [{ id: "q", reason: "empty answer" }]);
});

Deno.test("a question or context that is empty is no row to train on, and stays in the score", () => {
  const asked = { ...QUESTION, context: "a b", isImpossible: true };
  const part = [asked, { ...asked, question: " " }, { ...asked, context: "\u200b" }];
  const none = { questions: 3, impossible: 3, repaired: 0, rejected: {} };
  const windows = questionWindows({
    parts: { train: part, dev: part, test: part },
    golden: {},
    counts: { train: none, dev: none, test: none },
  }, {
    encoder,
    length: 10,
    params: { stride: 3, maxQuestionPieces: 64, nBest: 20, maxAnswerPieces: 30 },
    warn: (message) => assert.fail(message),
  });
  assert.deepEqual(windows.train.map(({ question }) => question), [0]);
  assert.deepEqual(windows.test.map(({ question }) => question), [0, 1, 2]);
});

Deno.test("readSquad() and readGolden() name the file and what is wrong in it", async () => {
  using dir = new TempDir();
  const mend =
    "  mend: give the file as it was published, in SQuAD's form, or as BioASQ's golden file";
  const cases: [string, string][] = [
    ["", "q.json:1:1: the file is not valid JSON from here on"],
    ['{"data": [\n', "q.json:1:11: the file is not valid JSON from here on"],
    ['{"data": []}', "q.json: the file has no question"],
    ["[]", "q.json:1:1: the file: Invalid input: expected object, received array"],
    [
      squad("a", [["a", -1]]),
      "q.json:1:138: data.0.paragraphs.0.qas.0.answers.0.answer_start: Too small: expected number to be >=0",
    ],
  ];
  for (const [content, expected] of cases) {
    const path = dir.file("q.json", content);
    const text = `${expected} [benchmarks/bad-json]\n${mend}`;
    await assertFault(() => readSquad(path), { text, dir: dir.path });
  }
  const twice = JSON.parse(squad("a", [["a", 0]]));
  twice.data.push(twice.data[0]);
  const path = dir.file("q.json", JSON.stringify(twice));
  await assertFault(() => readSquad(path), {
    text: 'q.json:1:202: the id "q" stands twice [benchmarks/duplicate-id]\n' +
      "  mend: give each question an id of its own, or take one of them out",
    dir: dir.path,
  });
  const none = dir.file(
    "g.json",
    '{"questions": [{"id": "1", "type": "yesno", "exact_answer": "yes"}]}',
  );
  await assertFault(() => readGolden(none), {
    text: `g.json: the file has no factoid question [benchmarks/bad-json]\n${mend}`,
    dir: dir.path,
  });
});

Deno.test("readGolden() joins synonyms and keeps factoid questions alone", async () => {
  using dir = new TempDir();
  const questions = [
    { id: "1", type: "factoid", exact_answer: [["a", "b"], ["c"]] },
    { id: "2", type: "list", exact_answer: [["a"]] },
    { id: "3", type: "factoid", exact_answer: ["a", "b"] },
    { id: "4", type: "factoid", exact_answer: "a" },
    { id: "5", type: "factoid" },
  ];
  const file = dir.file("g.json", JSON.stringify({ questions }));
  assert.deepEqual(await readGolden(file), [
    { id: "1", synonyms: ["a", "b", "c"] },
    { id: "3", synonyms: ["a", "b"] },
    { id: "4", synonyms: ["a"] },
    { id: "5", synonyms: [] },
  ]);
});

const REAL: [string, number, number][] = [
  ["squad11_xquad_en/xquad.en.json.gz", 1190, 0],
  ["bioasq_factoid/derived_squad_with_answers_4b.json.gz", 260, 0],
  ["bioasq_factoid/BioASQ-test-factoid-4b.json.gz", 652, 652],
];
for (const [file, count, rejected] of REAL) {
  testOnData(`readSquad() reads every question of ${file}, and every answer at its offset`, {
    needs: `qa/${file}`,
    run: async () => {
      const read = await readSquad(`${DATA_DIR}/qa/${file}`);
      assert.equal(read.questions.length, count);
      assert.equal(read.repaired, 0);
      assert.equal(read.rejected.length, rejected);
    },
  });
}

testOnData("readGolden() reads the factoid questions of BioASQ 5b", {
  needs: "qa/bioasq_factoid/5B_golden.json.gz",
  run: async () => {
    const questions = await readGolden(`${DATA_DIR}/qa/bioasq_factoid/5B_golden.json.gz`);
    assert.equal(questions.length, 150);
    assert.deepEqual(questions[0]!.synonyms, ["Alzheimer's disease"]);
  },
});
