/** Fine-tuning that ends when dev gets no better. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { sha256File } from "../../../lib/base/digest.ts";
import type { StoredArtifact } from "../../../lib/graph/task.ts";
import { bestOf, isOver } from "../../../lib/tasks/finetune/early_stopping.ts";
import { evaluation } from "../../../lib/tasks/finetune/evaluate_kind.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import type { TrainMeasurement } from "../../../lib/train/steps.ts";
import { type MadeOptions, makeDir, makeRun, runKind } from "../made_inputs.ts";
import { toyPairs, writePairs } from "./toy_benchmarks.ts";
import { makeUntrainedModel } from "./untrained_model.ts";

const MODEL = await makeUntrainedModel();

const PAIRS: StoredArtifact = { key: "pairs", dir: makeDir(), facts: {} };
await writePairs(PAIRS.dir);

const kind = finetuning(toyPairs);
const INPUTS = { model: [MODEL], data: [PAIRS] };
const PARAMS = {
  rows: 20,
  length: 16,
  steps: 200,
  learningRate: 1e-2,
  seed: 3,
  evaluate: ["dev", "test"],
  earlyStopping: { metric: "accuracy", patience: 2, every: 5 },
};

const measuredOn = (values: readonly number[]): TrainMeasurement[] =>
  values.flatMap((value, i) => [
    { type: "measurement", step: i + 1, name: "f1", split: "dev", value },
    { type: "measurement", step: i + 1, name: "f1", split: "train", value: 9 },
  ]);

Deno.test("a training is over when the patience has passed since its best measurement", () => {
  const rule = { metric: "f1", better: "higher", patience: 2 } as const;
  const cases: [number[], number | undefined, boolean][] = [
    [[], undefined, false],
    [[1], 1, false],
    [[1, 0.5], 1, false],
    [[1, 0.5, 1], 1, true],
    [[1, 0.5, 2, 1], 3, false],
    [[NaN, 0.5, NaN, NaN], 2, true],
  ];
  for (const [values, step, over] of cases) {
    assert.equal(bestOf(measuredOn(values), rule)?.step, step, String(values));
    assert.equal(isOver(measuredOn(values), rule), over, String(values));
  }
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1 }), (values) => {
    const best = bestOf(measuredOn(values), { metric: "f1", better: "lower" })!;
    assert.equal(best.step, values.indexOf(Math.min(...values)) + 1);
  }));
});

async function filesOf(dir: string): Promise<Record<string, string>> {
  const names = ["", "model/"].flatMap((folder) =>
    [...Deno.readDirSync(join(dir, folder))].flatMap(({ name, isFile }) =>
      isFile ? folder + name : []
    )
  );
  const digests = names.map(async (name) => [name, await sha256File(join(dir, name))] as const);
  return Object.fromEntries(await Promise.all(digests));
}

const run = (more: Partial<MadeOptions> = {}) =>
  runKind(kind, { params: PARAMS, inputs: INPUTS, ...more });

const WHOLE = await run();

Deno.test("a fine-tuning stops early and leaves its best weights", async () => {
  const { outcome, artifact, events } = WHOLE;
  const on = events.flatMap((each) =>
    each.type === "measurement" && each.split === "dev" && each.name === "accuracy" ? [each] : []
  );
  const { steps, bestStep } = JSON.parse(
    await Deno.readTextFile(join(artifact.dir, "scores.json")),
  );
  assert(steps < 200 && bestStep < steps, `${bestStep} of ${steps}`);
  assert.equal(steps - bestStep, 10);
  assert.equal(outcome.facts.ownSteps, steps);
  const best = Math.max(...on.map(({ value }) => value));
  assert.equal(on.find(({ step }) => step === bestStep)!.value, best);
  assert.equal(outcome.scores.find(({ split }) => split === "dev")!.value, best);
  const evaluated = await runKind(evaluation(toyPairs), {
    params: { parts: ["dev", "test"] },
    inputs: { model: [artifact], data: [PAIRS] },
  });
  assert.deepEqual(evaluated.outcome.scores, outcome.scores);
});

Deno.test("stopped at any moment and run again, early stopping gives the bits of one run", async () => {
  const expected = await filesOf(WHOLE.artifact.dir);
  const { steps } = JSON.parse(await Deno.readTextFile(join(WHOLE.artifact.dir, "scores.json")));
  for (const stopAt of [3, 5, 12, steps - 5, steps]) {
    let seen = 0;
    const { context, abort } = await makeRun(kind, {
      params: PARAMS,
      inputs: INPUTS,
      onEvent: (event) => {
        // While dev is predicted for the n-th time, which is step 5 n, or a step before that.
        if (event.type !== "progress" || event.phase !== "predicting dev") return;
        if (event.done === 0 && ++seen === Math.ceil(stopAt / 5)) abort.abort(new Error("stop"));
      },
    });
    await assert.rejects(kind.run(context), { message: "stop" }, `${stopAt}`);
    const resumed = await run({ scratchDir: context.scratchDir });
    assert.deepEqual(await filesOf(resumed.artifact.dir), expected, `${stopAt}`);
    assert.deepEqual(resumed.outcome, WHOLE.outcome);
  }
});

Deno.test("a training without an end in sight of dev cannot stop by it", () => {
  const params = kind.params.parse({ ...PARAMS, train: ["train", "dev"], evaluate: ["test"] });
  assert.deepEqual(kind.check!(params).map(({ path, message }) => [path, message]), [
    ["earlyStopping", "dev is trained on, so that it cannot say when to stop"],
  ]);
  assert.equal(kind.params.safeParse({ earlyStopping: { metric: "loss" } }).success, false);
});
