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
    await here.ok("--file", "two, questions.sql", "--format", "markdown"),
    "| a |\n| ---: |\n| 1 |\n\n| b |\n| --- |\n| x |\n",
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
      "| 1.5 | a\\|b \\*c\\* &lt;i> \\`d\\`<br>\\[e\\](f) \\\\ \\_g\\_ |  |\n",
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
  assert.match(await written("rows.txt"), /\n1499\n\(1500 rows\)\n$/);
  assert.match(await written("table.csv", "--format", "table"), /\n1499\n\(1500 rows\)\n$/);
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
  assert.match(
    await here.refused("--file", "wrong.sql"),
    /^wrong\.sql:2:1: cannot answer the query: Parser Error: [^]*\n\nLINE 2: SELEKT 2\n {8}\^ \[/,
  );
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
      "markdown",
    ],
    cwd: here.dir.path,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { code, stdout, stderr } = await finished(child);
  assert.deepEqual({ code, stdout, stderr }, {
    code: 0,
    stdout: "| a |\n| ---: |\n| 1 |\n\n| b |\n| ---: |\n| 2 |\n",
    stderr: "",
  });
});

Deno.test("sql of several questions as CSV, JSON or Parquet prints and writes nothing, and says which is one too many", async () => {
  using here = await somewhere();
  here.dir.file("two.sql", "SELECT 1 AS a;\n\n  SELECT 2 AS b;\n");
  const refusal = "cannot answer several questions at once [store/sql]\n" +
    "  mend: leave one of them; several are printed as tables or as Markdown\n";
  for (const format of ["csv", "json"]) {
    assert.equal(
      await here.refused("--file", "two.sql", "--format", format),
      `two.sql:3:3: ${refusal}`,
    );
    assert.equal(await here.refused("SELECT 1; SELECT 2", "--format", format), refusal);
  }
  for (const out of ["o.csv", "o.json", "o.parquet"]) {
    assert.equal(await here.refused("--file", "two.sql", "--out", out), `two.sql:3:3: ${refusal}`);
  }
  assert.deepEqual(here.names(), ["results", "two.sql"]);
  assert.equal(
    await here.ok("--file", "two.sql"),
    "a\n1\n(1 row)\n\nb\n2\n(1 row)\n",
  );
  const pivot = "PIVOT (SELECT unnest(['x', 'y']) AS k, 1 AS n) ON k USING sum(n); -- one question";
  assert.deepEqual(JSON.parse(await here.ok(pivot, "--format", "json")), [{ x: 1, y: 1 }]);
});

Deno.test("sql --out of a table has all rows, as wide as the widest of them, and leaves no other file", async () => {
  using here = await somewhere();
  const wide = "SELECT i, CASE WHEN i = 4999 THEN repeat('x', 30) ELSE 'y' END AS t " +
    "FROM range(5000) r(i); SELECT 1 AS b";
  await here.ok(wide, "--out", "all, of it.txt");
  const lines = (await Deno.readTextFile(`${here.dir.path}/all, of it.txt`)).split("\n");
  assert.equal(lines.length, 5007);
  assert.deepEqual([lines[0], lines[1], lines[5000]], [
    "   i  t",
    "   0  y",
    `4999  ${"x".repeat(30)}`,
  ]);
  assert.deepEqual(lines.slice(5001), ["(5000 rows)", "", "b", "1", "(1 row)", ""]);
  // Columns that find no room stand below one another, cells are cut, and it is said.
  const columns = Array.from({ length: 40 }, (_, i) => `repeat('${i} ', 500) AS c${i}`);
  await here.ok(`SELECT ${columns.join(", ")} FROM range(3000)`, "--out", "blocks.txt");
  const blocks = (await Deno.readTextFile(`${here.dir.path}/blocks.txt`)).split("\n");
  assert.equal(blocks.length, 3000 * 41 + 1);
  assert.match(blocks[7]!, /^c7 {3}7 7 7.*…$/);
  assert.equal(blocks[40], "");
  assert.match(blocks.at(-2)!, /^\(3000 rows; cells that end in … are cut/);
  await here.ok("SELECT 1 AS n WHERE false", "--out", "none.txt");
  assert.equal(await Deno.readTextFile(`${here.dir.path}/none.txt`), "n\n(0 rows)\n");
  assert.match(
    await here.refused(
      "SELECT CASE WHEN i = 250000 THEN error('late') END FROM range(300000) r(i)",
      "--out",
      "late.txt",
    ),
    /late/,
  );
  assert.deepEqual(here.names(), ["all, of it.txt", "blocks.txt", "none.txt", "results"]);
});

Deno.test("sql reads a query in UTF-8 or UTF-16 with its mark, and names what is neither", async () => {
  using here = await somewhere();
  const text = "SELECT 'é東京' AS a";
  const bytes = (littleEndian: boolean, mark: boolean) => {
    const units = [...(mark ? ["\uFEFF"] : []), ...text].map((each) => each.charCodeAt(0));
    const view = new DataView(new ArrayBuffer(2 * units.length));
    units.forEach((unit, i) => view.setUint16(2 * i, unit, littleEndian));
    return new Uint8Array(view.buffer);
  };
  const write = (name: string, content: Uint8Array) =>
    Deno.writeFile(`${here.dir.path}/${name}`, content);
  await write("le.sql", bytes(true, true));
  await write("be.sql", bytes(false, true));
  for (const file of ["le.sql", "be.sql"]) {
    assert.equal(await here.ok("--file", file, "--format", "csv"), "a\né東京\n");
  }
  await write(
    "bare.sql",
    new Uint8Array([..."SELECT 1"].flatMap((each) => [each.charCodeAt(0), 0])),
  );
  await write("latin.sql", new Uint8Array([...new TextEncoder().encode("SELECT '"), 0xe9, 0x27]));
  await write("zero.sql", new TextEncoder().encode("SELECT 1 AS a\0; SELECT 2"));
  await write("packed.sql", new Uint8Array([0x50, 0x4b, 0x03, 0x04, 0, 0]));
  for (
    const [file, said] of [
      ["bare.sql", "this is UTF-16 text, not UTF-8 [cli/no-query]\n  mend: convert it: iconv"],
      ["latin.sql", "this is no text in UTF-8 or UTF-16 [cli/no-query]\n  mend: save it as UTF-8"],
      ["zero.sql", "this is no text in UTF-8 or UTF-16 [cli/no-query]\n  mend: save it as UTF-8"],
      ["packed.sql", "this is zip data, which is not read [cli/no-query]\n  mend: "],
    ] as const
  ) assert.ok((await here.refused("--file", file)).startsWith(`${file}: ${said}`), file);
});

Deno.test("sql shows every type of DuckDB so that it can be read, in whatever format", async () => {
  using here = await somewhere();
  const query =
    "SELECT INTERVAL '1 year 3 days 04:05:06' AS i, {'a': 1, 'b': [INTERVAL 1 DAY]} AS s, " +
    "MAP {'k': 1.5} AS m, 'a\\xff'::BLOB AS b, 1.50::DECIMAL(9, 2) AS d, " +
    "TIMESTAMPTZ '2020-01-02 03:04:05+01' AS t, 170141183460469231731687303715884105727 AS h";
  const shown = [
    "1 year 3 days 04:05:06",
    '{"a":1,"b":["1 day"]}',
    '{"k":1.5}',
    "a\\xFF",
    "1.5",
    "2020-01-02 02:04:05+00",
    "170141183460469231731687303715884105727",
  ];
  const table = await here.ok(query);
  for (const each of shown) assert.ok(table.includes(each), each);
  const csv = shown.map((each) => /[",]/.test(each) ? `"${each.replaceAll('"', '""')}"` : each);
  assert.equal(await here.ok(query, "--format", "csv"), `i,s,m,b,d,t,h\n${csv.join(",")}\n`);
  assert.deepEqual(JSON.parse(await here.ok(query, "--format", "json")), [{
    i: shown[0],
    s: { a: 1, b: ["1 day"] },
    m: { k: 1.5 },
    b: "a\\xFF",
    d: 1.5,
    t: shown[5],
    h: shown[6],
  }]);
  const plan = await here.ok("EXPLAIN SELECT sum(i) FROM range(10) r(i)");
  assert.match(plan, /^┌─+┐\n│ +UNGROUPED_AGGREGATE +│\n[^]*\n└─+┘\n$/);
  assert.equal(
    await here.ok("EXPLAIN SELECT sum(i) FROM range(10) r(i)", "--format", "markdown"),
    "```text\n" + plan + "```\n",
  );
});
