/** What a first user ran into: folders that were copied, mistyped calls, mistakes that were mended. */
import assert from "node:assert/strict";
import { copyFolder, TinyStudy } from "./tiny_study.ts";

const TEXT = ["--only", "stage=text"];

Deno.test("results that were copied without their spec go on being those of that spec", async () => {
  await using study = await TinyStudy.make();
  for (const folder of ["a", "b"]) await Deno.mkdir(study.path(folder));
  for (const name of ["study.yaml", "text.txt", "train.tsv", "dev.tsv", "test.tsv"]) {
    await Deno.rename(study.path(name), study.path(`a/${name}`));
  }
  const run = (results: string) =>
    study.call("run", "a/study.yaml", ...TEXT, "--results", study.path(results));
  assert.equal((await run("b/results")).code, 0);
  await copyFolder(study.path("b/results"), study.path("a/copied"));
  const again = await run("a/copied");
  assert.equal(again.code, 0, again.stderr);
});

Deno.test("a failure whose cell has another task since is no longer in the status", async () => {
  await using study = await TinyStudy.make();
  const text = await Deno.readTextFile(study.path("text.txt"));
  await study.write("text.txt", "\n\n");
  assert.equal((await study.call("run", "study.yaml", ...TEXT)).code, 1);
  assert.match((await study.call("status")).stdout, /hold no text/);
  await study.write("text.txt", text);
  assert.equal((await study.call("run", "study.yaml", ...TEXT)).code, 0);
  assert.doesNotMatch((await study.call("status")).stdout, /hold no text/);
});

Deno.test("where with a spec alone asks for a cell, and does not take the spec for one", async () => {
  await using study = await TinyStudy.make();
  const { code, stderr } = await study.call("where", "study.yaml");
  assert.equal(code, 2);
  assert.match(stderr, /no cell of study\.yaml is named .*\n {2}mend: .*where study\.yaml STAGE/);
});

Deno.test("rebuild of a folder without results makes none, and says so", async () => {
  await using study = await TinyStudy.make();
  const { code, stderr } = await study.call("rebuild", "--results", "misspelt");
  assert.equal(code, 2);
  assert.match(stderr, /misspelt.*\n {2}mend: .*--results/);
  await assert.rejects(Deno.stat(study.path("misspelt")), Deno.errors.NotFound);
});

Deno.test("a macro of an experiment that is not there is mended by where their names stand", async () => {
  await using study = await TinyStudy.make();
  await study.run(...TEXT);
  for (const macro of ["results_of", "cells_of"]) {
    const { code, stderr } = await study.call("sql", `FROM ${macro}('nope')`);
    assert.equal(code, 2);
    assert.match(stderr, /mend: .*SELECT experiment FROM experiments/);
  }
});

Deno.test("a spec that is not there is told with the folder that its path starts from", async () => {
  await using study = await TinyStudy.make();
  const { code, stderr } = await study.call("plan", "studdy.yaml");
  assert.equal(code, 2);
  assert.ok(stderr.includes(`in ${await Deno.realPath(study.dir)}`), stderr);
});

Deno.test("the command without its rights is mended by deno task, without a stack", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", new URL("../../main.ts", import.meta.url).pathname, "status"],
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 2, text);
  assert.match(text, /mend: .*deno task status/);
  assert.doesNotMatch(text, /\n +at /);
});
