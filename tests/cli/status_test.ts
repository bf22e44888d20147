import assert from "node:assert/strict";
import stringWidth from "string-width";
import { HAS_PSEUDO_TERMINAL, inTerminal } from "../_support/pseudo_terminal.ts";
import { until } from "../_support/until.ts";
import { sleep } from "../../lib/base/sleep.ts";
import { finished } from "../_support/titrate.ts";
import { TinyStudy } from "./tiny_study.ts";

/** The cells of a line of a table, by its head. */
function lineOf(stdout: string, name: string): string | undefined {
  return stdout.split("\n").find((line) => line.startsWith(`${name} `));
}

Deno.test("status shows a run whose process is gone as killed, and the next run records it so", async () => {
  await using study = await TinyStudy.make();
  await study.edit("steps: [2, 4]", "steps: [2, 200000]");
  const child = study.start("run", "study.yaml", "--only", "stage=pretrain");
  const ended = finished(child);
  await until(
    "it runs",
    async () =>
      (await study.sql("SELECT count(*) AS n FROM tasks WHERE state = 'running'"))[0].n > 0,
  );
  assert.match(lineOf((await study.call("status")).stdout, "study")!, / running /);
  child.kill("SIGKILL");
  await ended;
  assert.match(lineOf((await study.call("status")).stdout, "study")!, / killed /);
  await study.run("--only", "stage=entities");
  assert.deepEqual(await study.sql("SELECT status FROM runs ORDER BY started_at"), [
    { status: "killed" },
    { status: "done" },
  ]);
});

Deno.test({
  name: "status in a terminal tells a running run from a killed one, its progress, age and cost",
  ignore: !HAS_PSEUDO_TERMINAL,
  fn: async () => {
    await using study = await TinyStudy.make();
    await study.edit("steps: [2, 4]", "steps: [2, 200000]");
    const status = async () => {
      const { code, text } = await inTerminal(["status"], { cwd: study.dir, columns: 64 });
      assert.equal(code, 0, text);
      for (const line of text.split("\n")) assert.ok(stringWidth(line) <= 64, text);
      return text;
    };
    const child = study.start("run", "study.yaml", "--only", "stage=pretrain");
    const ended = finished(child);
    let text = "";
    try {
      await until("a training tells its steps, and what was done its cost", async () => {
        // A reader that asks without pause leaves the run no room to record.
        await sleep(1500);
        if (!(await Deno.stat(study.path("results/titrate.duckdb"))).isFile) return false;
        text = await status();
        assert.match(text, /^cost /m);
        assert.match(
          text.replaceAll(/\n +/g, " "),
          / pretrain\{steps=200000, seed=\d\} {1,2}pre-training step \d+\/200000, loss/,
        );
        return true;
      }, { withinMs: 300_000 });
      assert.match(text, /^study {2,}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2,}\d+ (s|min) {2,}running/m);
      assert.match(text, /^study runs, since \d+ (s|min): \d of \d tasks done/m);
      assert.match(text, /^cost +on +tasks +time of all tasks/m);
      assert.match(text, /^study +no device +[2-9] +[\d.]+ (ms|s|min)/m);
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
    text = await status();
    assert.match(text, / killed/);
    assert.match(text, /^study was killed, heard of last \d+ s ago at \d\/\d tasks:/m);
    assert.match(text, /^ {2}deno task run study\.yaml --only stage=pretrain$/m);
    assert.doesNotMatch(text, /study runs/);
  },
});

Deno.test("status tells how much of a run is done that has ended, and what failed of it", async () => {
  await using study = await TinyStudy.make();
  const done = async () => {
    const line = lineOf((await study.call("status")).stdout, "study")!;
    return / (\d+)\/(\d+) +(\d+) +(\d+) +(\d+) +(\d+) /.exec(line)!.slice(1).map(Number);
  };
  await study.write("test.tsv", "The\tO\nalpha\n");
  await study.call("run", "study.yaml");
  const [ready, total, all, cached, ran, failed] = await done();
  assert.deepEqual([ready, total], [cached! + ran!, all]);
  assert.equal(failed, 5);
  assert.equal(ready! + failed!, total);
});

Deno.test("status names stage and axes of what failed, with file, line and mend", async () => {
  await using study = await TinyStudy.make();
  await study.write("test.tsv", "The\tO\nalpha\n");
  await study.call("run", "study.yaml");
  const { code, stdout, stderr } = await study.call("status");
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^study: entities failed\n {2}test\.tsv:2: .*\[benchmarks\/no-tag\]\n {4}mend: /m,
  );
  assert.match(lineOf(stdout, "study")!, /1 failed, 4 skipped/);
});

Deno.test("status names the axes of a cell in the order of the spec, as plan does", async () => {
  await using study = await TinyStudy.make();
  // More text than there is, which shows when the task runs.
  await study.edit("seed: $(axis.seed)", "seed: $(axis.seed)\n      tokens: 1000000");
  const { code } = await study.call("run", "study.yaml");
  assert.equal(code, 1);
  for (const command of [["plan", "study.yaml"], ["status"]]) {
    const { stdout } = await study.call(...command);
    assert.match(stdout, /pretrain\{steps=2, seed=1\}/, stdout);
    assert.doesNotMatch(stdout, /\{seed=/);
  }
});

Deno.test("status shows sizes by kind, each artifact once, and what is gone not at all", async () => {
  await using study = await TinyStudy.make();
  await study.run();
  await study.run("--set", "stages.ner.with.steps=3");
  const { stdout } = await study.call("status");
  assert.match(stdout, /^study\+[0-9a-f]{8} \(--set stages\.ner\.with\.steps=3\) /m);
  assert.match(lineOf(stdout, "pretrain artifacts")!, /^pretrain artifacts +4 +[\d.]+ kB$/);
  assert.match(lineOf(stdout, "ner artifacts")!, /^ner artifacts +8 +[\d.]+ kB$/);
  assert.match(lineOf(stdout, "database")!, /[\d.]+ MB$/);
  const [{ key }] = await study.sql("SELECT key FROM cells WHERE stage = 'vocab' LIMIT 1");
  const artifact = study.path(`results/store/objects/${key.slice(0, 2)}/${key}`);
  await new Deno.Command("chmod", { args: ["-R", "u+w", artifact] }).output();
  await Deno.remove(artifact, { recursive: true });
  assert.equal(lineOf((await study.call("status")).stdout, "vocab artifacts"), undefined);
});
