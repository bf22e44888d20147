import assert from "node:assert/strict";
import { TinyStudy } from "./tiny_study.ts";

Deno.test("the spec is recorded as it is written, comments and files that it extends included", async () => {
  await using study = await TinyStudy.make();
  const base = "# the world\nstages:\n  world: { uses: synthetic-world }\n";
  const top = "extends:   base.yaml # odd spacing\nabout: a trial\n";
  await study.write("base.yaml", base);
  await study.write("top.yaml", top);
  const { code, stderr } = await study.call("run", "top.yaml", "--set", "stages.world.with.seed=3");
  assert.equal(code, 0, stderr);
  const rows = await study.sql("SELECT file, text FROM specs ORDER BY place");
  assert.deepEqual(rows.map(({ text }) => text), [top, base]);
  assert.deepEqual(rows.map(({ file }) => file), ["top.yaml", "base.yaml"]);
});
