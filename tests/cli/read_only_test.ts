import assert from "node:assert/strict";
import { TinyStudy } from "./tiny_study.ts";

Deno.test("plan, sql and status write nothing, and need no right to", async (t) => {
  await using study = await TinyStudy.make();

  await t.step("before any run they make no folder", async () => {
    assert.equal((await study.call("plan", "study.yaml")).code, 0);
    assert.equal((await study.call("sql", "SELECT 1")).code, 2);
    await study.call("status");
    await assert.rejects(Deno.stat(study.path("results")), Deno.errors.NotFound);
  });

  await t.step("a damaged artifact is told and stays for the run to set aside", async () => {
    await study.run("--only", "stage=vocab");
    const [{ key }] = await study.sql("SELECT key FROM cells WHERE stage = 'text'");
    const artifact = study.path(`results/store/objects/${key.slice(0, 2)}/${key}`);
    const [file] = Array.from(Deno.readDirSync(artifact), ({ name }) => name)
      .filter((name) => name !== "artifact.json");
    await Deno.chmod(`${artifact}/${file}`, 0o600);
    await Deno.truncate(`${artifact}/${file}`, 1);
    const { code, stdout, stderr } = await study.call("plan", "study.yaml");
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`warning: artifact ${key} `));
    assert.match(stdout, /12 tasks/);
    assert.ok((await Deno.stat(artifact)).isDirectory);
  });
});
