import assert from "node:assert/strict";
import { TinyStudy } from "./tiny_study.ts";

Deno.test("explain takes a stage's name for the stage, even where keys begin so", async () => {
  await using study = await TinyStudy.make();
  const { tasks } = JSON.parse((await study.call("plan", "study.yaml", "--json")).stdout);
  const keys: string[] = tasks.filter(({ kind }: { kind: string }) => kind !== "conll")
    .map(({ key }: { key: string }) => key);
  const key = keys.find((each) => /^[a-f]/.test(each))!;
  const name = key[0]!;
  await study.edit("  entities:\n", `  ${name}:\n`);
  await study.edit("$(stages.entities)", `$(stages.${name})`);
  const labels = async (task: string) => {
    const { code, stdout, stderr } = await study.call("explain", "study.yaml", task);
    assert.equal(code, 0, stderr);
    return [...stdout.matchAll(/^(\S.*): run\n {2}key (\w+)$/gm)].map(([, label, of]) => [
      label,
      of,
    ]);
  };
  assert.deepEqual((await labels(name)).map(([label]) => label), [name]);
  assert.deepEqual((await labels(key.slice(0, 12))).map(([, of]) => of), [key]);
});
