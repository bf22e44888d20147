import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { isRunning } from "../../lib/base/process.ts";
import { until } from "../_support/until.ts";
import { TinyStudy } from "./tiny_study.ts";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** Steps that take minutes: nothing ends by itself while a test looks on. */
const STEPS = 200_000;

/** Starts a long training, ends what a person started, and looks at what became of it. */
async function check(startedBy: (command: string[]) => string[]): Promise<void> {
  await using study = await TinyStudy.make();
  await study.edit("steps: [2, 4]", `steps: [${STEPS}]`);
  await study.edit("seed: [1, 2]", "seed: [1]");
  const results = study.path("results");
  const [program, ...args] = startedBy([
    ...[Deno.execPath(), "task", "--quiet", "--config", CONFIG, "run", study.path("study.yaml")],
    ...["--only", "stage=pretrain", "--results", results],
  ]);
  const started = new Deno.Command(program!, {
    args,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  try {
    const runs = () => study.sql("SELECT status, pid FROM runs");
    await until("there is a checkpoint", () => checkpoints(results) > 0);
    const [{ pid }] = await runs();
    const training = Number(/"pid":(\d+)/.exec(lockOfTraining(results))![1]);
    assert.ok(isRunning(pid) && isRunning(training));
    started.kill("SIGKILL");
    await until("driver and worker are gone", () => !isRunning(pid) && !isRunning(training));
    assert.equal((await runs())[0].status, "interrupted");
    assert.ok(checkpoints(results) > 0);
  } finally {
    try {
      started.kill("SIGTERM");
    } catch {
      // It is gone, as it should be.
    }
    await started.stdin.close().catch(() => {});
    await started.status;
  }
}

Deno.test("a run whose deno task is killed saves a checkpoint and stops, its workers too", async () => {
  await check((command) => command);
});

const hasScript = await new Deno.Command("script", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "a run whose terminal is closed saves a checkpoint and stops, its workers too" +
    (hasScript ? "" : " (ignored: this machine has no script)"),
  ignore: !hasScript,
  fn: () => check((command) => ["script", "-qefc", command.join(" "), "/dev/null"]),
});

/** The note in the lock of the key that has a checkpoint folder. */
function lockOfTraining(results: string): string {
  const [{ name }] = Deno.readDirSync(`${results}/store/scratch`) as Iterable<Deno.DirEntry> as [
    Deno.DirEntry,
  ];
  return Deno.readTextFileSync(`${results}/store/locks/${name}`);
}

/** Those that are whole; one that is being written may be cut off. */
function checkpoints(results: string): number {
  let count = 0;
  for (const { name } of Deno.readDirSync(`${results}/store/scratch`)) {
    for (const each of Deno.readDirSync(`${results}/store/scratch/${name}/task`)) {
      if (each.name.startsWith("step-")) count++;
    }
  }
  return count;
}
