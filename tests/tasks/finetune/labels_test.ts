import assert from "node:assert/strict";
import { classificationBenchmark } from "../../../lib/benchmarks/classification/classification.ts";
import { labelledTextsArtifact } from "../../../lib/benchmarks/labelled/texts.ts";
import { relationsBenchmark } from "../../../lib/benchmarks/relations/relations.ts";
import { Stream } from "../../../lib/base/rng.ts";
import type { StoredArtifact } from "../../../lib/graph/task.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import { assertFault } from "../../_support/fault.ts";
import { countsOf, makeDir, runKind } from "../made_inputs.ts";
import { makeUntrainedModel } from "./untrained_model.ts";

const MODEL = await makeUntrainedModel();

/** Texts, or pairs, whose label is told by whether words end in x, in y, or in neither. */
async function makeData(options: { readonly inPairs: boolean }): Promise<StoredArtifact> {
  const dir = makeDir();
  const texts = (seed: string, count: number) => {
    const draws = new Stream(1, seed);
    return Array.from({ length: count }, () => {
      const label = draws.below(3), ending = ["", "x", "y"][label]!;
      const words = Array.from({ length: 4 }, () => "abcdefghijklmnop"[draws.below(16)]! + ending);
      return {
        ...(options.inPairs ? { text: "a b", pair: words.join(" ") } : { text: words.join(" ") }),
        label: ["none", "X", "Y"][label]!,
      };
    });
  };
  await labelledTextsArtifact.write(dir, {
    labels: ["none", "X", "Y"],
    parts: { train: texts("train", 120), dev: texts("dev", 30), test: texts("test", 60) },
  });
  return { key: dir, dir, facts: {} };
}

const PARAMS = {
  benchmark: "made",
  rows: 20,
  length: 16,
  steps: 60,
  learningRate: 5e-3,
  dropout: 0,
};

Deno.test("relations learns the classes that are named and leaves scores and predictions", async () => {
  const { outcome, artifact, events } = await runKind(finetuning(relationsBenchmark), {
    params: { ...PARAMS, positive: ["X", "Y"] },
    inputs: { model: [MODEL], data: [await makeData({ inPairs: false })] },
  });
  assert.deepEqual(outcome.scores.map(({ metric, split }) => `${metric} ${split}`), [
    "precision dev",
    "recall dev",
    "f1 dev",
    "precision test",
    "recall test",
    "f1 test",
  ]);
  assert(outcome.scores[5]!.value > 0.9, JSON.stringify(outcome.scores));
  assert(outcome.scores.every(({ standardError }) => standardError! >= 0));
  const { test } = JSON.parse(Deno.readTextFileSync(`${artifact.dir}/scores.json`));
  assert.equal(test.gold, test.byClass.X.gold + test.byClass.Y.gold);
  const lines = Deno.readTextFileSync(`${artifact.dir}/test.predictions.tsv`).split("\n");
  assert.equal(lines[0], "id\tlabel\tprediction\tp(none)\tp(X)\tp(Y)");
  assert.equal(lines.length, 62);
  // The scores can be had again from what is left.
  const rows = lines.slice(1, -1).map((line) => line.split("\t"));
  const right = rows.filter(([, gold, said]) => gold === said && gold !== "none").length;
  assert.equal(right, test.correct);
  const counts = countsOf(events, "test");
  assert.equal(counts["truePositives"], right);
  for (const  of of["", "/none", "/X", "/Y"]) {
    const all = rows.filter(([, gold, said]) => gold !== said);
    const isOf = (label: string) => of === "" ? label !== "none" : label === of.slice(1);
    assert.equal(counts[`falsePositives${of}`], all.filter(([, , said]) => isOf(said!)).length);
    assert.equal(counts[`falseNegatives${of}`], all.filter(([, gold]) => isOf(gold!)).length);
    assert.equal(
      counts[`support${of}`],
      counts[`truePositives${of}`]! + counts[`falseNegatives${of}`]!,
    );
  }
});

Deno.test("relations says which class the data does not have", async () => {
  const data = await makeData({ inPairs: false });
  await assertFault(
    () =>
      runKind(finetuning(relationsBenchmark), {
        params: { ...PARAMS, positive: ["CPR:3"] },
        inputs: { model: [MODEL], data: [data] },
      }),
    {
      text: 'positive names "CPR:3", which is none of the data\'s labels ' +
        "[benchmarks/unknown-label]\n  mend: name some of none, X, Y",
    },
  );
});

Deno.test("classification learns pairs and scores accuracy and macro-F1", async () => {
  const { outcome, artifact } = await runKind(finetuning(classificationBenchmark), {
    params: PARAMS,
    inputs: { model: [MODEL], data: [await makeData({ inPairs: true })] },
  });
  const scores = outcome.scores.filter(({ split }) => split === "test");
  assert.deepEqual(scores.map(({ metric }) => metric), ["accuracy", "macroF1"]);
  for (const { value, standardError } of scores) assert(value > 0.9 && standardError! < 0.1);
  const { test } = JSON.parse(Deno.readTextFileSync(`${artifact.dir}/scores.json`));
  assert.equal(test.texts, 60);
});
