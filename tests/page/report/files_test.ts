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
