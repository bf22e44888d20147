import assert from "node:assert/strict";
import { TASKS, TinyStudy } from "./tiny_study.ts";

const FIT = `fits:
  by_steps: { stage: pretrain, benchmark: mlm, metric: lossNats, split: validation, against: steps }
`;
/** Those of the study with a fit. */
const WITH_FIT = TASKS + 1;

Deno.test("a lost database comes back from the artifacts, and a cached run fills in the cells", async () => {
  await using study = await TinyStudy.make();
  await study.write("study.yaml", `${await Deno.readTextFile(study.path("study.yaml"))}${FIT}`);
  await study.run();
  const questions = [
    "SELECT * FROM results ORDER BY ALL",
    "SELECT * FROM measurements ORDER BY ALL",
    "SELECT * FROM params ORDER BY ALL",
    "SELECT * FROM fits ORDER BY ALL",
  ];
  const before = await Promise.all(questions.map((each) => study.sql(each)));
  assert.ok(before.every((rows) => rows.length > 0));

  await Deno.remove(study.path("results/titrate.duckdb"));
  const { code, stderr } = await study.call("rebuild");
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`^${WITH_FIT} artifacts and 1 run recorded`));
  for (const each of [1, 2, 3]) assert.deepEqual(await study.sql(questions[each]!), before[each]);
  assert.equal((await study.run()).tasks.cached, WITH_FIT);
  const after = await Promise.all(questions.map((each) => study.sql(each)));
  assert.deepEqual(after, before);

  const status = await study.call("status");
  assert.match(status.stdout, /^study .* done +13\/13 +13 +13 +0 +0 .* 13 done$/m);
});

Deno.test("what rebuild sets aside is made anew by the next run, though all that read it are cached", async () => {
  await using study = await TinyStudy.make();
  await study.run();
  const question = "SELECT * EXCLUDE (is_current) FROM results ORDER BY ALL";
  const before = await study.sql(question);
  const { stdout } = await study.call("where", "study.yaml", "pretrain{steps=4, seed=1}");
  const path = `${stdout.trim()}/measurements.jsonl`;
  await Deno.chmod(path, 0o644);
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace(/"value":\d/, '"value":9'));

  await Deno.remove(study.path("results/titrate.duckdb"));
  const { code, stderr } = await study.call("rebuild");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /measurements\.jsonl is not what was written; it is set aside as /);
  const { tasks } = await study.run();
  assert.deepEqual(tasks, { total: TASKS, cached: TASKS - 1, ran: 1, failed: 0 });
  assert.deepEqual(await study.sql(question), before);
  assert.equal((await study.run()).tasks.cached, TASKS);
});
