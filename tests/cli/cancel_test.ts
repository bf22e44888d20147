import assert from "node:assert/strict";
import { resultsFolder } from "../../lib/store/results_folder.ts";
import { askRun, EventReader, liveRuns, readNow, readPlan } from "../../lib/store/live/reader.ts";
import { finished } from "../_support/titrate.ts";
import { until } from "../_support/until.ts";
import { TinyStudy } from "./tiny_study.ts";

/** A study whose longer trainings take a while, and its run once those are on. */
async function longRun(study: TinyStudy, ...args: string[]) {
  await study.edit("steps: [2, 4]", "steps: [2, 200000]");
  const child = study.start("run", "study.yaml", "--json", "--jobs", "2", ...args);
  const ended = finished(child);
  const { live } = resultsFolder(study.path("results"));
  const keyOf = async (label: string) => {
    const [run] = await liveRuns(live);
    return {
      run: run!,
      key: (await readPlan(live, run!))!.tasks.find((t) => t.label === label)!.key,
    };
  };
  const isTraining = async (label: string) => {
    const { run, key } = await keyOf(label);
    const running = (await readNow(live, run))?.running.find((each) => each.key === key);
    return (running?.done ?? 0) > 5 && running?.unit === "steps";
  };
  return { child, ended, live, keyOf, isTraining };
}

Deno.test("a cancelled task saves and is interrupted; the run goes on with all that needs it not", async () => {
  await using study = await TinyStudy.make();
  const { ended, live, keyOf, isTraining } = await longRun(study, "--only", "seed=1");
  const label = "pretrain{steps=200000, seed=1}";
  await until("it trains", () => isTraining(label));
  const { run, key } = await keyOf(label);
  const training = (await readNow(live, run))!.running.find((each) => each.key === key);
  assert.ok(training?.curve !== undefined, "its loss is told as it grows");
  await askRun(live, run, { type: "cancel-task", key });
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /^cancelled pretrain\{steps=200000, seed=1\}$/m);
  assert.match(
    stderr,
    /^skipped {2}ner\{steps=200000, seed=1\}: pretrain\{steps=200000, seed=1\} was cancelled$/m,
  );
  const { tasks } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
  assert.deepEqual(tasks, { total: 8, cached: 0, ran: 6, failed: 0 });
  assert.deepEqual(await study.sql("SELECT status FROM runs"), [{ status: "interrupted" }]);
  assert.deepEqual(await study.sql(`SELECT state FROM tasks WHERE key = '${key}'`), [
    { state: "interrupted" },
  ]);
  const events = await new EventReader(live, run).next();
  const last = events.findLast((each) => each.type === "state" && each.key === key);
  assert.equal(last?.type === "state" && last.isCancelled, true);
  assert.equal(events.at(-1)?.type, "end");
  assert.ok(events.some((each) => each.type === "curve" && each.key === key));
});

Deno.test("a cancelled run stops as by Ctrl-C, and the same command goes on", async () => {
  await using study = await TinyStudy.make();
  const { ended, live, keyOf, isTraining } = await longRun(study, "--only", "stage=pretrain");
  const label = "pretrain{steps=200000, seed=1}";
  await until("it trains", () => isTraining(label));
  await askRun(live, (await keyOf(label)).run, { type: "cancel-run" });
  const { code, stderr } = await ended;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /the run was cancelled: running tasks save a checkpoint/);
  assert.match(stderr, /interrupted; the same command goes on where it stopped/);
  const { stdout } = await study.call("plan", "study.yaml", "--only", "stage=pretrain");
  assert.match(stdout, /checkpoint/);
});

Deno.test("a run says how to watch it, with the folder of results where that is another", async () => {
  await using study = await TinyStudy.make();
  const call = ["run", "study.yaml", "--only", "stage=entities"];
  assert.match(
    (await study.call(...call, "--results", "out")).stderr,
    /^watch it: deno task ui --results out$/m,
  );
  assert.match((await study.call(...call)).stderr, /^watch it: deno task ui$/m);
  assert.doesNotMatch((await study.call(...call)).stderr, /watch it/, "nothing is to be watched");
});
