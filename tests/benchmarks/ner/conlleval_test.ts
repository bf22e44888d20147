import assert from "node:assert/strict";
import fc from "fast-check";
import { Stream } from "../../../lib/base/rng.ts";
import { entitiesOf, scoreEntities } from "../../../lib/benchmarks/ner/conlleval.ts";
import golden from "./conlleval_golden.json" with { type: "json" };

const words = (text: string) => text.split(" ").filter((word) => word !== "");

const spans = (text: string) =>
  entitiesOf(words(text)).map(({ type, start, end }) => `${type}:${start}-${end}`);

Deno.test("entitiesOf() opens an entity wherever the CoNLL-2000 script does", () => {
  const cases: readonly [string, readonly string[]][] = [
    ["", []],
    ["O O", []],
    ["B I I O", [":0-3"]],
    ["B B", [":0-1", ":1-2"]],
    // An I at the start or after O opens an entity of its own.
    ["I I O I", [":0-2", ":3-4"]],
    ["B-X I-X O", ["X:0-2"]],
    // So does another type, whether after B or after I.
    ["B-X I-Y I-Y", ["X:0-1", "Y:1-3"]],
    ["I-X I-X I-Y", ["X:0-2", "Y:2-3"]],
    ["B-X O I-X", ["X:0-1", "X:2-3"]],
    // Only the first hyphen ends the position.
    ["B-a-b I-a-b I-a", ["a-b:0-2", "a:2-3"]],
  ];
  for (const [tags, expected] of cases) assert.deepEqual(spans(tags), expected, tags);
});

Deno.test("scoreEntities() gives seqeval's rates on random tags", () => {
  for (const { gold, predicted, rates } of golden.cases) {
    const score = scoreEntities(gold.map(words), predicted.map(words));
    [score.precision, score.recall, score.f1].forEach((rate, i) => {
      assert.ok(
        Math.abs(100 * rate - rates[i]!) < 1e-8,
        `${JSON.stringify(gold)}: ${rate} ${rates[i]}`,
      );
    });
  }
});

/** Every run of words whose tags make it an entity, found by trying all runs. */
function naiveEntities(tags: readonly string[]): Set<string> {
  const found = new Set<string>();
  const typeAt = (i: number) =>
    tags[i] === undefined ? "O" : tags[i] === "O" ? "O" : tags[i].slice(1);
  for (let start = 0; start < tags.length; start++) {
    const opens = typeAt(start) !== "O" &&
      (tags[start]!.startsWith("B") || typeAt(start - 1) !== typeAt(start));
    if (!opens) continue;
    for (let end = start + 1; end <= tags.length; end++) {
      const inner = tags.slice(start + 1, end);
      if (inner.some((tag) => tag !== `I${typeAt(start)}`)) continue;
      if (tags[end] !== `I${typeAt(start)}`) found.add(`${start} ${end} ${typeAt(start)}`);
    }
  }
  return found;
}

const anyTag = fc.constantFrom("O", "O", "B-X", "I-X", "B-Y", "I-Y");
const anyPair = fc.array(fc.tuple(anyTag, anyTag), { maxLength: 12 }).map((pairs) => ({
  gold: pairs.map(([gold]) => gold),
  predicted: pairs.map(([, predicted]) => predicted),
}));

Deno.test("scoreEntities() counts as sets of spans do, in all and by type", () => {
  fc.assert(fc.property(fc.array(anyPair, { maxLength: 5 }), (sentences) => {
    const score = scoreEntities(
      sentences.map(({ gold }) => gold),
      sentences.map(({ predicted }) => predicted),
    );
    for (const type of ["X", "Y", undefined]) {
      const isOfType = (span: string) => type === undefined || span.endsWith(`-${type}`);
      const counts = { gold: 0, predicted: 0, correct: 0 };
      for (const { gold, predicted } of sentences) {
        const right = [...naiveEntities(gold)].filter(isOfType);
        const found = [...naiveEntities(predicted)].filter(isOfType);
        counts.gold += right.length;
        counts.predicted += found.length;
        counts.correct += right.filter((span) => found.includes(span)).length;
      }
      const none = { gold: 0, predicted: 0, correct: 0 };
      const { gold, predicted, correct } = type === undefined ? score : score.byType[type] ?? none;
      assert.deepEqual({ gold, predicted, correct }, counts);
    }
  }));
});

Deno.test("scoreEntities() swaps precision and recall when gold and predicted swap", () => {
  fc.assert(fc.property(anyPair, ({ gold, predicted }) => {
    const there = scoreEntities([gold], [predicted]);
    const back = scoreEntities([predicted], [gold]);
    assert.equal(there.precision, back.recall);
    assert.equal(there.f1, back.f1);
  }));
});

Deno.test("scoreEntities() gives rates from 0 to 1, by type in alphabetical order", () => {
  const score = scoreEntities(
    [words("B-Y I-Y O B-X"), words("B-X O")],
    [words("B-Y O O B-X"), words("O O")],
  );
  const { standardErrors, ...rates } = score;
  for (const error of Object.values(standardErrors)) assert(error > 0 && error < 0.5, `${error}`);
  assert.deepEqual(rates, {
    precision: 1 / 2,
    recall: 1 / 3,
    f1: 2 / 5,
    gold: 3,
    predicted: 2,
    correct: 1,
    byType: {
      X: { precision: 1, recall: 1 / 2, f1: 2 / 3, gold: 2, predicted: 1, correct: 1 },
      Y: { precision: 0, recall: 0, f1: 0, gold: 1, predicted: 1, correct: 0 },
    },
  });
  assert.deepEqual(Object.keys(score.byType), ["X", "Y"]);
});

Deno.test("scoreEntities() gives 0, not NaN, where there is nothing", () => {
  const { precision, recall, f1 } = scoreEntities([["O"]], [["O"]]);
  assert.deepEqual([precision, recall, f1], [0, 0, 0]);
});

Deno.test("scoreEntities() refuses tags that do not align or are none", () => {
  assert.throws(() => scoreEntities([["O"]], []), /1 gold sentences, but 0 predicted/);
  assert.throws(() => scoreEntities([["O"]], [["O", "O"]]), /sentence 0 has 1 gold tags/);
  assert.throws(() => scoreEntities([["O"]], [["X"]]), /"X" is no tag/);
});

Deno.test("scoreEntities() gives the standard errors that samples of sentences scatter with", () => {
  const draws = new Stream(5, "test/conlleval");
  const sample = () => {
    const gold: string[][] = [], predicted: string[][] = [];
    for (let i = 0; i < 150; i++) {
      const words = 1 + draws.below(4);
      gold.push(Array.from({ length: words }, () => draws.below(3) > 0 ? "B-X" : "O"));
      // Whole sentences are right or wrong: words of one depend on each other.
      const isRight = draws.below(10) < 6;
      predicted.push(gold.at(-1)!.map((tag) => isRight ? tag : draws.below(2) ? "B-X" : "O"));
    }
    return scoreEntities(gold, predicted);
  };
  const scores = Array.from({ length: 150 }, sample);
  for (const metric of ["precision", "recall", "f1"] as const) {
    const values = scores.map((each) => each[metric]);
    const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
    const spread = Math.sqrt(values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 149);
    const told = scores.reduce((sum, each) => sum + each.standardErrors[metric]!, 0) / 150;
    assert(Math.abs(told / spread - 1) < 0.2, `${metric}: ${told} told, ${spread} seen`);
  }
  assert.deepEqual(scoreEntities([["B-X"]], [["B-X"]]).standardErrors, {});
});
