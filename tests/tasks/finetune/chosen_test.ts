/** Fine-tuning and evaluation that go on from a choice among real candidates. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import type { JsonObject } from "../../../lib/base/canonical.ts";
import type { Chosen, StoredArtifact, UpstreamTask } from "../../../lib/graph/task.ts";
import { evaluation } from "../../../lib/tasks/finetune/evaluate_kind.ts";
import { fineTunedArtifact } from "../../../lib/tasks/finetune/fine_tuned.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import { choose } from "../../../lib/tasks/reduce/choose.ts";
import { makeDir, runKind } from "../made_inputs.ts";
import { toyPairs, toyPlaces, writePairs } from "./toy_benchmarks.ts";
import { makeUntrainedModel } from "./untrained_model.ts";

const MODEL = await makeUntrainedModel();

const PAIRS: StoredArtifact = { key: "pairs", dir: makeDir(), facts: {} };
await writePairs(PAIRS.dir);

const PARAMS = { rows: 20, length: 16, steps: 40, dropout: 0, evaluate: ["dev"], positive: 0 };
const kind = finetuning(toyPairs);

const tune = (params: JsonObject, inputs = {}) =>
  runKind(kind, {
    params: { ...PARAMS, ...params },
    inputs: { model: [MODEL], data: [PAIRS], ...inputs },
  });

// The second learns, the first hardly moves.
const CANDIDATES = [
  await tune({ learningRate: 1e-9, optimizer: { weightDecay: 0.1 } }),
  await tune({ learningRate: 5e-3, optimizer: { weightDecay: 0 } }),
];

const chooseOf = (keepsModel: boolean) =>
  runKind(choose(toyPairs.metrics), {
    params: { metric: "accuracy" },
    inputs: { candidates: CANDIDATES.map(({ artifact }) => artifact) },
    keepsModel,
  });

Deno.test("a choice is the chosen candidate: its model is scored as the candidate's own is", async () => {
  const chosen = await chooseOf(true);
  const evaluate = (model: StoredArtifact) =>
    runKind(evaluation(toyPairs), { params: {}, inputs: { model: [model], data: [PAIRS] } });
  const own = await evaluate(CANDIDATES[1]!.artifact);
  assert.deepEqual((await evaluate(chosen.artifact)).outcome.scores, own.outcome.scores);
  assert.equal((await fineTunedArtifact.open(chosen.artifact.dir)).recipe.params["positive"], 0);
  // The weights are there once.
  const inode = async ({ dir }: StoredArtifact) =>
    (await Deno.stat(join(dir, "model", "model.safetensors"))).ino;
  assert.equal(await inode(chosen.artifact), await inode(CANDIDATES[1]!.artifact));
  const without = await chooseOf(false);
  assert.equal(without.outcome.hasModel, false);
  assert.deepEqual([...Deno.readDirSync(without.artifact.dir)].map(({ name }) => name), [
    "choice.json",
  ]);
});

/** What a stage with these params is, once the choice is made; `taken` as the spec tells it. */
const takeOver = (params: JsonObject, chosen: Chosen, taken: readonly string[] = []) =>
  kind.withChosen!(kind.params.parse(params), chosen, taken);

Deno.test("a fine-tuning takes over the chosen params, nested ones too, and gives their bits", async () => {
  const { chosen } = (await chooseOf(false)).outcome;
  const own = { train: ["train", "dev"], evaluate: ["test"], optimizer: { beta1: 0.9 } };
  const params = takeOver({ ...PARAMS, ...own }, chosen!);
  assert.equal(params.learningRate, 5e-3);
  const taken = await tune(params as unknown as JsonObject);
  const written = await tune({
    ...own,
    learningRate: 5e-3,
    optimizer: { beta1: 0.9, weightDecay: 0 },
  });
  assert.deepEqual(taken.outcome, written.outcome);
  const { recipe } = await fineTunedArtifact.open(taken.artifact.dir);
  assert.deepEqual(recipe, (await fineTunedArtifact.open(written.artifact.dir)).recipe);
  assert.equal(recipe.params["learningRate"], 5e-3);
});

Deno.test("a choice of a single candidate gives the params that were chosen over, not the defaults", async () => {
  const { outcome: { chosen } } = await runKind(choose(toyPairs.metrics), {
    params: { metric: "accuracy" },
    inputs: { candidates: [CANDIDATES[1]!.artifact] },
  });
  assert.deepEqual(chosen!.params, {});
  const { learningRate, optimizer } = takeOver(PARAMS, chosen!, ["learningRate", "optimizer"]);
  assert.deepEqual([learningRate, optimizer.weightDecay], [5e-3, 0]);
  assert.equal(takeOver(PARAMS, chosen!).learningRate, 3e-5);
});

Deno.test("a choice among tasks of another kind is refused", async () => {
  const { chosen } = (await chooseOf(false)).outcome;
  const other = finetuning(toyPlaces);
  assert.throws(
    () => other.withChosen!(other.params.parse({ steps: 1 }), chosen!, []),
    (error: ExperimentError) => {
      assert.equal(error.faults[0]!.message, "choice: it is among tasks of toy-pairs");
      return true;
    },
  );
});

Deno.test("a plan counts what the dearest candidate would cost", () => {
  const task = (kind: string, params: JsonObject, inputs = {}): UpstreamTask => (
    { kind, params, inputs }
  );
  const seeds = [10, 30].map((steps) =>
    task("mean", {}, { of: [1, 2].map((seed) => task("toy-pairs", { ...PARAMS, steps, seed })) })
  );
  const params = kind.params.parse({ ...PARAMS, steps: 20 });
  const cost = kind.estimate!(params, { choice: [task("choose", {}, { candidates: seeds })] });
  assert.equal(cost.steps, 30);
  assert.equal(kind.estimate!(params, {}).steps, 20);
});
