/** Whole studies on a CPU plugin, through the real command line. */
import assert from "node:assert/strict";
import { finished, titrate } from "../_support/titrate.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { until } from "../_support/until.ts";
import { testOnCpuPlugin } from "../engine/xla/cpu_plugin.ts";
import { TASKS, TinyStudy } from "./tiny_study.ts";

const DEVICE = ["--device", "xla-cpu"] as const;
const STEPS = 6_000;

testOnCpuPlugin("a study runs, is cached, and shares no training with the device cpu", async () => {
  await using study = await TinyStudy.make();
  const { tasks, variant } = await study.run(...DEVICE);
  assert.deepEqual(tasks, { total: TASKS, cached: 0, ran: TASKS, failed: 0 });
  assert.equal(variant, "--device xla-cpu");
  assert.ok([...Deno.readDirSync(study.path("results/store/compiled"))].length > 0);
  const again = await study.run(...DEVICE);
  assert.equal(again.tasks.cached, TASKS);
  const replicas = await study.run("--device", "xla-cpu:replicas=2", "--only", "stage=pretrain");
  assert.equal(replicas.tasks.ran, 4);
});

async function longStudy(): Promise<TinyStudy> {
  const study = await TinyStudy.make();
  await study.edit("steps: [2, 4]", `steps: [${STEPS}]`);
  await study.edit("seed: [1, 2]", "seed: [1]");
  return study;
}

function hasCheckpoint(study: TinyStudy): boolean {
  const scratch = study.path("results/store/scratch");
  try {
    return [...Deno.readDirSync(scratch)].some(({ name }) =>
      [...Deno.readDirSync(`${scratch}/${name}/task`)].some((each) => /^step-\d+$/.test(each.name))
    );
  } catch {
    return false;
  }
}

testOnCpuPlugin(
  "kill -9 in pre-training, then run again: the bits of an uninterrupted run",
  async () => {
    await using calm = await longStudy();
    const only = [...DEVICE, "--only", "stage=pretrain"];
    await calm.run(...only);
    await using study = await longStudy();
    const child = study.start("run", "study.yaml", ...only);
    const ended = finished(child);
    await until("there is a checkpoint", () => Promise.resolve(hasCheckpoint(study)));
    child.kill("SIGKILL");
    await ended;
    const { tasks } = await study.run(...only);
    assert.deepEqual({ ran: tasks.ran, failed: tasks.failed }, { ran: 1, failed: 0 });
    assert.deepEqual(await study.weights(STEPS), await calm.weights(STEPS));
  },
);

testOnCpuPlugin("a corner of the default study runs to its end", async () => {
  using folder = new TempDir();
  const args = ["experiments/ablation.yaml", ...DEVICE, "--results", folder.path, "--json"];
  for (const each of ["tokens=1000", "steps=75", "seed=1"]) args.push("--only", each);
  const { code, stdout, stderr } = await finished(
    titrate(["run", ...args], { cwd: Deno.cwd() }).spawn(),
  );
  assert.equal(code, 0, stderr);
  const { tasks, scores } = JSON.parse(stdout.trim().split("\n").at(-1)!);
  assert.equal(tasks.failed, 0);
  assert.ok(scores.length > 0);
});
