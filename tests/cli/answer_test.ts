import assert from "node:assert/strict";
import stringWidth from "string-width";
import { answerOf } from "../../lib/report/answer/answer.ts";
import { answerJson } from "../../lib/report/answer/answer_json.ts";
import { readStudyRecord } from "../../lib/run/study_record.ts";
import { kinds } from "../../lib/tasks/registry.ts";
import { HAS_PSEUDO_TERMINAL, inTerminal } from "../_support/pseudo_terminal.ts";
import { TinyStudy } from "./tiny_study.ts";

const FIT = `fits:
  by_steps: { stage: ner, benchmark: ner, metric: f1, split: test, against: steps }
  alone: { stage: pretrain, benchmark: mlm, metric: lossNats, split: validation, against: steps }
`;

const QUESTION = "a study for tests: how do ner test f1 and mlm validation lossNats change with " +
  "steps (2 to 4)?";

Deno.test("a run ends with question and answer first, the same as of its database and in JSON", async () => {
  await using study = await TinyStudy.make();
  await study.write("study.yaml", `${await Deno.readTextFile(study.path("study.yaml"))}${FIT}`);
  const { code, stdout, stderr } = await study.call("run", "study.yaml");
  assert.equal(code, 0, stderr);
  const lines = stdout.split("\n");
  assert.equal(lines[0], QUESTION);
  assert.equal(lines[1], "");
  assert.match(lines[2]!, /^(Of 2 cells ner\{steps=\d\} is best|All 2 cells of ner have the same)/);
  assert.match(lines[3]!, /^A doubling of steps changes ner test f1 by .* from 2 to 4\.$/);
  assert.match(lines[4]!, /^Twice as much is not foretold: by_steps does not say, as not fitted/);
  assert.match(stdout, /^ {2}pretrain, ner: cells of 2 seeds/m);
  assert.match(stdout, /^ {2}pretrain, ner: the learning rate had not fallen .*100% of the full/m);
  // No curves where no terminal shows them.
  assert.doesNotMatch(stdout, /[▁-█]/);
  assert.doesNotMatch(stderr, /A doubling/);

  const { answer } = await study.run();
  assert.deepEqual([answer.question, ...answer.sentences], [lines[0], ...lines.slice(2, 5)]);
  const record = await readStudyRecord(study.path("results/titrate.duckdb"), "study", kinds);
  assert.deepEqual(answerJson(answerOf(record)), answer);
});

Deno.test({
  name: "in a terminal the end of a run keeps to its width, with small curves where it draws them",
  ignore: !HAS_PSEUDO_TERMINAL,
  fn: async () => {
    await using study = await TinyStudy.make();
    const run = (columns: number, env = {}) =>
      inTerminal(["run", "study.yaml", "--quiet"], { cwd: study.dir, columns, env });
    const { code, text } = await run(60);
    assert.equal(code, 0, text);
    const end = text.slice(text.indexOf("a study for tests: how"));
    assert.match(end, /^score +best cell/m);
    assert.match(end, /[▁-█]{2} [-+0]/);
    const results = end.slice(0, end.search(/^study: \d+ tasks/m));
    for (const line of results.split("\n")) assert.ok(stringWidth(line) <= 60, line);
    // What cannot draw gets none, and a wide one needs no tables below each other.
    const plain = await run(200, { TERM: "dumb" });
    assert.doesNotMatch(plain.text, /[▁-█]/);
    assert.equal(plain.text.match(/^score +best cell +mean +n +2x steps$/gm)?.length, 1);
    assert.doesNotMatch((await run(80, { LC_ALL: "C" })).text, /[▁-█]/);
  },
});

Deno.test({
  name: "a terminal that moves no cursor is told how a run goes line by line",
  ignore: !HAS_PSEUDO_TERMINAL,
  fn: async () => {
    await using study = await TinyStudy.make();
    const run = (columns: number, env = {}) =>
      inTerminal(["run", "study.yaml"], { cwd: study.dir, columns, env });
    for (const TERM of ["dumb", ""]) {
      const { code, text } = await run(80, { TERM });
      assert.equal(code, 0, text);
      // What Deno itself writes before the command begins is not ours.
      const own = text.slice(text.indexOf("study: "));
      assert.ok(!own.includes("\x1b["), JSON.stringify(own));
    }
  },
});

Deno.test({
  name: "the live block of a run is broken between words, not by the terminal",
  ignore: !HAS_PSEUDO_TERMINAL,
  fn: async () => {
    await using study = await TinyStudy.make();
    const { code, text } = await inTerminal(["run", "study.yaml"], { cwd: study.dir, columns: 40 });
    assert.equal(code, 0, text);
    // deno-lint-ignore no-control-regex -- what moves the cursor begins with it
    const blocks = text.split(/\x1b\[[?0-9]*[a-zA-Z]/).filter((each) => / tasks: /.test(each));
    assert.ok(blocks.length > 0, text);
    // The one line of the head alone is longer than 40 columns.
    const words = blocks.map((block) =>
      block.trim().split("\n").map((line) => line.trim()).join(" ")
    );
    for (const each of words) {
      assert.match(each, /^\d+\/\d+ tasks: \d+ done, \d+ cached, \d+ running, [\d.]+ (ms|s)\b/);
    }
  },
});

Deno.test("a run without any score says what is missing and what to run, and exits with 1", async () => {
  await using study = await TinyStudy.make();
  await study.write("text.txt", "");
  const { code, stdout } = await study.call("run", "study.yaml", "--only", "stage=pretrain");
  assert.equal(code, 1);
  // None is left over, and so none is told of.
  assert.doesNotMatch(stdout, / 0 have/);
  assert.match(
    stdout,
    /^Nothing can be said of study yet: .* cells failed.*the view failures says why\.$/m,
  );
  assert.match(stdout, /^What a doubling brings cannot be said without scores\.$/m);
});
