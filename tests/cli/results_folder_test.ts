import assert from "node:assert/strict";
import { TinyStudy } from "./tiny_study.ts";

for (
  const name of [
    "out",
    "deep/er/out",
    "with, comma",
    "a b",
    "#1%20",
    "größe",
    "~",
    "~/out",
  ]
) {
  Deno.test(`results may stand anywhere: --results "${name}"`, async () => {
    await using study = await TinyStudy.make();
    await check(study, name);
  });
}

Deno.test("results may stand anywhere: an absolute path, and one through a link", async () => {
  await using study = await TinyStudy.make();
  await using other = await TinyStudy.make();
  await check(study, other.path("else, where"));
  await Deno.mkdir(other.path("real"));
  await Deno.symlink(other.path("real"), study.path("link"));
  await check(study, "link");
  assert.ok((await Deno.stat(other.path("real/store"))).isDirectory);
});

async function check(study: TinyStudy, results: string): Promise<void> {
  const where = ["--results", results];
  const { tasks } = await study.run("--only", "stage=vocab", ...where);
  assert.deepEqual(tasks, { total: 2, cached: 0, ran: 2, failed: 0 });
  const folder = results.startsWith("/") ? results : study.path(results);
  assert.ok((await Deno.stat(`${folder}/titrate.duckdb`)).isFile);
  assert.ok((await Deno.stat(`${folder}/store`)).isDirectory);
  const plan = await study.call("plan", "study.yaml", "--only", "stage=vocab", ...where);
  assert.equal(plan.code, 0, plan.stderr);
  assert.match(plan.stdout, /2 tasks, 2 cached, 0 to run/);
  const sql = await study.call(
    "sql",
    "SELECT count(*) AS n FROM runs",
    "--format",
    "csv",
    ...where,
  );
  assert.equal(sql.stdout, "n\n1\n", sql.stderr);
  const status = await study.call("status", ...where);
  assert.match(status.stdout, /study/, status.stderr);
  const rebuild = await study.call("rebuild", ...where);
  assert.equal(rebuild.code, 0, rebuild.stderr);
}
