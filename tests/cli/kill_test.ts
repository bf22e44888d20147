import assert from "node:assert/strict";
import { until } from "../_support/until.ts";
import { finished } from "../_support/titrate.ts";
import { TinyStudy } from "./tiny_study.ts";

/** Steps that take some seconds, so that a kill finds them under way. */
const STEPS = 12_000;

async function longStudy(): Promise<TinyStudy> {
  const study = await TinyStudy.make();
  await study.edit("steps: [2, 4]", `steps: [${STEPS}]`);
  await study.edit("seed: [1, 2]", "seed: [1]");
  await study.edit("evaluation: { rows: 4 }", "evaluation: { rows: 4 }\n      measureEvery: 500");
  return study;
}

/** The newest checkpoint, at step 0 without one, and the key of its task. */
async function checkpoint(study: TinyStudy): Promise<{ key: string; step: number }> {
  let latest = { key: "", step: 0 };
  const scratch = study.path("results/store/scratch");
  for await (const { name: key } of Deno.readDir(scratch)) {
    for await (const entry of Deno.readDir(`${scratch}/${key}/task`)) {
      const step = Number(/^step-(\d+)$/.exec(entry.name)?.[1] ?? 0);
      if (step > latest.step) latest = { key, step };
    }
  }
  return latest;
}

/** The worker that took the lock of a key. */
async function workerOf(study: TinyStudy, key: string): Promise<number> {
  return JSON.parse(await Deno.readTextFile(study.path(`results/store/locks/${key}`))).pid;
}

async function isRunning(pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "args=", "-p", `${pid}`] })
    .output();
  return new TextDecoder().decode(stdout).includes("worker.ts");
}

Deno.test({
  name: "kill -9 in pre-training, then run again: the bits of an uninterrupted run",
  async fn(t) {
    await using calm = await longStudy();
    await calm.run("--only", "stage=pretrain");
    const expected = await calm.weights(STEPS);
    assert.equal((expected as unknown[]).length, 3);

    for (const victim of ["driver", "worker"] as const) {
      await t.step(`the ${victim} is killed`, async () => {
        await using study = await longStudy();
        const child = study.start("run", "study.yaml", "--only", "stage=pretrain");
        const ended = finished(child);
        await until("there is a checkpoint", async () => (await checkpoint(study)).step > 0);
        const worker = await workerOf(study, (await checkpoint(study)).key);
        assert.ok(await isRunning(worker));
        if (victim === "driver") child.kill("SIGKILL");
        else Deno.kill(worker, "SIGKILL");
        const { code, stderr } = await ended;
        if (victim === "worker") {
          assert.equal(code, 1);
          assert.match(stderr, /\[executor\/worker-died\]\n {2}mend: /);
        }
        await until("the worker is gone", async () => !await isRunning(worker));
        const { step: reached } = await checkpoint(study);
        assert.ok(reached > 0 && reached < STEPS, `killed at step ${reached}`);
        const { tasks } = await study.run("--only", "stage=pretrain");
        assert.deepEqual({ ran: tasks.ran, failed: tasks.failed }, { ran: 1, failed: 0 });
        assert.deepEqual(await study.weights(STEPS), expected);
      });
    }
  },
});
