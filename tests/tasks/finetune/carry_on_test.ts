/** Fine-tuning that goes on from a fine-tuned model. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import type { StoredArtifact } from "../../../lib/graph/task.ts";
import { modelArtifact } from "../../../lib/model/weights/model_artifact.ts";
import { fineTunedArtifact } from "../../../lib/tasks/finetune/fine_tuned.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import { type KindRun, type MadeOptions, runKind } from "../made_inputs.ts";
import { dataOf, KINDS, MODEL, PARAMS } from "./_toys.ts";
import { toyPairs, toyPlaces, writePairs, writePlaces } from "./toy_benchmarks.ts";

const PLACES = await dataOf(writePlaces), PAIRS = await dataOf(writePairs);

const places = (model: StoredArtifact, params = {}, more: Partial<MadeOptions> = {}) =>
  runKind(finetuning(toyPlaces), {
    params: { ...PARAMS, ...params },
    inputs: { model: [model], data: [PLACES] },
    ...more,
  });

const pairs = (model: StoredArtifact, params = {}) =>
  runKind(finetuning(toyPairs), {
    params: { ...PARAMS, ...params },
    inputs: { model: [model], data: [PAIRS] },
  });

const warningsOf = ({ events }: KindRun) =>
  events.flatMap((each) => each.type === "warning" ? each.message : []);

const exact = ({ outcome }: KindRun) => outcome.scores.find(({ split }) => split === "test")!.value;

const FIRST = await places(MODEL);

Deno.test("a fine-tuned model is an artifact that fine-tuning goes on from, its classifier too", async () => {
  assert.equal(FIRST.outcome.hasModel, true);
  // At a learning rate of nearly nothing what was learned is all there is.
  const params = { steps: 1, learningRate: 1e-12 };
  const next = await places(FIRST.artifact, params);
  assert.equal(exact(next), exact(FIRST));
  assert.deepEqual(warningsOf(next), []);
  const fresh = await places(FIRST.artifact, { ...params, head: "fresh", seed: 5 });
  assert(exact(fresh) < exact(FIRST), `${exact(fresh)}`);
});

Deno.test("a fine-tuned model's folder is one of Hugging Face's form, with its labels", async () => {
  const { artifact } = await pairs(MODEL, { steps: 1 });
  const dir = join(artifact.dir, "model");
  const config = JSON.parse(await Deno.readTextFile(join(dir, "config.json")));
  assert.deepEqual(config.architectures, ["BertForSequenceClassification"]);
  assert.deepEqual(config.id2label, { "0": "no", "1": "yes" });
  assert.deepEqual(config.label2id, { no: 0, yes: 1 });
  const { model, recipe } = await fineTunedArtifact.open(artifact.dir);
  assert.deepEqual(model.head, { kind: "sequence", labels: ["no", "yes"] });
  assert.equal(recipe.kind, "toy-pairs");
  assert.equal(recipe.params["learningRate"], 5e-3);
  assert.deepEqual((await modelArtifact.open(dir)).head, model.head);
  const span = await fineTunedArtifact.open(FIRST.artifact.dir);
  assert.deepEqual(span.model.head, { kind: "span", labels: [] });
});

Deno.test("a classifier of other labels is drawn afresh and told, or refused by head: keep", async () => {
  const auto = await pairs(FIRST.artifact, { steps: 1 });
  const unfit = "the model's classifier is of spans, not of the classes no, yes";
  assert.equal(warningsOf(auto)[0], `${unfit}: the classifier is drawn afresh`);
  const told = await pairs(FIRST.artifact, { steps: 1, head: "fresh" });
  assert.equal(warningsOf(told).filter((each) => each.includes(unfit)).length, 0);
  const refused = (model: StoredArtifact, message: string) =>
    assert.rejects(pairs(model, { head: "keep" }), (error: ExperimentError) => {
      assert.equal(error.code, "tasks/params");
      assert.equal(error.faults[0]!.message, message);
      return true;
    });
  await refused(FIRST.artifact, `head: ${unfit}`);
  await refused(MODEL, "head: the model has no classifier");
});

Deno.test("a fine-tuning that nothing goes on from keeps no model, and says so when one is read", async () => {
  const without = await places(MODEL, { steps: 1 }, { keepsModel: false });
  assert.equal(without.outcome.hasModel, false);
  const names = [...Deno.readDirSync(without.artifact.dir)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["dev.predictions.txt", "scores.json", "test.predictions.txt"]);
  await assert.rejects(fineTunedArtifact.open(without.artifact.dir), (error: ExperimentError) => {
    assert.equal(error.code, "tasks/no-model");
    return true;
  });
});

Deno.test("bioasq-factoid takes the model that squad leaves", () => {
  const { types } = KINDS.get("bioasq-factoid")!.inputs["model"]!;
  assert(types.includes(KINDS.get("squad")!.produces[""]!));
});
