/** The database as a person meets it: what sql may do, and what a lost or damaged one costs. */
import assert from "node:assert/strict";
import { TempDir } from "../_support/temp_dir.ts";
import { finished, titrate } from "../_support/titrate.ts";
import { until } from "../_support/until.ts";
import { TinyStudy } from "./tiny_study.ts";

const CASE = new URL("../../../shared/cases/03-sql-writes/", import.meta.url);
const isThere = await Deno.stat(CASE).then(() => true, () => false);

Deno.test({
  name: "sql destroys no database: statements that write files are refused with 2 (case 03)",
  ignore: !isThere,
  async fn() {
    using dir = new TempDir();
    await Deno.copyFile(new URL("spec.yaml", CASE), `${dir.path}/spec.yaml`);
    const call = (...args: string[]) => finished(titrate(args, { cwd: dir.path }).spawn());
    const run = await call("run", "spec.yaml", "--quiet", "--only", "stage=vocab");
    assert.equal(run.code, 0, run.stderr);
    const names = () =>
      Array.from(Deno.readDirSync(`${dir.path}/results`), ({ name }) => name).sort();
    const before = {
      names: names(),
      bytes: await Deno.readFile(`${dir.path}/results/titrate.duckdb`),
    };
    for (
      const statement of [
        "DELETE FROM scores",
        "EXPORT DATABASE 'results/titrate.duckdb.tmp/'",
        "COPY (SELECT 1) TO 'results/titrate.duckdb.wal'",
        "COPY (SELECT 1) TO 'results/titrate.duckdb' (USE_TMP_FILE false)",
      ]
    ) {
      const { code, stderr } = await call("sql", statement);
      assert.equal(code, 2, statement);
      assert.match(stderr, /\[store\/sql\]\n {2}mend: /);
      assert.doesNotMatch(stderr, /^\s+at .*\.ts:/m);
    }
    const after = {
      names: names(),
      bytes: await Deno.readFile(`${dir.path}/results/titrate.duckdb`),
    };
    assert.deepEqual(after, before);
    const count = await call(
      "sql",
      "-- how many?\nSELECT count(*) AS n FROM tasks; SELECT 2 AS m",
    );
    assert.equal(count.stdout, "n\n2\n(1 row)\n\nm\n2\n(1 row)\n", count.stderr);
  },
});

Deno.test("a lost database is made anew by the next run, with runs, cells and what explain goes by", async () => {
  await using study = await TinyStudy.make();
  const only = ["--only", "stage=vocab"];
  await study.run(...only);
  await study.edit("size: 200", "size: 210");
  await study.run(...only);
  const questions = ["runs", "cells", "history", "identities", "specs", "params"]
    .map((table) => `FROM ${table} ORDER BY ALL`);
  const before = await study.sql(questions.join(";").split(";")[1]!);
  await Deno.remove(study.path("results/titrate.duckdb"));
  await study.edit("size: 210", "size: 220");
  const { stdout, code, stderr } = await study.call("explain", "study.yaml", "vocab");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^vocab: run\n.*\n {2}new\n/, "without a database nothing is known");
  await study.edit("size: 220", "size: 210");
  assert.equal((await study.run(...only)).tasks.ran, 0);
  assert.deepEqual(await study.sql(questions[1]!), before);
  assert.deepEqual(await study.sql("SELECT count(*) AS n FROM runs"), [{ n: 3 }]);
  const [{ text }] = await study.sql("SELECT text FROM specs ORDER BY run LIMIT 1");
  assert.match(text, /^about: a study for tests\n/);
  await study.edit("size: 210", "size: 220");
  const explained = await study.call("explain", "study.yaml", "vocab");
  assert.match(explained.stdout, /size/);
  assert.match(explained.stdout, /210/);
});

Deno.test("a flipped digit in measurements never becomes a row: the artifact is set aside and made anew", async () => {
  await using study = await TinyStudy.make();
  const only = ["--only", "stage=pretrain", "--only", "steps=2", "--only", "seed=1"];
  await study.run(...only);
  const losses = `SELECT step, name, split, value FROM measurements ORDER BY ALL`;
  const before = await study.sql(losses);
  const [{ key }] = await study.sql("SELECT key FROM tasks WHERE kind = 'pretrain'");
  const path = study.path(`results/store/objects/${key.slice(0, 2)}/${key}/measurements.jsonl`);
  await new Deno.Command("chmod", { args: ["u+w", path] }).output();
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(
    path,
    text.replace(/("value":\d\.)(\d)/, (_, head, digit) => `${head}${(Number(digit) + 1) % 10}`),
  );
  await Deno.remove(study.path("results/titrate.duckdb"));
  const { code, stdout, stderr } = await study.call("run", "study.yaml", "--json", ...only);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).tasks.ran, 1);
  assert.match(stderr, /measurements\.jsonl is not what was written/);
  assert.deepEqual(await study.sql(losses), before);
});

Deno.test("two specs of one name are refused while both are there, and a moved one keeps its results", async () => {
  await using study = await TinyStudy.make();
  const only = ["--only", "stage=text"];
  await study.run(...only);
  const spec = await Deno.readTextFile(study.path("study.yaml"));
  await Deno.mkdir(study.path("other"));
  await study.write("other/study.yaml", spec.replaceAll("path: text.txt", "path: ../text.txt"));
  const refused = await study.call("run", "other/study.yaml", ...only);
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(
    refused.stderr,
    /other\/study\.yaml: the results of "study" here are of another spec: .*\/study\.yaml \[store\/name-taken\]\n {2}mend: .*--name NAME/,
  );
  const named = await study.call("run", "other/study.yaml", "--name", "mine", ...only);
  assert.equal(named.code, 0, named.stderr);
  await Deno.remove(study.path("study.yaml"));
  const moved = await study.call("run", "other/study.yaml", ...only);
  assert.equal(moved.code, 0, moved.stderr);
  assert.deepEqual(await study.sql("SELECT experiment FROM experiments ORDER BY 1"), [
    { experiment: "mine" },
    { experiment: "study" },
  ]);
});

Deno.test("results that are deleted during a run are noticed: it fails and says so", async () => {
  await using study = await TinyStudy.make();
  await study.edit("steps: [2, 4]", "steps: [2, 200000]");
  await study.run("--only", "stage=shards");
  const child = study.start(
    "run",
    "study.yaml",
    "--json",
    "--only",
    "stage=pretrain",
    "--only",
    "seed=1",
  );
  const ended = finished(child);
  await until(
    "a training is done",
    async () =>
      (await study.sql(
        "SELECT count(*) AS n FROM tasks WHERE kind = 'pretrain' AND state = 'done'",
      ))[
        0
      ].n > 0,
  );
  const objects = study.path("results/store/objects");
  await new Deno.Command("chmod", { args: ["-R", "u+w", objects] }).output();
  await Deno.remove(objects, { recursive: true });
  child.kill("SIGINT");
  const { stdout, stderr } = await ended;
  assert.match(stderr, /artifacts of this run were deleted while it was on/);
  assert.ok(JSON.parse(stdout).tasks.failed >= 4, stdout);
});

for (const flags of [[], ["--detached"]]) {
  const called = ["run", "study.yaml", "--json", "--only", "stage=pretrain", ...flags];
  Deno.test(`results that are moved away during ${called.join(" ")} end it: nothing is lost, nothing begun in their place`, async () => {
    await using study = await TinyStudy.make();
    await study.edit("steps: [2, 4]", "steps: [2, 200000]");
    const child = study.start(...called);
    const ended = finished(child);
    const done = "SELECT count(*) AS n FROM tasks WHERE kind = 'pretrain' AND state = 'done'";
    await until("a training is done", async () => (await study.sql(done))[0].n > 0);
    await Deno.rename(study.path("results"), study.path("elsewhere"));
    const { code, stdout, stderr } = await ended;
    assert.equal(code, 1, stderr);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^results: the results folder was moved away, or deleted, while the run was on \[store\/folder-gone\]\n {2}mend: put it back there and run again: /m,
    );
    assert.doesNotMatch(stderr, /\n\s+at |This is a bug| failed/);
    await assert.rejects(Deno.stat(study.path("results")), Deno.errors.NotFound);
    await Deno.rename(study.path("elsewhere"), study.path("results"));
    await study.edit("steps: [2, 200000]", "steps: [2]");
    const { tasks } = await study.run("--only", "stage=pretrain");
    assert.ok(tasks.cached >= 4 && tasks.failed === 0, JSON.stringify(tasks));
  });
}
