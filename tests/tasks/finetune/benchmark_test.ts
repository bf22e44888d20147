import assert from "node:assert/strict";
import { join } from "node:path";
import { loadExperiment } from "../../../lib/experiment/experiment.ts";
import type { TaskKind } from "../../../lib/graph/task.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import { makeDir, runKind } from "../made_inputs.ts";
import { dataOf, KINDS, MODEL, PARAMS } from "./_toys.ts";
import { toyPairs, toyPlaces, writePairs, writePlaces } from "./toy_benchmarks.ts";

Deno.test("a benchmark of pairs trains and scores, and takes its own file and a line", async () => {
  const kind = finetuning(toyPairs);
  const { outcome, artifact, events } = await runKind(kind, {
    params: { ...PARAMS, positive: 0 },
    inputs: { model: [MODEL], data: [await dataOf(writePairs)] },
  });
  const names = outcome.scores.map(({ benchmark, metric, split }) =>
    `${benchmark} ${metric} ${split}`
  );
  assert.deepEqual(names, ["toy-pairs accuracy dev", "toy-pairs accuracy test"]);
  assert.deepEqual(
    kind.scores!(kind.params.parse(PARAMS)),
    outcome.scores.map(({ value: _, ...name }) => name),
  );
  assert(outcome.scores[1]!.value > 0.95, `${outcome.scores[1]!.value}`);
  const files = [...Deno.readDirSync(artifact.dir)].map(({ name }) => name).sort();
  const left = ["dev.predictions.txt", "model", "scores.json", "test.predictions.txt"];
  assert.deepEqual(files, left);
  const warnings = events.flatMap((each) => each.type === "warning" ? each.message : []);
  // A model that was trained without pairs has no pooler; that one is drawn is no surprise.
  assert.deepEqual(warnings, []);
});

Deno.test("a benchmark of spans trains and scores likewise", async () => {
  const { outcome } = await runKind(finetuning(toyPlaces), {
    params: PARAMS,
    inputs: { model: [MODEL], data: [await dataOf(writePlaces)] },
  });
  assert(outcome.scores[1]!.value > 0.95, `${outcome.scores[1]!.value}`);
});

Deno.test("a spec can use a benchmark that the registry is given", async () => {
  const source: TaskKind = {
    ...KINDS.get("conll")!,
    kind: "toy-source",
    produces: { "": toyPairs.data.type },
  };
  const dir = makeDir(), file = join(dir, "toy.yaml");
  const used = new Map([...KINDS, ["toy-source", source]]);
  used.set("toy-pairs", finetuning(toyPairs));
  const stages = (finetuned: string) => `
stages:
  text: { uses: corpus, with: { sources: [{ format: text, path: ${file} }] } }
  vocab: { uses: vocab, with: { corpora: [$(stages.text)] } }
  shards: { uses: shards, with: { corpus: $(stages.text), vocab: $(stages.vocab) } }
  model:
    uses: pretrain
    with:
      model: { preset: bert-pico }
      corpus: $(stages.shards)
      steps: 1
      schedule: { kind: constant, learningRate: 1e-3 }
  data: { uses: toy-source, with: { train: [a], dev: [a], test: [a] } }
  toy: { uses: toy-pairs, with: { model: $(stages.model), data: $(stages.data)${finetuned} } }
`;
  await Deno.writeTextFile(file, stages(", positive: 0, rows: 4"));
  const load = () => loadExperiment(file, { kinds: used, set: [], only: [], env: {} });
  const { requests } = await load();
  const { params } = requests.find(({ cell }) => cell.stage === "toy")!;
  assert.deepEqual([params["positive"], params["benchmark"]], [0, "toy-pairs"]);
  await Deno.writeTextFile(file, stages(", positive: 2"));
  await assert.rejects(load(), /positive/);
});
