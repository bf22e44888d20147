import assert from "node:assert/strict";
import { TASKS, TinyStudy } from "./tiny_study.ts";

/** A mistake in the spec, and what is said of it: nothing starts, exit code 2. */
const SPEC_FAULTS: readonly { name: string; edit: [string, string]; says: string }[] = [
  {
    name: "an unknown key",
    edit: ["      rowPieces: 16", "      rowPeices: 16"],
    says: 'study.yaml:26:7: cannot read key "rowPeices" [experiment/unknown-key]\n' +
      '  mend: write "rowPieces"',
  },
  {
    name: "a wrong type",
    edit: ["      rows: 4\n", "      rows: four\n"],
    says: 'study.yaml:27:13: "rows" is "four", but must be a number [experiment/wrong-type]',
  },
  {
    name: "a reference to nothing",
    edit: ["$(stages.pretrain)", "$(stages.pretrian)"],
    says: 'study.yaml:34:16: there is no stage "pretrian" [experiment/unknown-name]\n' +
      "  mend: write stages.pretrain",
  },
  {
    name: "a cycle",
    edit: ["corpus: $(stages.text), vocab", "corpus: $(stages.shards), vocab"],
    says:
      "study.yaml:16:23: stages refer to each other in a circle: shards -> shards [experiment/cycle]",
  },
  {
    name: "an empty axis",
    edit: ["seed: [1, 2]", "seed: []"],
    says: "study.yaml:4:",
  },
  {
    name: "a missing file",
    edit: ["path: text.txt", "path: txet.txt"],
    says: "study.yaml:9:",
  },
];

Deno.test("a mistake in a spec is told with its place and mend, and nothing starts", async (t) => {
  await using study = await TinyStudy.make();
  const spec = await Deno.readTextFile(study.path("study.yaml"));
  for (const { name, edit, says } of SPEC_FAULTS) {
    await t.step(name, async () => {
      await study.write("study.yaml", spec);
      await study.edit(...edit);
      const { code, stdout, stderr } = await study.call("run", "study.yaml");
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.ok(stderr.includes(says), stderr);
      assert.match(stderr, /\n {2}mend: /);
      assert.doesNotMatch(stderr, /^\s+at .*\.ts:/m);
      await assert.rejects(Deno.stat(study.path("results")), Deno.errors.NotFound);
    });
  }

  await t.step("several at once are all told", async () => {
    await study.write("study.yaml", spec);
    for (const { edit } of SPEC_FAULTS.slice(0, 3)) await study.edit(...edit);
    const { stderr } = await study.call("run", "study.yaml");
    for (const { says } of SPEC_FAULTS.slice(0, 3)) assert.ok(stderr.includes(says), stderr);
  });
});

Deno.test("a wrong call is told with what would be right, and exits with 2", async (t) => {
  await using study = await TinyStudy.make();
  const cases: [string, string[], RegExp][] = [
    ["an unknown command", ["rnu"], /unknown command 'rnu'\n\(Did you mean run\?\)/],
    [
      "an unknown option",
      ["run", "--jbos", "2"],
      /unknown option '--jbos'\n\(Did you mean --jobs\?\)/,
    ],
    ["no number of jobs", ["run", "--jobs", "0"], /Give a whole number from 1 to 1024/],
    ["no folder of results", ["run", "study.yaml", "--results", ""], /Give the path of a folder/],
    [
      "an unknown format",
      ["sql", "SELECT 1", "--format", "xml"],
      /Allowed choices are table, markdown, csv/,
    ],
    [
      "no such spec",
      ["run", "stduy.yaml"],
      /stduy\.yaml is not there, looked for in \S+ \[experiment\/not-found\]\n {2}mend: write study\.yaml/,
    ],
    ["no such axis", ["run", "study.yaml", "--only", "setps=2"], /mend: write --only steps=2/],
    [
      "no such param",
      ["run", "study.yaml", "--set", "stages.ner.with.stpes=3"],
      /mend: write "steps"/,
    ],
    ["results before any run", ["sql", "SELECT 1"], /there are no results yet/],
    ["a task that is not there", ["explain", "study.yaml", "nre"], /no task is called "nre"/],
  ];
  for (const [name, args, says] of cases) {
    await t.step(name, async () => {
      const { code, stderr } = await study.call(...args);
      assert.match(stderr, says);
      assert.equal(code, 2, stderr);
      assert.doesNotMatch(stderr, /^\s+at .*\.ts:/m);
    });
  }
});

Deno.test("what is odd in a spec is told as a warning, and stops nothing", async () => {
  await using study = await TinyStudy.make();
  await study.edit("seed: [1, 2]", "seed: [1, 2]\n  width: [8, 16]");
  const { code, stderr } = await study.call("plan", "study.yaml");
  assert.equal(code, 0, stderr);
  assert.equal(
    stderr,
    "warning: study.yaml:5:3: no stage refers to the axis width [experiment/unused]\n" +
      "  mend: remove it, or refer to it as $(axis.width)\n",
  );
});

Deno.test("sql tells what is wrong with a query, and changes nothing", async () => {
  await using study = await TinyStudy.make();
  await study.run("--only", "stage=text");
  const wrong = await study.call("sql", "SELEKT 1");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /cannot answer the query: .*syntax error.* \[store\/sql\]/s);
  const change = await study.call("sql", "DELETE FROM tasks");
  assert.equal(change.code, 2);
  assert.match(change.stderr, /of the type DELETE does more than read \[store\/sql\]/);
  assert.deepEqual(await study.sql("SELECT count(*) AS n FROM tasks"), [{ n: 1 }]);
});

Deno.test("a corrupt gzip file fails its task with file and line, and leaves nothing", async () => {
  await using study = await TinyStudy.make();
  const text = new TextEncoder().encode(
    (await Deno.readTextFile(study.path("text.txt"))).repeat(50),
  );
  const gzip = new Response(text).body!.pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(gzip).arrayBuffer());
  await Deno.writeFile(study.path("text.txt.gz"), bytes.subarray(0, bytes.length / 2));
  await study.edit("path: text.txt", "path: text.txt.gz");
  const { code, stdout, stderr } = await study.call("run", "study.yaml", "--json");
  assert.equal(code, 1, stderr);
  assert.match(stderr, /failed {3}text\ntext\.txt\.gz:\d+: .*\n {2}mend: /);
  assert.deepEqual(JSON.parse(stdout).tasks, { total: TASKS, cached: 0, ran: 1, failed: 11 });
  assert.deepEqual(await study.sql("SELECT kind FROM tasks WHERE state = 'done'"), [
    { kind: "conll" },
  ]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(study.path("results/store/tmp"))), []);
});

/** A small file system in memory; `undefined` where it cannot be mounted. */
async function mountSmall(path: string, megabytes: number): Promise<AsyncDisposable | undefined> {
  await Deno.mkdir(path);
  const options = `size=${megabytes}m`;
  const args = ["-t", "tmpfs", "-o", options, "titrate-test", path];
  const { success } = await new Deno.Command("mount", { args, stderr: "null" }).output();
  if (!success) return undefined;
  return {
    async [Symbol.asyncDispose]() {
      await new Deno.Command("umount", { args: ["-l", path] }).output();
    },
  };
}

const isRoot = Deno.uid() === 0;

Deno.test({
  name:
    "a full disk fails the task, says so, and leaves nothing half-written (needs root to mount)",
  ignore: !isRoot || Deno.build.os !== "linux",
  async fn() {
    await using study = await TinyStudy.make();
    await using mounted = await mountSmall(study.path("results"), 3);
    if (mounted === undefined) return;
    await study.edit("hiddenSize: 16, heads: 2", "hiddenSize: 256, heads: 2");
    const full = await study.call("run", "study.yaml", "--json");
    assert.equal(full.code, 1, full.stderr);
    assert.match(full.stderr, /\[store\/disk-full\]\n {2}mend: /);
    assert.doesNotMatch(full.stderr, /^\s+at .*\.ts:/m);
    const remount = await new Deno.Command("mount", {
      args: ["-o", "remount,size=200m", study.path("results")],
    }).output();
    assert.ok(remount.success);
    assert.equal((await study.run()).tasks.failed, 0);
    assert.deepEqual((await study.run()).tasks, { total: TASKS, cached: TASKS, ran: 0, failed: 0 });
  },
});
