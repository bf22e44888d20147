/** A report as Markdown, its drawings in files beside it. */
import { printable } from "../../base/terminal.ts";
import type { HeatMap } from "../heat_map.ts";
import { type Asked, valueText } from "./asked.ts";
import type { Block, Report, ReportAnswer, StagesBlock, TableBlock } from "./content.ts";

/** Rows of data that stand in the text; the query gives the rest. */
const DATA_ROWS = 200;

/** The text. `drawings` is the folder of the drawings, seen from it. */
export function reportMarkdown(report: Report, drawings: string): string {
  const { title, facts, answers, sections } = report;
  const parts = [
    `# ${escaped(title)}`,
    facts.map(escaped).join(" · "),
    ...answers.flatMap(answerParts),
    ...sections.flatMap((section) => [
      `## ${escaped(section.title)}`,
      ...section.blocks.flatMap((block) => blockParts(block, drawings)),
    ]),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function answerParts({ of, question, sentences, rule, warnings }: ReportAnswer): string[] {
  return [
    ...(of === undefined ? [] : [`## ${escaped(of)}`]),
    `*${escaped(question)}*`,
    ...sentences.map(escaped),
    ...(rule === undefined ? [] : [escaped(rule)]),
    ...(warnings.length === 0 ? [] : [
      `**Warnings**`,
      warnings.map(({ text, where }) =>
        `- ${escaped(text)}${where === "" ? "" : ` (${escaped(where)})`}`
      ).join("\n"),
    ]),
  ];
}

function blockParts(block: Block, drawings: string): string[] {
  switch (block.kind) {
    case "text":
      return [escaped(block.text)];
    case "grid":
      return [
        `### ${escaped(block.title)}`,
        gridTable(block.map),
        ...block.notes.map(escaped),
        dataPart(block.data),
      ];
    case "figure":
      return [
        `### ${escaped(block.title)}`,
        ...block.drawings.map(({ name, description }) =>
          `![${escaped(description)}](${drawings}/${name}.svg)`
        ),
        ...block.notes.map(escaped),
        dataPart(block.data),
      ];
    case "table":
      return [
        `### ${escaped(block.title)}`,
        plainTable(block),
        ...block.notes.map(escaped),
        ...(block.data === undefined ? [] : [dataPart(block.data)]),
      ];
    case "stages":
      return [`### ${escaped(block.title)}`, stagesList(block), dataPart(block.data)];
    case "code":
      return [`### ${escaped(block.title)}`, fenced(block.text)];
  }
}

function gridTable({ down, across, heads, rows }: HeatMap): string {
  const columns = [
    ...down.map((name) => ({ name, as: "number" as const })),
    ...heads.map((head, i) => (
      { name: i === 0 ? `${across} ${head}` : head, as: "number" as const }
    )),
  ];
  return tableText(
    columns,
    rows.map(({ labels, cells }) => [
      ...labels,
      ...cells.map((cell) => {
        if (cell === undefined) return "–";
        const spread = cell.spread === undefined ? "" : ` (${cell.spread})`;
        return `${cell.isBest === true ? "★ " : ""}${cell.text}${spread}`;
      }),
    ]),
  );
}

function plainTable({ columns, rows }: TableBlock): string {
  return tableText(columns, rows);
}

function tableText(
  columns: readonly { readonly name: string; readonly as?: string }[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cellText).join(" | ")} |`;
  return [
    line(columns.map(({ name }) => name)),
    `| ${columns.map(({ as }) => as === "number" ? "--:" : ":--").join(" | ")} |`,
    ...rows.map(line),
  ].join("\n");
}

function cellText(text: string): string {
  return escaped(text).replaceAll("|", "\\|");
}

function stagesList({ stages }: StagesBlock): string {
  return stages.map(({ stage, kind, summary, reads, cells, tasks }, i) =>
    [
      `${i + 1}. **${escaped(stage)}** ${escaped(kind)} · ${escaped(summary)}${
        reads.length === 0 ? "" : `; reads ${reads.map(escaped).join(", ")}`
      }`,
      ...tasks.map(({ label, fate }) => `   - ${escaped(label)} ${escaped(fate)}`),
      ...(cells > tasks.length ? [`   - ${cells - tasks.length} more: the query gives all.`] : []),
    ].join("\n")
  ).join("\n");
}

function dataPart({ sql, columns, isNumber, rows }: Asked): string {
  const shown = rows.slice(0, DATA_ROWS);
  const heads = columns.map((name, i) => ({ name, ...(isNumber[i] ? { as: "number" } : {}) }));
  const more = rows.length - shown.length;
  return [
    "<details><summary>Data and query</summary>",
    fenced(sql, "sql"),
    tableText(heads, shown.map((row) => row.map(valueText))),
    ...(more > 0 ? [`${more} more rows: the query gives all.`] : []),
    "</details>",
  ].join("\n\n");
}

/** Text as it was written, between more backquotes than it has in a row. */
function fenced(text: string, language = ""): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const lines = printable(text.replaceAll("\r\n", "\n")).replace(/\n$/, "");
  return `${fence}${language}\n${lines}\n${fence}`;
}

/** Text on one line in which nothing is a sign of Markdown or HTML. */
function escaped(text: string): string {
  return printable(text.replace(/[\p{Cc}\u2028\u2029]+/gu, " "))
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replace(/[\\`*_[\]~!#$]/g, "\\$&").replace(/^(\s*)([-+>]|\d+[.)])(\s)/, "$1\\$2$3")
    .replace(/\b(https?|www|mailto)([:.])/gi, "$1\\$2");
}
