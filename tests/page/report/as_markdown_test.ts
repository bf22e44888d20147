import assert from "node:assert/strict";
import fc from "fast-check";
import { reportMarkdown } from "../../../lib/page/report/as_markdown.ts";
import type { Block, Report } from "../../../lib/page/report/content.ts";

function reportWith(...blocks: readonly Block[]): Report {
  return { title: "a_b", facts: [], answers: [], sections: [{ id: "s", title: "S", blocks }] };
}

Deno.test("reportMarkdown() leaves no text that Markdown or HTML would take for more", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const made = reportMarkdown(reportWith({ kind: "text", text: `x${text}` }), "f");
    const [, , line = ""] = made.split("\n\n");
    assert.doesNotMatch(line, /<|(?<!\\)(?:\\\\)*[`*[\]!]/);
    assert.equal(line.trimEnd().split("\n").length, 1);
  }));
});

Deno.test("reportMarkdown() keeps a table's rows whole, whatever stands in its cells", () => {
  const columns = [{ name: "a|b" }, { name: "n", as: "number" as const }];
  const made = reportMarkdown(
    reportWith({ kind: "table", title: "T", columns, rows: [["x | y\nz", "1"]], notes: [] }),
    "f",
  );
  assert.ok(made.includes("| a\\|b | n |\n| --- | ---: |\n| x \\| y<br>z | 1 |\n"), made);
});

Deno.test("reportMarkdown() fences code by more backquotes than it holds", () => {
  const made = reportMarkdown(reportWith({ kind: "code", title: "C", text: "a ```` b\n" }), "f");
  assert.ok(made.includes("\n`````\na ```` b\n`````\n"), made);
});

Deno.test("reportMarkdown() shows what would turn the direction of a line, in text, cells and code", () => {
  const columns = [{ name: "text" }];
  const made = reportMarkdown(
    reportWith(
      { kind: "text", text: "a\u202eb" },
      { kind: "table", title: "T", columns, rows: [["c\u2066d"]], notes: [] },
      { kind: "code", title: "C", text: "e: f\u202e # g\r\nh: i\r\n" },
    ),
    "f",
  );
  for (const shown of ["a\\\\u202eb", "| c\\\\u2066d |", "\ne: f\\u202e # g\nh: i\n```"]) {
    assert.ok(made.includes(shown), made);
  }
  assert.doesNotMatch(made, /\p{Bidi_Control}|\r/u);
});
