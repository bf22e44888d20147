/** `sql` with files: the query from one, rows into one, and no others without being told so. */
import assert from "node:assert/strict";
import { Recorder } from "../../lib/store/database/recorder.ts";
import { ArtifactStore } from "../../lib/store/objects/artifacts.ts";
import { resultsFolder } from "../../lib/store/results_folder.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { callOf, finished, titrate } from "../_support/titrate.ts";

/** A folder with results, and commands that are called there. */
async function somewhere() {
  const dir = new TempDir();
  const folder = resultsFolder(dir.folder("results"));
  const recorder = Recorder.open(folder, { store: await ArtifactStore.open(folder.store) });
  recorder.recordFits("study", []);
  await recorder.close();
  const call = (...args: string[]) =>
    finished(titrate(["sql", ...args], { cwd: dir.path }).spawn());
  return {
    dir,
    ok: async (...args: string[]) => {
      const { code, stdout, stderr } = await call(...args);
      assert.equal(code, 0, stderr);
      return stdout;
    },
    refused: async (...args: string[]) => {
      const { code, stderr } = await call(...args);
      assert.equal(code, 2, stderr);
      assert.doesNotMatch(stderr, /\n\s+at |This is a bug/);
      return stderr;
    },
    names: () => Array.from(Deno.readDirSync(dir.path), ({ name }) => name).sort(),
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

Deno.test("sql takes its query from a file, and exactly one query", async () => {
  using here = await somewhere();
  here.dir.file("two, questions.sql", "\uFEFF-- the first\nSELECT 1 AS a;\nSELECT 'x' AS b;\n");
  assert.equal(
    await here.ok("--file", "two, questions.sql", "--format", "csv"),
    "a\n1\n\nb\nx\n",
  );
  assert.match(await here.refused(), /there is no query \[cli\/no-query\]\n {2}mend: give one/);
  assert.match(await here.refused("SELECT 1", "--file", "q.sql"), /there are two queries/);
  assert.match(await here.refused("--file", "none.sql"), /^none\.sql: cannot read the query: /);
  assert.match(await here.refused("--file", "results"), /no file with a query/);
});

Deno.test("sql prints Markdown whose cells mean what they hold, whatever that is", async () => {
  using here = await somewhere();
  const text = await here.ok(
    "SELECT 1.5 AS own_flops, 'a|b *c* <i> `d`' || chr(10) || '[e](f) \\ _g_' AS t, NULL AS n",
    "--format",
    "markdown",
  );
  assert.equal(
    text,
    "| own_flops | t | n |\n| ---: | --- | ---: |\n" +
      "| 1.5 | a\\|b \\*c\\* \\<i\\> \\`d\\`<br>\\[e\\](f) \\\\ \\_g\\_ |  |\n",
  );
});

Deno.test("sql writes a file whole or not at all, and replaces one only when told to", async () => {
  using here = await somewhere();
  const out = ["--out", "o, 1.parquet", "--format", "parquet"];
  await here.ok("SELECT range AS n FROM range(5)", ...out);
  assert.deepEqual(here.names(), ["o, 1.parquet", "results"]);
  const before = await Deno.readFile(here.dir.path + "/o, 1.parquet");
  assert.match(
    await here.refused("SELECT 2 AS n", ...out),
    /there is a file already \[cli\/out-file\]\n {2}mend: name another, or add --force/,
  );
  // What fails in the midst of it leaves what was there.
  const failing =
    "SELECT CASE WHEN range = 250000 THEN error('late') ELSE range END FROM range(300000)";
  assert.match(await here.refused(failing, ...out, "--force"), /late/);
  assert.match(await here.refused(failing, "--out", "new.csv", "--format", "csv"), /late/);
  assert.deepEqual(await Deno.readFile(here.dir.path + "/o, 1.parquet"), before);
  assert.deepEqual(here.names(), ["o, 1.parquet", "results"]);
  const read = ["SELECT count(*) AS n FROM 'o, 1.parquet'", "--format", "csv"];
  assert.match(await here.refused(...read), /mend: ask for results only, or add --allow-files/);
  assert.equal(await here.ok(...read, "--allow-files"), "n\n5\n");
  await here.ok("SELECT 1 AS n", ...out, "--force");
  assert.equal(await here.ok(...read, "--allow-files"), "n\n1\n");
  await here.ok("SELECT 1 AS n", "--out", "rows.json", "--format", "json");
  assert.equal(await Deno.readTextFile(here.dir.path + "/rows.json"), '[\n{"n":1}\n]\n');
  assert.match(
    await here.refused("SELECT 1", "--format", "parquet"),
    /Parquet is nothing to print \[cli\/out-file\]\n {2}mend: name a file for it/,
  );
  assert.match(
    await here.refused("SELECT 1", "--out", "results", "--force"),
    /something that is no file stands there/,
  );
  assert.match(
    await here.refused("SELECT 1", "--out", "none/o.csv"),
    /no file can be written there \[cli\/out-file\]\n {2}mend: name a file in a folder that is/,
  );
});

Deno.test("sql writes rows.csv as CSV: the file's name tells the format, or the call is asked for it", async () => {
  using here = await somewhere();
  // A table of these would end after 1,000 rows.
  const many = "SELECT range AS n FROM range(1500)";
  const written = async (name: string, ...more: string[]) => {
    await here.ok(many, "--out", name, ...more);
    return await Deno.readTextFile(`${here.dir.path}/${name}`);
  };
  assert.equal((await written("rows.csv")).split("\n").length, 1502);
  assert.equal(JSON.parse(await written("rows.JSON")).length, 1500);
  assert.match(await written("rows.md"), /^\| n \|\n\| ---: \|\n\| 0 \|/);
  assert.match(await written("rows.txt"), /\n\(the first 1000 rows; --format csv prints all\)\n$/);
  assert.match(await written("table.csv", "--format", "table"), /\n\(the first 1000 rows; /);
  await here.ok(many, "--out", "rows.parquet");
  const count = "SELECT count(*) AS n FROM 'rows.parquet'";
  assert.equal(await here.ok(count, "--format", "csv", "--allow-files"), "n\n1500\n");
  assert.equal(
    await here.refused(many, "--out", "rows.tsv"),
    'rows.tsv: ".tsv" tells no format [cli/out-file]\n' +
      "  mend: add --format, or let the name end in one of .txt, .md, .csv, .json, .parquet\n",
  );
  assert.equal((await written("rows.tsv", "--format", "csv")).split("\n").length, 1502);
});

Deno.test("sql tells what is wrong with a file by the name that was given, and no flags of Deno", async () => {
  using here = await somewhere();
  const place = "mend: name a file in a folder that is there and may be written";
  for (const out of ["/proc/x.csv", `${here.dir.path}/none/x.csv`]) {
    assert.equal(
      await here.refused("SELECT 1", "--out", out),
      `${out}: no file can be written there [cli/out-file]\n  ${place}\n`,
    );
  }
  assert.equal(
    await here.refused("--file", "/proc/self/fd/0"),
    "/proc/self/fd/0: that place is the system's own [cli/no-query]\n" +
      '  mend: name a file elsewhere; "--file -" reads standard input\n',
  );
  for (const option of ["--file", "--out"]) {
    assert.match(await here.refused("SELECT 1", option, ""), /Give the path of a file\./);
  }
  here.dir.file("wrong.sql", "SELECT 1;\nSELEKT 2\n");
  assert.match(await here.refused("--file", "wrong.sql"), /^wrong\.sql: cannot answer the query: /);
});

Deno.test("sql --file - takes its query from standard input", async () => {
  using here = await somewhere();
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      'printf "\\357\\273\\277SELECT 1 AS a;\\r\\nSELECT 2 AS b" | "$@"',
      "sh",
      ...callOf(["sql"]),
      "sql",
      "--file",
      "-",
      "--format",
      "csv",
    ],
    cwd: here.dir.path,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { code, stdout, stderr } = await finished(child);
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "a\n1\n\nb\n2\n", stderr: "" });
});
