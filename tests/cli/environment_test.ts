import assert from "node:assert/strict";
import { finished, titrate } from "../_support/titrate.ts";
import { TinyStudy } from "./tiny_study.ts";

Deno.test("a run goes well with LD_ variables set, as on CUDA and cluster machines", async () => {
  await using study = await TinyStudy.make();
  const env = { LD_LIBRARY_PATH: study.dir, LD_PRELOAD: "libc.so.6", LD_BIND_NOW: "1" };
  const args = ["run", "study.yaml", "--only", "stage=vocab", "--json"];
  const { code, stdout, stderr } = await finished(titrate(args, { cwd: study.dir, env }).spawn());
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).tasks, { total: 2, cached: 0, ran: 2, failed: 0 });
});

Deno.test("a run starts its workers by the path of the Deno that runs, not by a name", async () => {
  await using study = await TinyStudy.make();
  const args = ["run", "study.yaml", "--only", "stage=vocab", "--json"];
  const call = titrate(args, { cwd: study.dir, env: { PATH: "/none" } });
  const { code, stdout, stderr } = await finished(call.spawn());
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).tasks.ran, 2);
});

Deno.test("a command sees the variables that its spec declares and no others", async () => {
  await using study = await TinyStudy.make();
  await study.edit("about: a study", "env: { TEXT_FILE: none.txt }\nabout: a study");
  await study.edit("path: text.txt", "path: $(env.TEXT_FILE)");
  const plan = async (env: Record<string, string>) =>
    await finished(titrate(["plan", "study.yaml"], { cwd: study.dir, env }).spawn());
  const set = await plan({ TEXT_FILE: "text.txt" });
  assert.equal(set.code, 0, set.stderr);
  assert.match((await plan({})).stderr, /none\.txt/);
});
