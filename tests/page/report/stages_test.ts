import assert from "node:assert/strict";
import { reportPage } from "../../../lib/page/report/as_html.ts";
import { reportMarkdown } from "../../../lib/page/report/as_markdown.ts";
import type { Ask } from "../../../lib/page/report/asked.ts";
import { DrawingNames } from "../../../lib/page/report/drawing.ts";
import { stageBlocks } from "../../../lib/page/report/stages.ts";

/** What a database says of a stage that reads another, by the query's first table. */
const ask = (cells: number, failures: (string | number | object)[][] = []): Ask => (sql) => {
  const tables: Readonly<Record<string, readonly [string[], (string | number | object)[][]]>> = {
    cells: [
      ["stage", "axes", "kind", "key", "state", "seconds"],
      [
        ["vocab", {}, "vocab", "v", "done", 1],
        ...Array.from({ length: cells }, (_, i) => ["ner", { seed: i }, "ner", `k${i}`, "done", 1]),
      ],
    ],
    reads: [["stage", "reads"], [["ner", "vocab"]]],
    failures: [
      ["stage", "axes", "code", "message", "file", "line_number", "column_number", "mend"],
      failures,
    ],
  };
  // It walks from every cell down to its texts: nine times the rows of what is asked here.
  assert.doesNotMatch(sql, /lineage/);
  const [columns, rows] = tables[/ AS (reads)\b/.exec(sql)?.[1] ?? /FROM (\w+)/.exec(sql)![1]!]!;
  return Promise.resolve({ sql, columns, isNumber: columns.map(() => false), rows: rows as never });
};

Deno.test("stageBlocks() counts all cells of a stage, and says how many it does not list", async () => {
  for (
    const [cells, more] of [[500, undefined], [1200, "700 more: the query gives all."]] as const
  ) {
    const blocks = await stageBlocks(ask(cells), {
      experiment: "study",
      axes: ["seed"],
      names: new DrawingNames(),
    });
    const sections = [{ id: "tasks", title: "Tasks", blocks }];
    const report = { title: "study", facts: [], answers: [], sections };
    const page = reportPage(report), markdown = reportMarkdown(report, "figures");
    assert.ok(page.includes(`Its ${cells} tasks`));
    assert.ok(page.includes(`>${cells} cells</text>`), "the drawing says it too");
    const list = page.slice(
      page.indexOf(`Its ${cells} tasks`),
      page.indexOf("</details></li>\n</ol>"),
    );
    assert.equal(list.match(/<li>/g)?.length, 500);
    assert.equal(/\d+ more: [^<]*/.exec(list)?.[0], more);
    assert.equal(/^ {3}- (\d+ more: .*)$/m.exec(markdown)?.[1], more);
  }
});

Deno.test("stageBlocks() names a failed cell as the list of tasks does, and its place to the column", async () => {
  const at = ["text/bad-vocab", "no", "study.yaml", 8, 3, "mend it"];
  const blocks = await stageBlocks(ask(1, [["ner", { seed: 1, tokens: 1000 }, ...at]]), {
    experiment: "study",
    axes: ["tokens", "seed"],
    names: new DrawingNames(),
  });
  const failed = blocks.find((block) => "title" in block && block.title === "What failed");
  assert.deepEqual(failed?.kind === "table" && failed.rows, [
    ["ner{tokens=1000, seed=1}", "study.yaml:8:3: no [text/bad-vocab]", "mend it"],
  ]);
});
