import assert from "node:assert/strict";
import { TinyStudy } from "./tiny_study.ts";

for (
  const name of [
    "out",
    "deep/er/out",
    "with, comma",
    "a b",
    "#1%20",
    "größe",
    "./~",
    "./~/out",
  ]
) {
  Deno.test(`results may stand anywhere: --results "${name}"`, async () => {
    await using study = await TinyStudy.make();
    await check(study, name);
  });
}

Deno.test("results may stand anywhere: an absolute path, and one through a link", async () => {
  await using study = await TinyStudy.make();
  await using other = await TinyStudy.make();
  await check(study, other.path("else, where"));
  await Deno.mkdir(other.path("real"));
  await Deno.symlink(other.path("real"), study.path("link"));
  await check(study, "link");
  assert.ok((await Deno.stat(other.path("real/store"))).isDirectory);
});

Deno.test("a ~ that no shell has expanded is refused, in options and in specs, and makes no folder", async () => {
  await using study = await TinyStudy.make();
  const mend = /\n {2}mend: write the whole path \(a shell takes "\$HOME\/\.\.\." for it\)/;
  const calls: [...string[]][] = [
    ["run", "study.yaml", "--results", "~"],
    ["run", "study.yaml", "--results=~/out"],
    ["run", "study.yaml", "--results", "~/with, comma"],
    ["plan", "study.yaml", "--results", "~somebody/out"],
    ["status", "--results", "~/out"],
    ["sql", "FROM runs", "--results", "~/out"],
    ["plan", "~/study.yaml"],
    ["plan", "study.yaml", "--set", "stages.text.with.sources[0].path=~/text.txt"],
  ];
  for (const call of calls) {
    const { code, stderr } = await study.call(...call);
    assert.equal(code, 2, stderr);
    assert.match(stderr, mend, call.join(" "));
  }
  await study.edit("train: [train.tsv]", 'train: ["~/train.tsv"]');
  const { code, stderr } = await study.call("plan", "study.yaml");
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^study\.yaml:19:21: "~\/train\.tsv" begins with a ~.*\[experiment\/path\]/m,
  );
  assert.match(stderr, mend);
  assert.ok(![...Deno.readDirSync(study.dir)].some(({ name }) => name.startsWith("~")));
});

Deno.test("what cannot be a folder of results is told as it is: a file, a device, the system's own", async () => {
  await using study = await TinyStudy.make();
  await study.write("file", "");
  const cases: [string, RegExp][] = [
    ["file", /^file: .*\n {2}mend: .*move (?:the file|it) away, or name another results folder$/m],
    ["file/out", /^file: .*\n {2}mend: .*move (?:the file|it) away, or name another/m],
    [
      "/dev/null",
      /^\/dev\/null\/\S+: .* that place is the system's own .*\n {2}mend: name another/m,
    ],
    ["/proc/x", /^\/proc\/x\/\S+: .* that place is the system's own .*\n {2}mend: name another/m],
  ];
  for (const [results, message] of cases) {
    for (const call of [["run", "study.yaml"], ["plan", "study.yaml"], ["status"]]) {
      const { code, stderr } = await study.call(...call, "--results", results);
      assert.notEqual(code, 0, `${call} ${results}`);
      assert.match(stderr, message, `${call.join(" ")} --results ${results}`);
      assert.doesNotMatch(stderr, /^\s+at .*\.ts:|bug/m);
    }
  }
});

async function check(study: TinyStudy, results: string): Promise<void> {
  const where = ["--results", results];
  const { tasks } = await study.run("--only", "stage=vocab", ...where);
  assert.deepEqual(tasks, { total: 2, cached: 0, ran: 2, failed: 0 });
  const folder = results.startsWith("/") ? results : study.path(results);
  assert.ok((await Deno.stat(`${folder}/titrate.duckdb`)).isFile);
  assert.ok((await Deno.stat(`${folder}/store`)).isDirectory);
  const plan = await study.call("plan", "study.yaml", "--only", "stage=vocab", ...where);
  assert.equal(plan.code, 0, plan.stderr);
  assert.match(plan.stdout, /2 tasks, 2 cached, 0 to run/);
  const sql = await study.call(
    "sql",
    "SELECT count(*) AS n FROM runs",
    "--format",
    "csv",
    ...where,
  );
  assert.equal(sql.stdout, "n\n1\n", sql.stderr);
  const status = await study.call("status", ...where);
  assert.match(status.stdout, /study/, status.stderr);
  const rebuild = await study.call("rebuild", ...where);
  assert.equal(rebuild.code, 0, rebuild.stderr);
}
