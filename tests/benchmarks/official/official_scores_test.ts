/** Scores are those of the official scripts, to the last digit, on predictions of odd kinds. */
import assert from "node:assert/strict";
import { factoidScores } from "../../../lib/benchmarks/bioasq_factoid/evaluator.ts";
import { namedClassRates, overallScore } from "../../../lib/benchmarks/labelled/counts.ts";
import { type EntityCounts, scoreEntities } from "../../../lib/benchmarks/ner/conlleval.ts";
import {
  answerScore,
  normalizeAnswer,
  printedScores,
} from "../../../lib/benchmarks/questions/squad_score.ts";
import golden from "./golden/official_golden.json" with { type: "json" };
import normalized from "./golden/normalized_golden.json" with { type: "json" };

/** A percentage as C prints it with %6.2f: exact halves go to the even digit. */
function percent(rate: number): string {
  const value = 100 * rate, cents = value * 100;
  const isHalf = cents - Math.floor(cents) === 0.5 && value * 8 === Math.round(value * 8);
  const shown = isHalf && Math.floor(cents) % 2 === 0
    ? (Math.floor(cents) / 100).toFixed(2)
    : value.toFixed(2);
  return shown.padStart(6);
}

/** Words, gold tags and predicted tags as the predictions of NER have them. */
function sentencesOf(text: string) {
  const blocks = text.trimEnd().split("\n\n").map((block) => block.split("\n"));
  const column = (place: number) =>
    blocks.map((lines) => lines.map((line) => line.split(" ")[place]!));
  return { gold: column(1), predicted: column(2) };
}

Deno.test("scoreEntities() gives every figure that conlleval.pl prints, and seqeval's to the last digit", () => {
  for (const { text, printed, seqeval } of golden.conll) {
    const { gold, predicted } = sentencesOf(text);
    const { byType, precision, recall, f1, ...all } = scoreEntities(gold, predicted);
    assert.deepEqual([precision, recall, f1], seqeval);
    const words = gold.flat().length;
    const right = gold.flat().filter((tag, i) => tag === predicted.flat()[i]).length;
    const rates = (of: Pick<EntityCounts, "precision" | "recall" | "f1">) =>
      `precision: ${percent(of.precision)}%; recall: ${percent(of.recall)}%; FB1: ${
        percent(of.f1)
      }`;
    const lines = [
      `processed ${words} tokens with ${all.gold} phrases; found: ${all.predicted} phrases; ` +
      `correct: ${all.correct}.`,
      `accuracy: ${percent(right / words)}%; ${rates({ precision, recall, f1 })}`,
      ...Object.entries(byType).flatMap(([type, counts]) => {
        const line = `${type.padStart(17)}: ${rates(counts)}  ${counts.predicted}`;
        // The script prints the line of entities without a type twice where both sides have such.
        return type === "" && counts.gold > 0 && counts.predicted > 0 ? [line, line] : [line];
      }),
    ];
    assert.equal(`${lines.join("\n")}\n`, printed);
  }
});

Deno.test("normalizeAnswer() makes of letters, marks and spaces of all scripts what Python does", () => {
  for (const [text, expected] of normalized.cases) {
    assert.equal(normalizeAnswer(text!), expected, JSON.stringify(text));
  }
});

Deno.test("answers are worth what SQuAD's scripts of v1.1 and v2.0 print, to the last digit", () => {
  for (const form of ["1.1", "2.0"] as const) {
    const { answers, said, printed } = golden.squad[form] as {
      readonly answers: Readonly<Record<string, readonly string[]>>;
      readonly said: Readonly<Record<string, string>>;
      readonly printed: Readonly<Record<string, number>>;
    };
    const scores = Object.entries(answers).map(([id, answers]) =>
      answerScore(said[id]!, { answers, form })
    );
    const hasAnswer = Object.values(answers).map((each) => each.length > 0);
    assert.deepEqual(printedScores(scores, { form, hasAnswer }), printed);
  }
});

Deno.test("factoid answers are worth what BioASQ's evaluator prints, to the last digit", () => {
  for (const { golden: right, said, printed } of golden.factoid) {
    const questions = Object.entries(right as Record<string, string[][]>).map(([id, answers]) => ({
      id,
      synonyms: answers.flat(),
    }));
    const scores = factoidScores(questions, new Map(Object.entries(said as object)));
    const mean = (name: "strict" | "lenient" | "mrr") =>
      scores.reduce((sum, each) => sum + each[name], 0) / scores.length;
    assert.deepEqual([mean("strict"), mean("lenient"), mean("mrr")], printed);
  }
});

Deno.test("rates of labels are scikit-learn's: binary, micro over named classes, macro, to the last digit", () => {
  for (const { gold, predicted, classes, named, expected, f1ByClass, support } of golden.labels) {
    const { precision, recall, f1 } = namedClassRates({ gold, predicted }, named);
    const { accuracy, macroF1 } = overallScore({ gold, predicted }, classes);
    assert.deepEqual({ precision, recall, f1, accuracy, macroF1 }, expected);
    for (let label = 0; label < classes; label++) {
      const own = namedClassRates({ gold, predicted }, [label]);
      assert.deepEqual([own.f1, own.gold], [f1ByClass[label], support[label]]);
    }
  }
});
