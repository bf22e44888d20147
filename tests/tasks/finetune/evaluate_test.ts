/** Evaluation as a task of its own, and what a fine-tuning trains on and scores. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { trainOnParts } from "../../../lib/base/parts.ts";
import type { StoredArtifact } from "../../../lib/graph/task.ts";
import { evaluation } from "../../../lib/tasks/finetune/evaluate_kind.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import { runKind } from "../made_inputs.ts";
import { dataOf, KINDS, MODEL, PARAMS as TOY_PARAMS } from "./_toys.ts";
import { toyPairs, toyPlaces, writePairs, writePlaces } from "./toy_benchmarks.ts";

const PAIRS = await dataOf(writePairs), PLACES = await dataOf(writePlaces);
const PARAMS = { ...TOY_PARAMS, steps: 60 };

const tune = (params: Record<string, unknown> = {}) =>
  runKind(finetuning(toyPairs), {
    params: { ...PARAMS, ...params },
    inputs: { model: [MODEL], data: [PAIRS] },
  });

const evaluate = (model: StoredArtifact, params: Record<string, unknown> = {}) =>
  runKind(evaluation(toyPairs), { params, inputs: { model: [model], data: [PAIRS] } });

const read = (artifact: StoredArtifact, name: string) =>
  Deno.readTextFile(join(artifact.dir, name));
const filesIn = ({ dir }: StoredArtifact) => [...Deno.readDirSync(dir)].map(({ name }) => name);

Deno.test("an evaluation scores a model as its own fine-tuning does, to the bit", async () => {
  const tuned = await tune({ positive: 0, benchmark: "made" });
  const made = await evaluate(tuned.artifact, { benchmark: "made", parts: ["test", "dev"] });
  assert.deepEqual(made.outcome.scores, tuned.outcome.scores);
  for (const name of ["dev.predictions.txt", "test.predictions.txt"]) {
    assert.equal(await read(made.artifact, name), await read(tuned.artifact, name));
  }
  // `positive` is as in training.
  const details = async (artifact: StoredArtifact) =>
    JSON.parse(await read(artifact, "scores.json"))["test"];
  assert.deepEqual(await details(made.artifact), await details(tuned.artifact));
  assert.notDeepEqual(
    await details((await evaluate(tuned.artifact, { positive: 1 })).artifact),
    await details(tuned.artifact),
  );
});

Deno.test("a candidate that is scored on dev alone has no score and no prediction of test", async () => {
  const both = await tune(), alone = await tune({ evaluate: ["dev"] });
  assert.deepEqual(
    alone.outcome.scores,
    both.outcome.scores.filter(({ split }) => split === "dev"),
  );
  assert.deepEqual(filesIn(alone.artifact).sort(), ["dev.predictions.txt", "model", "scores.json"]);
  assert.equal(JSON.parse(await read(alone.artifact, "scores.json"))["test"], undefined);
  const kind = finetuning(toyPairs);
  assert.deepEqual(
    kind.scores!(kind.params.parse({ evaluate: ["dev"] })).map(({ split }) => split),
    ["dev"],
  );
  const tested = await evaluate(alone.artifact);
  assert.deepEqual(
    tested.outcome.scores,
    both.outcome.scores.filter(({ split }) => split === "test"),
  );
});

Deno.test("train: [train, dev] trains on both, one after the other, and is not scored on dev", async () => {
  const params = { train: ["train", "dev"], evaluate: ["test"], epochs: 1, steps: undefined };
  const { outcome } = await tune(params);
  // 200 and 20 rows in batches of 20.
  assert.equal(outcome.facts.ownSteps, 11);
  const kind = finetuning(toyPairs);
  const [fault] = kind.check!(kind.params.parse({ train: ["train", "dev"] }));
  assert.deepEqual([fault!.path, fault!.message], [
    "evaluate",
    "dev is trained on, so that a score on it says nothing",
  ]);
  const items = { train: [1, 2], dev: [3], test: [4] };
  assert.deepEqual(trainOnParts(items, ["dev", "train"]), { ...items, train: [1, 2, 3] });
  assert.deepEqual(trainOnParts(items, ["train"]), items);
});

Deno.test("an evaluation refuses a model of another head", async () => {
  const places = await runKind(finetuning(toyPlaces), {
    params: { ...PARAMS, steps: 1 },
    inputs: { model: [MODEL], data: [PLACES] },
  });
  await assert.rejects(evaluate(places.artifact), (error: ExperimentError) => {
    assert.equal(error.code, "tasks/params");
    assert.equal(
      error.faults[0]!.message,
      "model: the model's classifier is of spans, not of the classes no, yes",
    );
    return true;
  });
});

Deno.test("every benchmark can be evaluated, and a parameter that training gave need not be", () => {
  for (const name of ["ner", "relations", "classification", "squad", "bioasq-factoid"]) {
    const kind = KINDS.get(`evaluate-${name}`)!;
    assert.deepEqual(kind.metrics, KINDS.get(name)!.metrics);
    const params = kind.params.parse({});
    assert.deepEqual(params, { benchmark: name, parts: ["test"] });
    assert(kind.scores!(params).every(({ split }) => split === "test"));
  }
});

Deno.test("a part without a row is no part that a model has 0 percent on", async () => {
  const without = await dataOf(async (dir) => {
    await writePairs(dir);
    const all = JSON.parse(await Deno.readTextFile(join(dir, "pairs.json")));
    await Deno.writeTextFile(join(dir, "pairs.json"), JSON.stringify({ ...all, dev: [] }));
  });
  const told = (run: Promise<unknown>) =>
    assert.rejects(run, (error: ExperimentError) => {
      assert.deepEqual(error.faults.map(({ code, message, mend }) => [code, message, mend]), [[
        "tasks/no-examples",
        "there are no dev pairs to score the model on",
        "give the data a dev part, or score on others alone",
      ]]);
      return true;
    });
  const on = (params: Record<string, unknown>) =>
    runKind(finetuning(toyPairs), {
      params: { ...PARAMS, steps: 1, ...params },
      inputs: { model: [MODEL], data: [without] },
    });
  await told(on({}));
  await told(on({ evaluate: ["test"], earlyStopping: { metric: "accuracy" } }));
  const { artifact, outcome } = await on({ evaluate: ["test"] });
  assert.deepEqual(outcome.scores.map(({ split }) => split), ["test"]);
  await told(runKind(evaluation(toyPairs), {
    params: { parts: ["dev", "test"] },
    inputs: { model: [artifact], data: [without] },
  }));
});
