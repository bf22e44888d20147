import assert from "node:assert/strict";
import { until } from "../_support/until.ts";
import { finished } from "../_support/titrate.ts";
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

Deno.test("plan and explain tell failed and skipped tasks from those whose artifact is gone", async () => {
  await using study = await TinyStudy.make();
  await study.write("test.tsv", "The\tO\nalpha\n");
  assert.equal((await study.call("run", "study.yaml")).code, 1);
  const [{ key }] = await study.sql("SELECT key FROM cells WHERE stage = 'shards'");
  const artifact = study.path(`results/store/objects/${key.slice(0, 2)}/${key}`);
  await new Deno.Command("chmod", { args: ["-R", "u+w", artifact] }).output();
  await Deno.remove(artifact, { recursive: true });
  await study.edit("evaluation: { rows: 4 }", "evaluation: { rows: 3 }");
  await study.edit("seed: [1, 2]", "seed: [1]");
  const { stdout } = await study.call("plan", "study.yaml");
  const why = (label: string) =>
    stdout.split("\n").find((line) => line.startsWith(`${label} `))?.replace(/^.*? run +\d* */, "");
  assert.match(why("entities")!, /^failed in run \d{8}T\d{6}Z-[0-9a-f]{4}: .*tag/);
  assert.equal(why("pretrain{steps=2, seed=1}"), "evaluation.rows: 4 -> 3");
  assert.equal(why("shards"), "its artifact is gone");
  assert.equal(why("ner{steps=2, seed=1}"), "in its model, evaluation.rows: 4 -> 3");
  const explained = await study.call("explain", "study.yaml", "entities");
  assert.match(explained.stdout, /^entities: run\n {2}key \w+\n {2}failed in run .*: .*tag/m);

  // Whose inputs are as they were: skipped, and not gone.
  await study.edit("evaluation: { rows: 3 }", "evaluation: { rows: 4 }");
  const again = await study.call("plan", "study.yaml");
  assert.match(again.stdout, /^ner\{steps=2, seed=1\} .* skipped, as entities failed$/m);
  assert.doesNotMatch(again.stdout, /^(entities|ner).*its artifact is gone/m);
});

Deno.test("plan shows of an interrupted training the steps after its checkpoint", async () => {
  await using study = await TinyStudy.make();
  await study.edit("steps: [2, 4]", "steps: [2, 200000]");
  await study.edit("seed: [1, 2]", "seed: [1]");
  const child = study.start("run", "study.yaml", "--only", "stage=pretrain");
  const ended = finished(child);
  await until("the long one trains", async () => {
    const [{ step }] = await study.sql("SELECT max(step) AS step FROM measurements");
    const [{ n }] = await study.sql("SELECT count(*) AS n FROM tasks WHERE state = 'running'");
    return step >= 2 && n > 0;
  });
  child.kill("SIGINT");
  assert.equal((await ended).code, 130);
  const plan = JSON.parse((await study.call("plan", "study.yaml", "--json")).stdout);
  const task = plan.tasks.find(({ cost }: { cost: { steps: number } }) => cost.steps > 1000);
  assert.deepEqual(task.reason, { type: "interrupted" });
  assert.ok(task.resumesAt > 0, JSON.stringify(task));
  assert.equal(task.cost.steps, 200_000 - task.resumesAt);
  const { stdout } = await study.call("plan", "study.yaml");
  assert.ok(
    stdout.includes(`interrupted before its end (from its checkpoint at step ${task.resumesAt})`),
    stdout,
  );
});
