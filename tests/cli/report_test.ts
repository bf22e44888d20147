/** `deno task report` as a user calls it, of a study whose every name wants to be markup. */
import assert from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import { reportPage } from "../../lib/page/report/as_html.ts";
import { reportMarkdown } from "../../lib/page/report/as_markdown.ts";
import { reportOf } from "../../lib/page/report/report.ts";
import { query } from "../../lib/store/database/query.ts";
import { kinds } from "../../lib/tasks/registry.ts";
import { removeFolder } from "../_support/temp_dir.ts";
import { barriers, overflow, testInBrowser, VIEWS } from "../_support/browser.ts";
import { dataOf, headingsOf, type PageData, shownRows } from "../page/report/report_page.ts";
import { TinyStudy } from "./tiny_study.ts";

const HOSTILE = ["<img src=x onerror=alert(1)>.txt", "a|b & `c`\"d'.txt"];

const PUBLISHED = "NER,Theirs,F1,<b>Others</b>,8.5,a paper\n";

/** What others published, and a law of two x, which none can be fitted to. */
const MORE = `published:
  { file: others.csv, benchmarks: { Theirs: ner }, metrics: { F1: f1 } }
fits:
  f1_by_steps:
    { stage: ner, benchmark: ner, metric: f1, split: test, against: steps, by: [file] }
`;

let made: Promise<TinyStudy> | undefined;

/** One study for all tests: two texts by hostile names, two step counts, two seeds; and a variant. */
function hostileStudy(): Promise<TinyStudy> {
  made ??= (async () => {
    const study = await TinyStudy.make();
    addEventListener("unload", () => removeFolder(study.dir));
    const text = await Deno.readTextFile(study.path("text.txt"));
    for (const [i, name] of HOSTILE.entries()) {
      await study.write(name, `${text}\nThe text number ${i} ends so .\n`);
    }
    await study.edit("about: a study for tests", "about: <script>alert(2)</script> & *more*");
    await study.edit("axes:\n", `axes:\n  file: ${JSON.stringify(HOSTILE)}\n`);
    await study.edit("path: text.txt", "path: $(axis.file)");
    await study.write("others.csv", `task,dataset,metric,model,value,source\n${PUBLISHED}`);
    await study.edit("stages:\n", `${MORE}stages:\n`);
    await study.run();
    await study.run("--set", "stages.ner.with.steps=3", "--name", "longer");
    return study;
  })();
  return made;
}

async function pageOf(study: TinyStudy, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await study.call("report", ...args);
  assert.equal(code, 0, stderr);
  return await Deno.readTextFile(study.path(stdout.trim()));
}

/** Asks every query of a page again. */
async function askAgain(study: TinyStudy, data: readonly PageData[]): Promise<void> {
  for (const { title, query: sql, rows } of data) {
    const { batches } = await query(study.path("results/titrate.duckdb"), sql);
    assert.deepEqual(rows, shownRows((await Array.fromAsync(batches)).flat()), title);
  }
}

Deno.test("report says what is missing where nothing is recorded, and writes nothing", async () => {
  await using study = await TinyStudy.make();
  const none = await study.call("report", "study");
  assert.equal(none.code, 2);
  assert.match(none.stderr, /store\/no-database/);
  await Deno.mkdir(study.path("results"));
  await study.write("results/titrate.duckdb", "no database at all");
  const garbage = await study.call("report", "study");
  assert.notEqual(garbage.code, 0);
  assert.match(garbage.stderr, /store\/not-a-database[^]*mend: /);
  assert.doesNotMatch(garbage.stderr, /This is a bug/);
  await assert.rejects(Deno.stat(study.path("results/reports")), Deno.errors.NotFound);
});

Deno.test("report writes a page and Markdown, whose every value its query gives again", async () => {
  const study = await hostileStudy();
  const page = await pageOf(study, "study");
  const folder = study.path("results/reports/study");
  const headings = headingsOf(page);
  assert.deepEqual(headings.filter((each) => /^[12]/.test(each)), [
    "1 study",
    "2 Grid",
    "2 Curves and fits",
    "2 Learning curves",
    "2 Gains",
    "2 Frontier",
    "2 Costs",
    "2 Tasks",
    "2 Provenance",
  ]);
  for (
    const heading of [
      "3 ner: ner test f1, %",
      "3 pretrain: mlm validation lossNats",
      "3 ner: ner test f1, %, gain per doubling",
      "3 Published by others",
      "3 Fits",
      "3 Time by kind of task",
      "3 25 tasks in 7 stages",
      "3 Runs, the latest first",
      "3 study.yaml, as it was written",
    ]
  ) assert.ok(headings.includes(heading), `${heading} is not among ${headings.join("; ")}`);
  const data = dataOf(page);
  assert.ok(data.length >= 15);
  assert.ok(data.every(({ rows }) => rows.length > 0));
  await askAgain(study, data);

  assert.ok(page.includes(">&lt;b&gt;Others&lt;/b&gt; 8.5</text>"));

  // The grid shows the means of its own data.
  const grid = data.find(({ title }) => title === "Data of ner: ner test f1, %")!;
  const mean = grid.columns.indexOf("mean");
  for (const row of grid.rows) {
    assert.ok(page.includes(`${(100 * Number(row[mean])).toFixed(1)} <span class="spread">`));
  }

  const markdown = await Deno.readTextFile(`${folder}/report.md`);
  const drawings = [...markdown.matchAll(/\]\((figures\/[a-z0-9-]+\.svg)\)/g)].map(([, to]) => to!);
  assert.ok(drawings.length >= 8);
  for (const each of drawings) {
    assert.match(
      await Deno.readTextFile(`${folder}/${each}`),
      /^<svg [^]*<!-- Titrate --><\/svg>\n$/,
    );
  }
  const names = [];
  for await (const { name } of Deno.readDir(`${folder}/figures`)) names.push(`figures/${name}`);
  assert.deepEqual(names.sort(), drawings.sort());
  for (const heading of headings.filter((each) => each.startsWith("2"))) {
    assert.ok(markdown.includes(`\n## ${heading.slice(2)}\n`), heading);
  }
});

Deno.test("report escapes names of files, values of axes and what a spec says of itself", async () => {
  const study = await hostileStudy();
  const page = await pageOf(study, "study");
  const markdown = await Deno.readTextFile(study.path("results/reports/study/report.md"));
  assert.ok(page.includes("&lt;img src=x onerror=alert(1)&gt;.txt"));
  assert.ok(page.includes("&lt;script&gt;alert(2)&lt;/script&gt;"));
  for (const [, tag] of page.matchAll(/<(img|script)\b/g)) assert.equal(tag, "script");
  assert.equal(page.match(/<script\b/g)!.length, 1);
  assert.doesNotMatch(page, / on\w+="/);
  // In Markdown what stands in fences is as it was written; all else is escaped.
  const outside = markdown.replace(/^(`{3,})[^]*?^\1$/gm, "");
  assert.ok(outside.includes("&lt;img src=x"));
  assert.doesNotMatch(outside, /<(?!\/?(details|summary)>)/);
});

Deno.test("report gives the same bytes of the same database", async () => {
  const study = await hostileStudy();
  const read = async () => [
    await pageOf(study, "study", "--out", "again"),
    await Deno.readTextFile(study.path("again/report.md")),
  ];
  assert.deepEqual(await read(), await read());
});

Deno.test("report compares two experiments by cells and seeds, and says what differs", async () => {
  const study = await hostileStudy();
  const page = await pageOf(study, "study", "longer");
  assert.ok(headingsOf(page).includes("3 ner: ner test f1, %: longer less study"));
  const data = dataOf(page);
  await askAgain(study, data);
  assert.match(page, /ner: ner test f1, %: of 4 cells that both have, study is better in \d/);
  assert.ok(page.includes("pretrain: mlm validation lossNats: both show the same tasks in all"));
  assert.ok(!headingsOf(page).includes("3 pretrain: mlm validation lossNats: longer less study"));
  const settings = data.find(({ title }) => title === "Data of Parameters by stage")!;
  assert.deepEqual(settings.rows, [["ner", "steps", "2", "3"]]);
  const pairs = await study.sql(
    `SELECT avg(b.value - a.value) AS difference FROM results AS a JOIN results AS b
     USING (stage, axes, benchmark, metric, split)
     WHERE a.experiment = 'study' AND b.experiment = 'longer' AND stage = 'ner'
       AND metric = 'f1' AND split = 'test'
     GROUP BY json_merge_patch(axes, '{"seed": null}')`,
  );
  assert.equal(pairs.length, 4);
  for (const { difference } of pairs) {
    const text = (100 * difference).toFixed(1);
    assert.ok(page.includes(`>${Number(text) > 0 ? `+${text}` : text.replace("-0.0", "0.0")}<`));
  }
});

Deno.test("report tells what is wrong with a call, and how to mend it", async () => {
  const study = await hostileStudy();
  await study.write("taken", "a file");
  await Deno.mkdir(study.path("foreign"));
  await study.write("foreign/report.html", "<title>mine</title>");
  const faults: [string[], string][] = [
    [["stuby"], 'there is no experiment "stuby" among the results [run/unknown-experiment]'],
    [["study", "study"], "study is compared with itself [page/nothing-to-compare]"],
    [["study", "--out", "taken"], "the report cannot be written there: "],
    [["study", "--out", "foreign"], "report.html stands there and is of no report of Titrate"],
    [["study", "--out", "/proc/x"], "the report cannot be written there: that place is the system"],
  ];
  for (const [args, says] of faults) {
    const { code, stdout, stderr } = await study.call("report", ...args);
    assert.equal(code, 2, stderr);
    assert.ok(stderr.includes(says), stderr);
    assert.match(stderr, /\n {2}mend: /);
    assert.equal(stdout, "");
  }
  assert.equal(await Deno.readTextFile(study.path("foreign/report.html")), "<title>mine</title>");
});

Deno.test("report of a study whose every cell failed says so, and what to run", async () => {
  await using study = await TinyStudy.make();
  await study.write("train.tsv", "one column only\n");
  await study.write("text.txt", "");
  assert.notEqual((await study.call("run", "study.yaml")).code, 0);
  const { code, stderr } = await study.call("report", "study");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Nothing can be said of study yet: .*failed/);
  const page = await Deno.readTextFile(study.path("results/reports/study/report.html"));
  assert.ok(headingsOf(page).includes("3 What failed"));
  await askAgain(study, dataOf(page));
});

/** A copy of the study's database in which something is changed. */
async function changed(
  study: TinyStudy,
  { name, change }: { readonly name: string; readonly change: string },
): Promise<string> {
  const folder = study.path(`odd ${name}`), database = `${folder}/titrate.duckdb`;
  await Deno.mkdir(folder);
  await Deno.copyFile(study.path("results/titrate.duckdb"), database);
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();
  await connection.run(change);
  connection.closeSync();
  instance.closeSync();
  return database;
}

Deno.test("report refuses a database of a newer version", async () => {
  const study = await hostileStudy();
  await changed(study, { name: "newer", change: "UPDATE schema_version SET version = 999" });
  const { code, stdout, stderr } = await study.call("report", "study", "--results", "odd newer");
  assert.equal(code, 2);
  assert.match(stderr, /version 999[^]*\[store\/newer-format\]\n {2}mend: /);
  assert.equal(stdout, "");
});

Deno.test("a report says what there is of scores that are odd, and draws no NaN", async () => {
  const study = await hostileStudy();
  const cases: [string, string, RegExp][] = [
    ["no number", "UPDATE scores SET value = 'nan'", /no score of it is a number/],
    ["infinite", "UPDATE scores SET value = 'inf' WHERE metric = 'f1'", /lossNats/],
    ["constant", "UPDATE scores SET value = 0.5", /have the same/],
    ["no scores", "DELETE FROM scores", /Nothing can be said of study yet/],
    ["one point", "DELETE FROM cells WHERE axes->>'steps' = '4' OR seed = 2", /cells/],
    ["no cells", "DELETE FROM cells", /its spec has no cells/],
  ];
  for (const [name, change, says] of cases) {
    const database = await changed(study, { name, change });
    const report = await reportOf("study", { database, kinds });
    assert.match(report.answers[0]!.sentences.join(" "), says, name);
    const drawings = report.sections.flatMap(({ blocks }) =>
      blocks.flatMap((block) => block.kind === "figure" ? block.drawings : [])
    );
    for (const { svg } of drawings) assert.doesNotMatch(svg, /NaN|Infinity|undefined/, name);
    assert.match(reportPage(report), /<\/html>\n$/);
    assert.ok(reportMarkdown(report, "f").length > 100);
  }
});

testInBrowser(
  "a report is read without barriers, in all views, and shows what SQL gives",
  async (browser) => {
    const study = await hostileStudy();
    const page = await pageOf(study, "study");
    const url = `file://${await Deno.realPath(study.path("results/reports/study/report.html"))}`;
    for (const view of VIEWS) {
      const visit = await browser.visit(url, view);
      const where = `${view.width} ${view.scheme}`;
      assert.deepEqual(await barriers(visit.page), [], where);
      assert.equal(await overflow(visit.page), 0, where);
      assert.deepEqual(visit.complaints, [], where);
      await visit.page.close();
    }
    const { page: seen, complaints } = await browser.visit(url, { width: 1440, scheme: "light" });

    // Points of the curves say their values: they are means of the rows that stand below them.
    const figure = seen.locator("figure", { hasText: "Data of ner: ner test f1, %" }).first();
    const labels = await figure.locator('.drawing >> nth=0 >> [aria-roledescription="point"]')
      .evaluateAll((points) => points.map((point) => point.getAttribute("aria-label")!));
    const shown = labels.map((label) => Number(/ner test f1, %: ([-\d.]+)/.exec(label)![1]));
    const rows = await study.sql(
      "SELECT 100 * mean AS mean FROM means WHERE experiment = 'study' AND stage = 'ner' " +
        "AND metric = 'f1' AND split = 'test'",
    );
    const sorted = (numbers: number[]) =>
      numbers.toSorted((a, b) => a - b).map((n) => n.toFixed(6));
    assert.deepEqual(sorted(shown), sorted(rows.map(({ mean }) => mean)));

    // The keyboard reaches what saves, and it saves.
    const buttons = figure.getByRole("button", { name: /^Save PNG/ });
    await buttons.first().scrollIntoViewIfNeeded();
    await figure.getByRole("link", { name: /^Save SVG/ }).first().focus();
    await seen.keyboard.press("Tab");
    assert.match(await seen.evaluate<string>("document.activeElement.textContent"), /^Save PNG/);
    const saving = seen.waitForEvent("download");
    await seen.keyboard.press("Enter");
    const png = await Deno.readFile(await (await saving).path());
    assert.deepEqual([...png.slice(1, 4)], [..."PNG"].map((each) => each.charCodeAt(0)));
    assert.ok(png.length > 5000);
    const saved = seen.waitForEvent("download");
    await figure.getByRole("link", { name: /^Save SVG/ }).first().click();
    assert.match(await Deno.readTextFile(await (await saved).path()), /^<svg [^]*<style>/);

    await figure.locator("summary").click();
    await figure.getByRole("button", { name: "Copy query" }).click();
    await seen.locator("#said", { hasText: "Copied" }).waitFor({ state: "attached" });
    await seen.emulateMedia({ media: "print" });
    assert.equal(await seen.locator("button:visible, a[download]:visible, nav:visible").count(), 0);
    const pdf = await seen.pdf();
    assert.equal(new TextDecoder().decode(pdf.slice(0, 5)), "%PDF-");
    assert.deepEqual(complaints, []);

    // Without a script everything is there but what needs one.
    const still = await browser.visit(url, { width: 1440, scheme: "light", hasScript: false });
    assert.equal(
      await still.page.locator(".drawing svg").count(),
      page.match(/class="drawing(?: wide)?"/g)!.length,
    );
    assert.equal(await still.page.locator("button:visible").count(), 0);
  },
);
