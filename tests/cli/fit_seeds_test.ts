/** Fits know of the seeds of evaluations, which have none of their own. */
import assert from "node:assert/strict";
import { TinyStudy } from "./tiny_study.ts";

const SPEC = `axes:
  steps: [1, 4, 8, 16]
  seed: [1, 2, 3]
stages:
  world:
    uses: synthetic-world
    with: { relationsTrain: 40, relationsDev: 4, relationsTest: 40 }
  vocab:
    uses: vocab
    with: { corpora: [$(stages.world.general)], size: 512, alphabet: corpus }
  text: { uses: shards, with: { corpus: $(stages.world.general), vocab: $(stages.vocab) } }
  start:
    uses: pretrain
    with:
      corpus: $(stages.text)
      model: { layers: 1, hiddenSize: 8, heads: 2, positions: 32 }
      steps: $(axis.steps)
      rowPieces: 16
      rows: 4
      # Its end shapes a linear decay, so that no two of these are of one training.
      schedule: { kind: linear, learningRate: 1e-2 }
      evaluation: { rows: 4 }
      seed: $(axis.seed)
  labels:
    uses: classification
    with:
      model: $(stages.start)
      data: $(stages.world.relations)
      steps: 8
      rows: 4
      length: 32
      learningRate: 1e-2
      evaluate: [test]
      seed: $(axis.seed)
  again: { uses: evaluate-classification, with: { model: $(stages.labels), data: $(stages.world.relations) } }
fits:
  own: { stage: labels, benchmark: classification, metric: macroF1, split: test, against: steps }
  evaluated: { stage: again, benchmark: classification, metric: macroF1, split: test, against: steps }
`;

Deno.test("a fit of evaluations takes the points of a seed together, as one of their models does", async () => {
  await using study = await TinyStudy.make();
  await study.write("study.yaml", SPEC);
  await study.run();
  const [evaluated, own] = await study.sql(
    "SELECT points, next, warnings FROM fits ORDER BY fit",
  );
  assert.equal(own.points, 12);
  assert.ok(own.next.interval.high > own.next.interval.low);
  assert.ok(!own.warnings.some((each: string) => each.startsWith("one seed")));
  // Points come in the order of their keys, which rounds sums otherwise.
  assert.deepEqual(rounded(evaluated), rounded(own));
});

function rounded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value),
    (_, each) => typeof each === "number" ? Number(each.toPrecision(4)) : each,
  );
}
