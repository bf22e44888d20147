/** Choose on dev, retrain, test once: through the real command line. */
import assert from "node:assert/strict";
import { SMALL_TRAINING, SPEC, TinyStudy } from "./tiny_study.ts";

/** Text, vocabulary, shards, sentences as in `SPEC`; then two seeds of each rate, and the rest. */
const PROTOCOL = `${SPEC.slice(0, SPEC.indexOf("  pretrain:"))}  start:
    uses: pretrain
    with:
      corpus: $(stages.shards)
      model: { layers: 1, hiddenSize: 16, heads: 2, positions: 32 }
      steps: 0
${SMALL_TRAINING}      seed: 1
  tune:
    uses: ner
    with: &tuning
      model: $(stages.start)
      data: $(stages.entities)
      steps: 30
      rows: 4
      length: 32
      learningRate: $(axis.rate)
      seed: $(axis.seed)
      evaluate: [dev]
  seeds: { uses: mean, over: [seed], with: { of: $(stages.tune) } }
  best: { uses: choose, over: [rate], with: { candidates: $(stages.seeds), metric: f1 } }
  final:
    uses: ner
    with:
      model: $(stages.start)
      data: $(stages.entities)
      choice: $(stages.best)
      steps: 30
      rows: 4
      length: 32
      train: [train, dev]
      evaluate: []
      seed: $(axis.last)
  tested: { uses: evaluate-ner, with: { model: $(stages.final), data: $(stages.entities) } }
  result: { uses: mean, over: [last], with: { of: $(stages.tested) } }
`.replace("steps: [2, 4]\n  seed: [1, 2]", "rate: [1e-6, 1e-2]\n  seed: [1, 2]\n  last: [5, 6]")
  // No alias uses it: what is chosen is left open where it is retrained.
  .replace(" &tuning", "");

/** Prologue and start; per rate two trainings and their mean; choice, two times two, mean. */
const TASKS = (rates: number) => 5 + 3 * rates + 1 + 4 + 1;

Deno.test("a choice is made on dev, retrained and tested once; one more rate runs what it changes", async (t) => {
  await using study = await TinyStudy.make();
  await study.write("study.yaml", PROTOCOL);

  await t.step("what was not chosen has no test score in the database", async () => {
    const { tasks } = await study.run();
    assert.deepEqual(tasks, { total: TASKS(2), cached: 0, ran: TASKS(2), failed: 0 });
    const scored = await study.sql(
      "SELECT DISTINCT stage, split FROM results WHERE metric = 'f1' ORDER BY stage, split",
    );
    assert.deepEqual(scored.map(({ stage, split }) => `${stage} ${split}`), [
      "best dev",
      "result test",
      "seeds dev",
      "tested test",
      "tune dev",
    ]);
    const [{ kinds }] = await study.sql(
      "SELECT string_agg(DISTINCT tasks.kind, ',') AS kinds FROM scores JOIN tasks USING (key) " +
        "WHERE scores.split = 'test' AND scores.benchmark <> 'leakage'",
    );
    assert.deepEqual(kinds.split(",").sort(), ["evaluate-ner", "mean"]);
  });

  await t.step("what was chosen can be asked for", async () => {
    const chosen = await study.sql(
      "SELECT name, value FROM curves WHERE stage = 'best' AND name LIKE 'chosen/%'",
    );
    assert.deepEqual(chosen, [{ name: "chosen/learningRate", value: 1e-2 }]);
    const { stdout } = await study.call("run", "study.yaml");
    // A table of the candidates on dev, one of the tested, and the mean with its error.
    assert.match(stdout, /^seeds: ner dev f1, %\n *rate/m);
    // Its seeds are one entry with their deviation, not an axis of which one is the best.
    assert.match(stdout, /^tested +ner test f1, % +[\d.]+ ±[\d.]+/m);
    assert.match(stdout, /^result +ner test f1, % /m);
    const seeds = await study.sql(
      "SELECT stage, list(DISTINCT seed ORDER BY seed) AS seeds FROM results " +
        "WHERE stage IN ('tested', 'result') GROUP BY stage ORDER BY stage",
    );
    assert.deepEqual(seeds, [
      { stage: "result", seeds: [null] },
      { stage: "tested", seeds: [5, 6] },
    ]);
    assert.match(stdout, /^\( \) of a mean over cells: its standard error over them$/m);
  });

  await t.step("plan and explain tell what one more rate adds", async () => {
    const before = await study.call("explain", "study.yaml", "best");
    assert.equal(before.code, 0, before.stderr);
    await study.edit("rate: [1e-6, 1e-2]", "rate: [1e-6, 1e-2, 2e-6]");
    const { stdout } = await study.call("plan", "study.yaml");
    assert.match(stdout, new RegExp(`^study: ${TASKS(3)} tasks, ${5 + 6} cached`, "m"));
    assert.match(stdout, /^5 tasks of these follow what is still to be chosen: such as are there/m);
    assert.match(stdout, /^final\{last=5\} +\(not yet\) +run +30 +follows what best will choose$/m);
    const { stdout: why } = await study.call("explain", "study.yaml", "best");
    assert.match(why, /inputs\.candidates\[\d\]: \(none\) -> [0-9a-f]{12}/);
    assert.equal(why.match(/inputs\.candidates.* -> /g)!.length, 1, why);
    const { stdout: late } = await study.call("explain", "study.yaml", "final{last=5}");
    assert.equal(
      late,
      "final{last=5}: run\n  key not known yet\n  follows what best will choose\n",
    );
  });

  const scored = `SELECT stage, axes, key, metric, value FROM results
    WHERE benchmark = 'ner' ORDER BY ALL`;
  let before: unknown;
  await t.step(
    "a rate that does not win is trained and chosen against, and nothing follows",
    async () => {
      before = (await study.sql(scored)).filter(({ stage }) =>
        /^(final|tested|result)$/.test(stage)
      );
      const { tasks, scores } = await study.run();
      assert.deepEqual(tasks, { total: TASKS(3), cached: 5 + 6 + 5, ran: 3 + 1, failed: 0 });
      assert.equal(scores.filter(({ stage }) => stage === "result").length > 0, true);
      const after = await study.sql(scored);
      assert.deepEqual(after.filter(({ stage }) => /^(final|tested|result)$/.test(stage)), before);
      assert.deepEqual((await study.run()).tasks.ran, 0);
    },
  );

  await t.step("explain, where and the database tell what a task follows", async () => {
    const { stdout } = await study.call("explain", "study.yaml", "final{last=6}");
    assert.match(stdout, /^final\{last=6\}: cached\n {2}key [0-9a-f]{64}$/m);
    assert.match(
      stdout,
      /^ {2}follows best, which chose seeds\{rate=0\.01\} \(learningRate 0\.01\)$/m,
    );
    assert.match(stdout, /^ {4}params\.learningRate: 0\.01$/m);
    const { stdout: folder } = await study.call("where", "study.yaml", "final{last=6}");
    const [key] = /[0-9a-f]{64}/.exec(folder)!;
    const [{ count }] = await study.sql(
      `SELECT count(*) AS count FROM lineage WHERE stage = 'tested' AND task_key = '${key}'`,
    );
    assert.equal(count, 1);
    const read = await study.sql(
      "SELECT DISTINCT read_as FROM lineage WHERE stage = 'final' AND distance = 1 ORDER BY ALL",
    );
    assert.deepEqual(read.map(({ read_as }) => read_as), ["data", "model"]);
  });

  await t.step("rebuild brings back what follows a choice", async () => {
    const now = await study.sql(scored);
    assert.equal((await study.call("rebuild")).code, 0);
    assert.deepEqual(await study.sql(scored), now);
  });
});

Deno.test("a candidate that would be scored on test is refused before anything runs", async () => {
  await using study = await TinyStudy.make();
  await study.write("study.yaml", PROTOCOL.replace("      evaluate: [dev]\n", ""));
  const { code, stderr } = await study.call("run", "study.yaml");
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^study\.yaml:\d+:\d+: stage "best": every candidate would be scored on test, not just the chosen one \[experiment\/params\]\n {2}mend: write evaluate: \[dev\] in their stage/m,
  );
});
