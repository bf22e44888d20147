import assert from "node:assert/strict";
import { isRunning } from "../../lib/base/process.ts";
import { finished } from "../_support/titrate.ts";
import { removeFolder } from "../_support/temp_dir.ts";
import { until } from "../_support/until.ts";
import type { Parts } from "../ui/page_client.ts";
import { Served } from "../ui/served.ts";
import { copyFolder, SPEC, TinyStudy } from "./tiny_study.ts";

const isTraining = ({ run, running }: Parts) =>
  run?.status === "running" &&
  (running ?? []).some(({ label, curve }: Record<string, unknown>) =>
    String(label).startsWith("pretrain{steps=200000") && curve !== undefined
  );

Deno.test("ui: a task is cancelled and run again; page and runs end and begin without each other", async () => {
  await using study = await TinyStudy.make();
  await study.edit("steps: [2, 4]", "steps: [2, 200000]");
  await study.edit("seed: [1, 2]", "seed: [1]");
  let pid = 0;
  {
    await using served = await Served.start(study);
    const { client } = served;
    const child = study.start("run", "study.yaml", "--jobs", "2");
    const ended = finished(child);
    const parts = await client.follow("it trains", isTraining);
    const { run } = parts.run;
    const { key } = parts.running.find(({ label }: { label: string }) =>
      label.startsWith("pretrain{steps=200000")
    );
    assert.equal((await client.post(`/runs/${run}/rerun`)).status, 409, "it is still on");
    assert.equal((await client.post(`/runs/${run}/tasks/${key}/cancel`)).status, 202);
    const after = await client.follow("it has ended", ({ run }) => run.status === "interrupted", {
      query: `?task=${key}`,
    });
    assert.equal((await ended).code, 130);
    assert.match((await ended).stderr, /^watch it: http:\/\/127\.0\.0\.1:\d+\/ \(process \d+\)$/m);
    const token = new URL(served.address).searchParams.get("token")!;
    assert.ok(token.length > 40 && !(await ended).stderr.includes(token));
    assert.deepEqual(
      after.run.counts.map(({ state, count }: Record<string, unknown>) => `${count} ${state}`),
      ["6 done", "1 skipped", "1 interrupted"],
    );
    assert.ok(
      after.task.notes.some(({ text }: { text: string }) => text === "cancelled by the user"),
    );
    assert.ok(after.task.canRerun);

    assert.equal((await client.post(`/runs/${run}/tasks/${key}/rerun`)).status, 202);
    const again = await client.follow("it trains again", isTraining);
    assert.notEqual(again.run.run, run);
    assert.equal(
      again.run.command,
      `deno task run study.yaml --jobs 2 --only stage=pretrain --only steps=200000 --only seed=1 ` +
        `--detached --results=${study.path("results")}`,
    );
    const plan = `results/store/live/${again.run.run}/plan.json`;
    pid = JSON.parse(await Deno.readTextFile(study.path(plan))).process.pid;
  }
  assert.ok(isRunning(pid), "the run goes on without the page");
  await assert.rejects(
    Deno.lstat(study.path("results/store/live/page.json")),
    Deno.errors.NotFound,
  );
  {
    await using served = await Served.start(study);
    const parts = await served.client.follow("it trains still", isTraining);
    assert.equal((await served.client.post(`/runs/${parts.run.run}/cancel`)).status, 202);
    const end = await served.client.follow("it ends", ({ run }) => run.status === "interrupted");
    assert.equal(end.run.run, parts.run.run);
    await until("its process is gone", () => !isRunning(pid));
  }
});

Deno.test("ui: two experiments, what failed with its mend, and the failed ones run again", async () => {
  await using study = await TinyStudy.make();
  await study.run("--only", "steps=2", "--only", "seed=1");
  await study.write("other.yaml", SPEC);
  const good = await Deno.readTextFile(study.path("test.tsv"));
  await study.write("test.tsv", "The\tO\nalpha\n");
  const only = ["--only", "steps=2", "--only", "seed=1"];
  assert.equal((await study.call("run", "other.yaml", ...only)).code, 1);
  await using served = await Served.start(study);
  const { client } = served;
  const parts = await client.follow(
    "scores are there",
    ({ grid }) => (grid ?? []).some(({ measure }: { measure: string }) => measure !== ""),
  );
  assert.deepEqual(
    parts.runs.runs.map(({ experiment, status }: Record<string, string>) => [experiment, status]),
    [["other", "failed"], ["study", "done"]],
  );
  const [failure] = parts.failures;
  assert.deepEqual([failure.tasks[0].label, failure.skipped], ["entities", 1]);
  assert.match(failure.faults[0], /^test\.tsv:2: .*\[benchmarks\/no-tag\]\n {2}mend: /);
  const pretrain = parts.grid.find(({ stage }: { stage: string }) => stage === "pretrain");
  assert.equal(pretrain.measure, "lossNats on validation");
  assert.match(pretrain.rows[0].cells[0].value, /^\d\.\d{3}$/);

  const { run } = parts.run;
  await study.write("other.yaml", SPEC.replace("stages:", "stagse:"));
  const refused = await client.post(`/runs/${run}/rerun`);
  assert.equal(refused.status, 409);
  assert.match(refused.text, /other\.yaml:\d+:\d+: .*stagse/);
  await study.write("other.yaml", SPEC);
  await study.write("test.tsv", good);
  assert.equal((await client.post(`/runs/${run}/rerun`)).status, 202);
  const end = await client.follow("it is done", ({ run }) => run.status === "done");
  assert.equal(end.run.experiment, "other");
  assert.equal(end.runs.runs.length, 3);

  // An artifact that a link leads to from elsewhere is not read.
  const [{ key }] = end.grid.find(({ stage }: { stage: string }) => stage === "ner").rows[0]
    .cells[0].tasks;
  const artifact = study.path(`results/store/objects/${key.slice(0, 2)}/${key}`);
  await using elsewhere = await TinyStudy.make();
  await copyFolder(artifact, elsewhere.path("artifact"));
  removeFolder(artifact);
  await Deno.symlink(elsewhere.path("artifact"), artifact);
  await served.stop();
  await using anew = await Served.start(study);
  const linked = await anew.client.follow(
    "other scores are there",
    ({ grid }) => (grid ?? []).some(({ measure }: { measure: string }) => measure !== ""),
  );
  const ner = linked.grid.find(({ stage }: { stage: string }) => stage === "ner");
  assert.deepEqual([ner.measure, ner.rows[0].cells[0].value], ["", ""]);
});

Deno.test("ui: a taken port, a second page of one folder and a port of no sense are told", async () => {
  await using study = await TinyStudy.make();
  await using served = await Served.start(study);
  const { port } = new URL(served.address);
  const taken = await study.call("ui", "--no-open", "--port", port, "--results", "out");
  assert.equal(taken.code, 2);
  assert.match(taken.stderr, /^port \d+ of 127\.0\.0\.1 is taken .*\[ui\/port\]\n {2}mend: name/);
  const second = await study.call("ui", "--no-open", "--port", "0");
  assert.equal(second.code, 2);
  assert.match(
    second.stderr,
    /^process \d+ serves it at http:\/\/127\.0\.0\.1:\d+\/ \[cli\/page-on\]/,
  );
  assert.equal((await study.call("ui", "--port", "x")).code, 2);
  assert.equal((await study.call("ui", "--results", "~/x")).code, 2);
});

Deno.test("ui: a folder of results with a comma in its name is served too", async () => {
  await using study = await TinyStudy.make();
  await study.run("--results", "a, b", "--only", "stage=entities");
  await using served = await Served.start(study, "--results", "a, b");
  const parts = await served.client.follow("the run is told", ({ run }) => run !== null);
  assert.equal(parts.run.status, "done");
});
