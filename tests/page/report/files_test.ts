import assert from "node:assert/strict";
import type { Report } from "../../../lib/page/report/content.ts";
import { writeReport } from "../../../lib/page/report/files.ts";
import { TempDir } from "../../_support/temp_dir.ts";

function reportOf(...names: readonly string[]): Report {
  const data = { sql: "SELECT 1", columns: ["1"], isNumber: [true], rows: [[1]] };
  const drawings = names.map((name) => ({
    name,
    description: "a figure",
    svg: '<svg xmlns="http://www.w3.org/2000/svg"><title>a figure</title></svg>',
  }));
  return {
    title: "t",
    facts: [],
    answers: [{ question: "Why?", sentences: ["So."], warnings: [] }],
    sections: [{
      id: "s",
      title: "S",
      blocks: [{ kind: "figure", title: "F", drawings, notes: [], data }],
    }],
  };
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("writeReport() replaces a former report whole, and leaves what is not its own", async () => {
  using dir = new TempDir();
  const folder = `${dir.path}/new/folder`;
  await writeReport(reportOf("a", "b"), folder);
  await Deno.writeTextFile(`${folder}/notes.txt`, "mine");
  await Deno.writeTextFile(`${folder}/figures/data.csv`, "mine");
  const { page, markdown, drawings } = await writeReport(reportOf("b", "c"), folder);
  assert.deepEqual([page, markdown, drawings], [
    `${folder}/report.html`,
    `${folder}/report.md`,
    2,
  ]);
  assert.deepEqual(await namesIn(folder), ["figures", "notes.txt", "report.html", "report.md"]);
  assert.deepEqual(await namesIn(`${folder}/figures`), ["b.svg", "c.svg", "data.csv"]);
});

Deno.test("writeReport() writes nothing where another's page stands, or below a ~", async () => {
  using dir = new TempDir();
  dir.file("report.html", "<title>mine</title>");
  for (const folder of [dir.path, "~/reports"]) {
    await assert.rejects(writeReport(reportOf("a"), folder), { code: "page/report-folder" });
  }
  assert.deepEqual(await namesIn(dir.path), ["report.html"]);
});

Deno.test("writeReport() takes no drawing and no text that somebody else put there", async () => {
  using dir = new TempDir();
  const mine = (file: string) => Deno.writeTextFile(`${dir.path}/${file}`, "mine");
  const refusal = (file: string) => ({
    code: "page/report-folder",
    message: `${file} stands there and is of no report of Titrate`,
  });
  await Deno.mkdir(`${dir.path}/figures`);
  await mine("figures/photo.svg");
  for (const file of ["report.md", "figures/a.svg"]) {
    await mine(file);
    await assert.rejects(writeReport(reportOf("a"), dir.path), refusal(file));
    assert.equal(await Deno.readTextFile(`${dir.path}/${file}`), "mine");
    await Deno.remove(`${dir.path}/${file}`);
  }
  await writeReport(reportOf("a"), dir.path);
  await writeReport(reportOf("b"), dir.path);
  assert.deepEqual(await namesIn(`${dir.path}/figures`), ["b.svg", "photo.svg"]);
  assert.equal(await Deno.readTextFile(`${dir.path}/figures/photo.svg`), "mine");
});

Deno.test("writeReport() takes no drawing that somebody put beside a report of ours", async () => {
  using dir = new TempDir();
  await writeReport(reportOf("a"), dir.path);
  const page = await Deno.readTextFile(`${dir.path}/report.html`);
  await Deno.writeTextFile(`${dir.path}/figures/b.svg`, "mine");
  await assert.rejects(writeReport(reportOf("a", "b"), dir.path), {
    code: "page/report-folder",
    message: "figures/b.svg stands there and is of no report of Titrate",
  });
  assert.equal(await Deno.readTextFile(`${dir.path}/figures/b.svg`), "mine");
  assert.equal(await Deno.readTextFile(`${dir.path}/report.html`), page);
  // One that is not named in it and left alone stays too.
  await writeReport(reportOf("a", "c"), dir.path);
  assert.deepEqual(await namesIn(`${dir.path}/figures`), ["a.svg", "b.svg", "c.svg"]);
  // Of a report that was stopped before its text was written, drawings are known as its own.
  await Deno.remove(`${dir.path}/report.md`);
  await writeReport(reportOf("a", "c"), dir.path);
});

Deno.test("writeReport() goes on after a report that was not written to its end", async () => {
  using dir = new TempDir();
  const folder = dir.folder("report");
  await Deno.mkdir(`${folder}/figures/a.svg.part`, { recursive: true });
  await assert.rejects(writeReport(reportOf("0", "a"), folder), { code: "page/report-folder" });
  assert.deepEqual(await namesIn(folder), ["figures", "report.html"]);
  assert.match(await Deno.readTextFile(`${folder}/report.html`), /not written to its end/);
  await Deno.remove(`${folder}/figures/a.svg.part`);
  await writeReport(reportOf("0", "a"), folder);
  assert.deepEqual(await namesIn(`${folder}/figures`), ["0.svg", "a.svg"]);
  assert.doesNotMatch(await Deno.readTextFile(`${folder}/report.html`), /not written to its end/);
});
