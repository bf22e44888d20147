import assert from "node:assert/strict";
import { until } from "../_support/until.ts";
import { finished } from "../_support/titrate.ts";
import { type RunLine, type RunScore, TASKS, TinyStudy } from "./tiny_study.ts";

const FIT = `fits:
  by_steps: { stage: pretrain, benchmark: mlm, metric: lossNats, split: validation, against: steps }
`;

const lossAt = (scores: readonly RunScore[], steps: number) =>
  scores.filter(({ stage, metric, axes, split }) =>
    stage === "pretrain" && metric === "lossNats" && split === "validation" && axes.steps === steps
  ).map(({ value }) => value);

Deno.test("the grid and the fits go to standard output, progress to standard error", async () => {
  await using study = await TinyStudy.make();
  await study.write("study.yaml", `${await Deno.readTextFile(study.path("study.yaml"))}${FIT}`);
  const { code, stdout, stderr } = await study.call("run", "study.yaml");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^pretrain: .*lossNats/m);
  assert.match(stdout, /^fits: /m);
  assert.doesNotMatch(stderr, /^pretrain: .*lossNats/m);
  assert.doesNotMatch(stdout, /running|starting/);
  assert.match(stderr, /study: 13 tasks, 0 cached, 13 ran, 0 failed/);
  assert.match(
    stderr,
    /^every metric: deno task sql "FROM results WHERE experiment = 'study'"$/m,
  );
});

Deno.test("run --json carries scores, fits and warnings in its one line", async () => {
  await using study = await TinyStudy.make();
  await study.write("study.yaml", `${await Deno.readTextFile(study.path("study.yaml"))}${FIT}`);
  await study.edit("seed: [1, 2]", "seed: [1, 2]\n  width: [8]");
  const { code, stdout, stderr } = await study.call("run", "study.yaml", "--json");
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trimEnd().split("\n").length, 1);
  const line: RunLine = JSON.parse(stdout);
  assert.deepEqual(Object.keys(line), [
    "experiment",
    "run",
    "tasks",
    "elapsedMs",
    "answer",
    "scores",
    "fits",
    "warnings",
  ]);
  assert.equal(line.fits.find(({ fit }) => fit === "by_steps")?.points, 4);
  assert.match(line.warnings.join(), /no stage refers to the axis width/);
  const recorded = await study.sql(
    "SELECT key, metric, split, value FROM results ORDER BY ALL",
  );
  const told = line.scores.map(({ key, metric, split, value }) => ({ key, metric, split, value }));
  const order = (a: object, b: object) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
  assert.deepEqual(told.toSorted(order), recorded.toSorted(order));
  assert.ok(line.scores.every(({ facts }) => facts !== undefined));
  assert.deepEqual(
    line.scores.filter(({ stage, metric, split }) =>
      stage === "pretrain" && metric === "lossNats" && split === "validation"
    ).map(({ facts }) => facts.steps),
    [2, 2, 4, 4],
  );
});

Deno.test("a run prints its own results, not another run's of the same spec", async () => {
  await using study = await TinyStudy.make();
  const plain = await study.run();
  // A long trial of the same spec; while it trains, the spec itself is run from the cache.
  const rate = "stages.pretrain.with.schedule.learningRate=1e-2";
  const child = study.start(
    ...["run", "study.yaml", "--json", "--set", rate, "--only", "stage=pretrain"],
    ...["--set", "axes.steps=[2, 3000]"],
  );
  const ended = finished(child);
  await until(
    "the trial trains",
    async () =>
      (await study.sql("SELECT count(*) AS n FROM tasks WHERE state = 'running'"))[0].n > 0,
  );
  const between = await study.run();
  assert.deepEqual(between.tasks, { total: TASKS, cached: TASKS, ran: 0, failed: 0 });
  assert.deepEqual(between.scores, plain.scores);
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 0, stderr);
  const trial: RunLine = JSON.parse(stdout);
  assert.deepEqual(lossAt(trial.scores, 3000).length, 2);
  assert.equal(lossAt(trial.scores, 4).length, 0);
  assert.notDeepEqual(lossAt(trial.scores, 2), lossAt(plain.scores, 2));
});

Deno.test("a trial with --set has a name of its own and takes nothing from the experiment", async () => {
  await using study = await TinyStudy.make();
  await study.run();
  const before = await study.sql("FROM results ORDER BY ALL");
  const set = ["--set", "stages.ner.with.steps=3"];
  const trial = await study.run(...set);
  assert.match(trial.experiment, /^study\+[0-9a-f]{8}$/);
  assert.equal(trial.variant, "--set stages.ner.with.steps=3");
  assert.deepEqual(await study.sql("FROM results WHERE experiment = 'study' ORDER BY ALL"), before);
  const planned = await study.call("plan", "study.yaml", ...set);
  const name = `${trial.experiment} (--set stages.ner.with.steps=3)`;
  assert.ok(planned.stdout.includes(`\n${name}: 12 tasks`), planned.stdout);
  const explained = await study.call("explain", "study.yaml", ...set);
  assert.equal(explained.stdout, `${name}\neverything is cached\n`);

  // An override that changes nothing makes no variant, and --name wins over all.
  assert.equal((await study.run("--set", "stages.ner.with.steps=2")).experiment, "study");
  const named = await study.run("--name", "trial", ...set);
  assert.deepEqual([named.experiment, named.tasks.ran], ["trial", 0]);
  const wrong = await study.call("run", "study.yaml", "--name", "a b");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /Give up to 100 letters/);
});

Deno.test("the spec is kept as written, with the files that it extends", async () => {
  await using study = await TinyStudy.make();
  await study.write(
    "base.yaml",
    `# as it was\n${await Deno.readTextFile(study.path("study.yaml"))}`,
  );
  await study.write("study.yaml", "# why\nextends: base.yaml\nabout:   mine\n");
  await study.run("--only", "stage=text");
  const specs = await study.sql("SELECT file, text FROM specs ORDER BY place");
  assert.deepEqual(specs.map(({ file }) => file), ["study.yaml", "base.yaml"]);
  for (const { file, text } of specs) {
    assert.equal(text, await Deno.readTextFile(study.path(file)));
  }
});

Deno.test("tasks that another run does meanwhile count as cached, not as ran", async () => {
  await using study = await TinyStudy.make();
  await study.edit("steps: [2, 4]", "steps: [300]");
  const lines = await Promise.all([study.run(), study.run("--name", "other")]);
  const [one, other] = lines.map(({ tasks }) => tasks);
  assert.deepEqual([one!.failed, other!.failed], [0, 0]);
  assert.equal(one!.total, 8);
  assert.equal(one!.ran + other!.ran, one!.total, JSON.stringify(lines.map(({ tasks }) => tasks)));
});

Deno.test("a failed run says where its failures can be read", async () => {
  await using study = await TinyStudy.make();
  await study.write("test.tsv", "The\tO\nalpha\n");
  const { stderr } = await study.call("run", "study.yaml", "--only", "stage=entities");
  assert.match(stderr, /^every failure: deno task sql "FROM failures"$/m);
  const [failure] = await study.sql("FROM failures");
  assert.equal(failure.stage, "entities");
  assert.equal(failure.line_number, 2);
  assert.match(failure.mend, /./);
});
