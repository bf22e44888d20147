/** A report as Markdown, its drawings in files beside it. */
import { fenced, literal, literalLines, markdownTable } from "../../report/text/markdown.ts";
import type { HeatMap } from "../heat_map.ts";
import { type Asked, valueText } from "./asked.ts";
import type { Block, Report, ReportAnswer, StagesBlock, TableBlock } from "./content.ts";

/** Rows of data that stand in the text; the query gives the rest. */
const DATA_ROWS = 200;

/** The text. `drawings` is the folder of the drawings, seen from it. */
export function reportMarkdown(report: Report, drawings: string): string {
  const { title, facts, answers, sections } = report;
  const parts = [
    `# ${literal(title)}`,
    facts.map(literal).join(" · "),
    ...answers.flatMap(answerParts),
    ...sections.flatMap((section) => [
      `## ${literal(section.title)}`,
      ...section.blocks.flatMap((block) => blockParts(block, drawings)),
    ]),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function answerParts({ of, question, sentences, rule, warnings }: ReportAnswer): string[] {
  return [
    ...(of === undefined ? [] : [`## ${literal(of)}`]),
    `*${literal(question)}*`,
    ...sentences.map(literal),
    ...(rule === undefined ? [] : [literal(rule)]),
    ...(warnings.length === 0 ? [] : [
      `**Warnings**`,
      warnings.map(({ text, where }) =>
        `- ${literal(text)}${where === "" ? "" : ` (${literal(where)})`}`
      ).join("\n"),
    ]),
  ];
}

function blockParts(block: Block, drawings: string): string[] {
  switch (block.kind) {
    case "text":
      return [literal(block.text)];
    case "grid":
      return [
        `### ${literal(block.title)}`,
        gridTable(block.map),
        ...block.notes.map(literal),
        dataPart(block.data),
      ];
    case "figure":
      return [
        `### ${literal(block.title)}`,
        ...block.drawings.map(({ name, description }) =>
          `![${literal(description)}](${drawings}/${name}.svg)`
        ),
        ...block.notes.map(literal),
        dataPart(block.data),
      ];
    case "table":
      return [
        `### ${literal(block.title)}`,
        plainTable(block),
        ...block.notes.map(literal),
        ...(block.data === undefined ? [] : [dataPart(block.data)]),
      ];
    case "stages":
      return [`### ${literal(block.title)}`, stagesList(block), dataPart(block.data)];
    case "code":
      return [`### ${literal(block.title)}`, fenced(block.text)];
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

/** A table of which nothing is taken for Markdown. */
function tableText(
  columns: readonly { readonly name: string; readonly as?: string }[],
  rows: readonly (readonly string[])[],
): string {
  return markdownTable(
    columns.map(({ name, as }) => ({ name: literalLines(name), isNumber: as === "number" })),
    rows.map((row) => row.map(literalLines)),
  );
}

function stagesList({ stages }: StagesBlock): string {
  return stages.map(({ stage, kind, summary, reads, cells, tasks }, i) =>
    [
      `${i + 1}. **${literal(stage)}** ${literal(kind)} · ${literal(summary)}${
        reads.length === 0 ? "" : `; reads ${reads.map(literal).join(", ")}`
      }`,
      ...tasks.map(({ label, fate }) => `   - ${literal(label)} ${literal(fate)}`),
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
