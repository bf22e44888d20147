import assert from "node:assert/strict";
import { buildGraph } from "../../lib/graph/build.ts";
import { loadExperiment } from "../../lib/experiment/experiment.ts";
import { kinds } from "../../lib/tasks/registry.ts";
import { TempDir } from "../_support/temp_dir.ts";

const NUMERICS = { engine: "onnx-cpu", precision: "float32" };

const spec = (seeds: string, at = "") =>
  `axes: { steps: [1, 2, 4], seed: [${seeds}] }
stages:
  world: { uses: synthetic-world }
  vocab: { uses: vocab, with: { corpora: [$(stages.world.domain)], size: 300 } }
  shards: { uses: shards, with: { corpus: $(stages.world.domain), vocab: $(stages.vocab) } }
  train:
    uses: pretrain
    with:
      corpus: $(stages.shards)
      model: { preset: bert-pico }
      steps: $(axis.steps)
      schedule: { kind: constant, learningRate: 1e-3 }
      seed: $(axis.seed)
fits:
  f: { stage: train, benchmark: mlm, metric: lossNats, split: validation, against: steps${at} }
`;

async function fitKey(text: string): Promise<{ key: string; cells: number }> {
  using dir = new TempDir();
  const { requests } = await loadExperiment(dir.file("spec.yaml", text), { kinds });
  const graph = await buildGraph(requests, { numerics: NUMERICS });
  const task = [...graph.tasks.values()].find(({ kind }) => kind === "fit")!;
  return { key: task.key, cells: task.inputs["cells"]!.length };
}

Deno.test("the key of a fit holds its cells, whatever their order, and its form", async () => {
  const plain = await fitKey(spec("1, 2"));
  assert.equal(plain.cells, 6);
  assert.equal((await fitKey(spec("2, 1"))).key, plain.key);
  assert.equal((await fitKey(spec("1, 2", ", form: saturating"))).key, plain.key);
  assert.equal((await fitKey(spec("1, 2").replaceAll("f: {", "other: {"))).key, plain.key);
  assert.notEqual((await fitKey(spec("1, 2, 3"))).key, plain.key);
  const held = await fitKey(spec("1, 2", ", at: { seed: 1 }"));
  assert.equal(held.cells, 3);
  assert.notEqual(held.key, plain.key);
  const other = await fitKey(
    spec("1, 2", ", against: seenTokens").replace(", against: steps,", ","),
  );
  assert.notEqual(other.key, plain.key);
});

Deno.test("a stage that takes all cells over their axes is the same task as a fit of the section", async () => {
  const plain = await fitKey(spec("1, 2"));
  const stage = `  curve:
    uses: fit
    over: [steps, seed]
    with:
      cells: [$(stages.train)]
      benchmark: mlm
      metric: lossNats
      split: validation
      against: steps
`;
  const asStage = await fitKey(spec("1, 2").replace(/fits:[^]*/, stage));
  assert.deepEqual(asStage, plain);
});
