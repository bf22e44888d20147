/** Every form of a fit that a spec can name, from trainings on the synthetic world to its rows. */
import assert from "node:assert/strict";
import { FIT_FORMS } from "../../lib/analysis/fit_forms.ts";
import { SMALL_TRAINING, TinyStudy } from "./tiny_study.ts";

const STEPS = [1, 2, 3, 4, 6, 8];

const SPEC = `axes:
  steps: [${STEPS.join(", ")}]
  hidden: [8, 16]
stages:
  world:
    uses: synthetic-world
    with: { seed: 1, nerTrain: 20, nerDev: 8, nerTest: 8 }
  vocab:
    uses: vocab
    with: { corpora: [$(stages.world.general), $(stages.world.domain)], size: 512, alphabet: corpus }
  general: { uses: shards, with: { corpus: $(stages.world.general), vocab: $(stages.vocab) } }
  domain: { uses: shards, with: { corpus: $(stages.world.domain), vocab: $(stages.vocab) } }
  start:
    uses: pretrain
    with:
      corpus: $(stages.general)
      validation: $(stages.domain)
      model: { layers: 1, hiddenSize: $(axis.hidden), heads: 2, positions: 32 }
      steps: 3
${SMALL_TRAINING}      seed: 1
  further:
    uses: pretrain
    with:
      init: $(stages.start)
      corpus: $(stages.domain)
      steps: $(axis.steps)
${SMALL_TRAINING}      seed: 1
  ner:
    uses: ner
    with: { model: $(stages.further), data: $(stages.world.ner), steps: 2, length: 32, seed: 1 }
fits:
`;

/** What each form stands against, in the order of its variables. */
const AGAINST: Readonly<Record<string, readonly [stage: "further" | "ner", ...facts: string[]]>> = {
  saturating: ["further", "steps"],
  chinchilla: ["further", "parameters", "seenTokens"],
  kaplan: ["further", "parameters", "allTokens"],
  "repeated-data": ["further", "parameters", "seenTokens", "uniqueTokens"],
  transfer: ["further", "seenTokens", "parameters"],
  "domain-share": ["further", "parameters", "allTokens", "furtherShare"],
  "loss-to-task": ["ner", "heldOutLossNats"],
};

/** A fit's name in the spec. */
const nameOf = (form: string) => form.replaceAll("-", "_");

Deno.test("every form of a fit that a spec names comes to a row of fits with its parameters", async () => {
  assert.deepEqual(Object.keys(AGAINST), FIT_FORMS);
  await using study = await TinyStudy.make();
  const fits = Object.entries(AGAINST).map(([form, [stage, ...facts]]) => {
    const score = stage === "ner"
      ? "benchmark: ner, metric: f1, split: test"
      : "benchmark: mlm, metric: lossNats, split: validation";
    return `  ${nameOf(form)}: { stage: ${stage}, ${score}, form: ${form}, against: [${
      facts.join(", ")
    }] }\n`;
  });
  await study.write("study.yaml", `${SPEC}${fits.join("")}`);
  const { tasks, fits: told } = await study.run();
  assert.equal(tasks.failed, 0);
  const rows = await study.sql(
    `SELECT fit, against, points, fits.parameters, fits.goodness->>'rmse' AS rmse, tasks.kind
     FROM fits JOIN tasks USING (key) ORDER BY fit`,
  );
  assert.deepEqual(rows.map(({ fit }) => fit), FIT_FORMS.map(nameOf).sort());
  const facts = new Map(
    Object.entries(AGAINST).map(([form, [, ...facts]]) => [nameOf(form), facts]),
  );
  for (const { fit, against, points, parameters, rmse, kind } of rows) {
    assert.equal(kind, "fit");
    assert.equal(points, 2 * STEPS.length, fit);
    assert.equal(against.split(", ").length, facts.get(fit)!.length);
    assert.ok(Object.keys(parameters ?? {}).length > 1, `${fit} has no parameters`);
    for (const value of Object.values(parameters)) assert.ok(Number.isFinite(value), fit);
    assert.ok(Number(rmse) >= 0, fit);
    assert.deepEqual(told.find((each) => each.fit === fit)?.parameters, parameters, fit);
  }
});
