/** Choices and means, from scores that are made up. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import type { JsonObject } from "../../../lib/base/canonical.ts";
import type { Score } from "../../../lib/base/measures.ts";
import type { Facts } from "../../../lib/graph/task.ts";
import { choiceArtifact } from "../../../lib/tasks/reduce/choice_artifact.ts";
import { metricsOf } from "../../../lib/tasks/reduce/metrics.ts";
import { loadKinds } from "../../../lib/graph/kinds.ts";
import { kinds as registry } from "../../../lib/tasks/registry.ts";
import { type KindRun, type MadeInput, makeDir, runKind } from "../made_inputs.ts";

const kinds = await loadKinds(registry);

const choose = kinds.get("choose")!, mean = kinds.get("mean")!;

/** What a fine-tuning leaves, as far as reductions look at it. */
function cell(
  key: string,
  value: number,
  { params = {}, metric = "f1", split = "dev", facts = {}, kind = "ner" }: {
    readonly params?: JsonObject;
    readonly metric?: string;
    readonly split?: string;
    readonly facts?: Facts;
    readonly kind?: string;
  } = {},
): MadeInput {
  const scores: Score[] = [{ benchmark: "made", metric, split, value }];
  return { key, dir: makeDir(), facts, made: { kind, params, scores } };
}

const warningsOf = ({ events }: KindRun) =>
  events.flatMap((each) => each.type === "warning" ? each.message : []);

const chosen = async (candidates: readonly MadeInput[], params: JsonObject = { metric: "f1" }) => {
  const made = await runKind(choose, { params, inputs: { candidates }, keepsModel: false });
  const text = await Deno.readTextFile(join(made.artifact.dir, "choice.json"));
  return { ...made, choice: JSON.parse(text) };
};

Deno.test("choose takes the best score as the metric's declaration has it, higher or lower", async () => {
  const rate = (learningRate: number) => ({ params: { learningRate, rows: 16 } });
  const high = await chosen([
    cell("a", 0.5, rate(1)),
    cell("b", 0.75, rate(2)),
    cell("c", NaN, rate(3)),
  ]);
  assert.deepEqual(high.outcome.scores, [
    { benchmark: "made", metric: "f1", split: "dev", value: 0.75 },
  ]);
  assert.deepEqual(await choiceArtifact.open(high.artifact.dir), {
    kind: "ner",
    params: { learningRate: 2 },
  });
  assert.deepEqual(high.choice.candidates.map(({ key }: { key: string }) => key), ["b", "a", "c"]);
  assert.deepEqual(warningsOf(high), []);
  const loss = { metric: "lossNats", split: "validation", kind: "pretrain" };
  const low = await chosen(
    [
      cell("a", 3, { ...loss, params: { steps: 1 } }),
      cell("b", 2, { ...loss, params: { steps: 2 } }),
    ],
    { metric: "lossNats", split: "validation" },
  );
  assert.deepEqual(low.choice.params, { steps: 2 });
});

Deno.test("choose tells ties, and breaks them by params in whatever order candidates come", async () => {
  const rows = [16, 8, 32].map((rows) => cell(`k${rows}`, 0.5, { params: { rows } }));
  const { choice, ...made } = await chosen(rows);
  assert.deepEqual(choice.params, { rows: 8 });
  assert.equal(choice.tied, 3);
  assert.deepEqual(warningsOf(made), [
    "3 candidates have the best f1, 0.5: rows=8, rows=16, rows=32; the first is taken",
  ]);
  const value = fc.constantFrom(0.25, 0.5, 0.75, NaN);
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 5 }), async (values) => {
      if (values.every(Number.isNaN)) return;
      const candidates = values.map((each, i) => cell(`k${i}`, each, { params: { rows: 9 - i } }));
      const best = Math.max(...values.filter((each) => !Number.isNaN(each)));
      const expected = values.length < 2 ? {} : { rows: 9 - values.lastIndexOf(best) };
      assert.deepEqual((await chosen(candidates)).choice.params, expected);
      assert.deepEqual((await chosen(candidates.toReversed())).choice.params, expected);
    }),
    { numRuns: 20 },
  );
});

Deno.test("choose says what cannot be chosen from", async () => {
  await assert.rejects(chosen([cell("a", NaN)]), (error: ExperimentError) => {
    assert.equal(error.faults[0]!.message, "no candidate has a f1 that is a number");
    return true;
  });
  const f1 = { benchmark: "made", metric: "f1", split: "dev" };
  const faultsOf = (params: JsonObject, candidates: readonly (typeof f1)[][]) =>
    choose.checkScores!(choose.params.parse(params), { candidates }).map(({ path, message }) =>
      `${path}: ${message}`
    );
  assert.deepEqual(faultsOf({ metric: "f1" }, [[f1]]), []);
  assert.deepEqual(faultsOf({ metric: "f1" }, [[f1, { ...f1, split: "test" }]]), [
    "candidates: every candidate would be scored on test, not just the chosen one",
  ]);
  assert.deepEqual(faultsOf({ metric: "accuracy" }, [[f1]]), [
    "metric: the candidates have no accuracy on dev",
  ]);
  assert.deepEqual(faultsOf({ metric: "f1" }, [[f1], [{ ...f1, benchmark: "other" }]]), [
    "benchmark: the candidates are scored on several data sets: made, other",
  ]);
  assert.deepEqual(faultsOf({ metric: "f1", split: "test" }, [[f1]]), [
    "split: what is chosen by test has no score that says how good it is",
  ]);
  assert.equal(choose.params.safeParse({ metric: "support" }).success, false);
});

const averaged = (of: readonly MadeInput[]) => runKind(mean, { inputs: { of } });

const scoresBy = ({ outcome }: KindRun) =>
  Object.fromEntries(outcome.scores.map(({ metric, value }) => [metric, value]));

Deno.test("mean gives mean, standard error, deviation, number and, beside them, the best", async () => {
  const of = [0.5, 0.75, 1].map((value, i) =>
    cell(`k${i}`, value, {
      params: { seed: i, rows: 8 },
      facts: { steps: 10, flops: i, ownSteps: 10 },
    })
  );
  const made = await averaged(of);
  assert.deepEqual(scoresBy(made), { f1: 0.75, f1Deviation: 0.25, f1Best: 1, cells: 3 });
  const [first] = made.outcome.scores;
  assert.equal(first!.standardError, 0.25 / Math.sqrt(3));
  // What all have alike can be fitted against; what each spent is no fact of the mean.
  assert.deepEqual(made.outcome.facts, { steps: 10 });
  const text = JSON.parse(await Deno.readTextFile(join(made.artifact.dir, "mean.json")));
  assert.deepEqual([text.kind, text.common], ["ner", { rows: 8 }]);
  const loss = [3, 1].map((value, i) =>
    cell(`l${i}`, value, { metric: "lossNats", split: "validation" })
  );
  assert.deepEqual((await averaged(loss)).outcome.scores.map(({ value }) => value), [
    2,
    Math.SQRT2,
    1,
    2,
  ]);
});

Deno.test("mean of one cell has no deviation and says so", async () => {
  const made = await averaged([cell("a", 0.5)]);
  assert.deepEqual(scoresBy(made), { f1: 0.5, f1Best: 0.5, cells: 1 });
  assert.equal(made.outcome.scores[0]!.standardError, undefined);
  assert.deepEqual(warningsOf(made), [
    "one cell has no deviation, and its mean no standard error",
  ]);
});

Deno.test("mean does not depend on the order of cells, to the bit", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 6 }),
      async (values) => {
        const of = values.map((value, i) => cell(`k${i}`, value));
        const [a, b] = [await averaged(of), await averaged(of.toReversed())];
        assert.deepEqual(a.outcome, b.outcome);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("a choice among means is of what their cells have in common", async () => {
  const means = await Promise.all([1, 2].map(async (learningRate) => {
    const cells = [1, 2].map((seed) =>
      cell(`${learningRate}-${seed}`, learningRate / 4, { params: { learningRate, seed } })
    );
    return (await averaged(cells)).artifact;
  }));
  const { choice } = await chosen(means);
  assert.deepEqual([choice.kind, choice.params], ["ner", { learningRate: 2 }]);
});

Deno.test("what mean and choose will score is known from what they read", () => {
  const of = [[{ benchmark: "made", metric: "f1", split: "test" }]];
  assert.deepEqual(mean.scores!({}, { of }).map(({ metric }) => metric), [
    "f1",
    "f1Deviation",
    "f1Best",
    "cells",
  ]);
  for (const { metric } of mean.scores!({}, { of })) assert(metric in mean.metrics!, metric);
  assert.equal(mean.checkScores!({}, { of: [[]] })[0]!.message, "what is averaged has no scores");
});

Deno.test("a metric's name means one thing in all kinds", () => {
  const metric = { unit: "nats", isHeadline: true, about: "." };
  assert.throws(
    () =>
      metricsOf([{ kind: "a", metrics: { x: metric } }, {
        kind: "b",
        metrics: { x: { ...metric, unit: "s" } },
      }]),
    /"x" of b means another thing than that of a/,
  );
});
