/** A report as one page that needs nothing else; read without a script, too. */
import { darkStyle } from "../../report/figures/theme.ts";
import { asFile } from "../../report/figures/svg.ts";
import { documentOf } from "../document.ts";
import { heatMap } from "../heat_map.ts";
import { type Html, markup, trusted } from "../html.ts";
import { scrolling, tableOf } from "../table.ts";
import { type Asked, valueText } from "./asked.ts";
import type {
  Block,
  Drawing,
  FigureBlock,
  Report,
  ReportAnswer,
  Section,
  StagesBlock,
} from "./content.ts";
import STYLE from "./report.css" with { type: "text" };
import SCRIPT from "./report_script.js" with { type: "text" };

/** Rows of data that stand in the page; the query gives the rest. */
const DATA_ROWS = 1000;

/** The page. */
export function reportPage(report: Report): string {
  const { title, facts, answers, sections } = report;
  const body = markup`<a class="skip" href="#main">Skip to the content</a>
<header class="page">
<p class="kicker">Titrate report</p>
<h1>${title}</h1>
<p class="faint small">${facts.join(" · ")}</p>
<nav aria-label="Contents" class="unprinted"><ul>
<li><a href="#answer">Answer</a></li>
${sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>\n`)}</ul></nav>
</header>
<main id="main" class="page" tabindex="-1">
<section id="answer" aria-label="Answer">
${answers.map(answerOf)}</section>
${sections.map(sectionOf)}</main>
<footer class="page faint small"><p>Made by <code>deno task report</code> from the results alone.
Each figure, grid and table has the query that it comes from; <code>deno task sql</code> asks it
again.</p></footer>
<p class="hidden" role="status" id="said"></p>`;
  return documentOf({
    title: `${title} · Titrate`,
    body,
    style: `${STYLE}${darkStyle()}\n`,
    script: SCRIPT,
  });
}

function answerOf({ of, question, sentences, rule, warnings }: ReportAnswer): Html {
  const [first, ...others] = sentences;
  return markup`${of !== undefined && markup`<h2>${of}</h2>\n`}<p class="question">${question}</p>
<div class="answer">
<p class="first">${first}</p>
${others.map((sentence) => markup`<p>${sentence}</p>\n`)}</div>
${rule !== undefined && markup`<p class="faint small">${rule}</p>\n`}${
    warnings.length > 0 && warningsOf(warnings)
  }`;
}

function warningsOf(warnings: ReportAnswer["warnings"]): Html {
  const heading = warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`;
  return markup`<div class="warnings">
<h3>${heading}</h3>
<ul>
${
    warnings.map(({ text, where }) =>
      markup`<li>${text}${where !== "" && markup` <span class="faint">(${where})</span>`}</li>\n`
    )
  }</ul>
</div>
`;
}

function sectionOf({ id, title, blocks }: Section): Html {
  // Figures that follow each other stand beside each other where there is room.
  const groups: Block[][] = [];
  for (const block of blocks) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (last !== undefined && isNarrow(block) && isNarrow(last) && last.kind === block.kind) {
      group!.push(block);
    } else groups.push([block]);
  }
  const content = groups.map((group) =>
    group.length === 1
      ? blockOf(group[0]!)
      : markup`<div class="beside">\n${group.map(blockOf)}</div>\n`
  );
  return markup`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${content}</section>
`;
}

/** Whether two of its like have room beside each other. */
function isNarrow(block: Block): boolean {
  return block.kind === "figure" && block.drawings.length === 1 && !block.drawings[0]!.isWide ||
    block.kind === "grid" && block.map.heads.length <= NARROW_COLUMNS;
}

/** Columns of a grid that leave room for another one on a desk. */
const NARROW_COLUMNS = 4;

function blockOf(block: Block): Html {
  switch (block.kind) {
    case "text":
      return markup`<p>${block.text}</p>\n`;
    case "grid":
      return markup`<div class="block">
<h3>${block.title}</h3>
${heatMap(block.map)}
${notesOf(block.notes)}${dataOf(block.title, block.data)}</div>
`;
    case "figure":
      return figureOf(block);
    case "table":
      return markup`<div class="block">
<h3>${block.title}</h3>
${tableOf({ caption: block.title, isCaptionHidden: true, ...block })}
${notesOf(block.notes)}${block.data !== undefined && dataOf(block.title, block.data)}</div>
`;
    case "stages":
      return stagesOf(block);
    case "code":
      return markup`<div class="block">
<h3>${block.title}</h3>
<pre tabindex="0" role="region" aria-label="${block.title}"><code>${block.text}</code></pre>
</div>
`;
  }
}

function figureOf({ title, drawings, notes, data }: FigureBlock): Html {
  return markup`<figure class="block">
<figcaption><h3>${title}</h3></figcaption>
<div class="drawings">
${drawings.map((each) => drawingOf(each))}</div>
${notesOf(notes)}${dataOf(title, data)}</figure>
`;
}

function drawingOf(drawing: Drawing): Html {
  const { name, svg, description, isWide = false } = drawing;
  const file = new TextEncoder().encode(asFile(svg)).toBase64();
  const shown = isWide ? scrolling(description, trusted(svg)) : trusted(svg);
  return markup`<div class="drawing${isWide && " wide"}">${shown}
<div class="tools unprinted"><a class="button" download="${name}.svg"
 href="data:image/svg+xml;base64,${file}">Save SVG<span class="hidden"> of ${name}</span></a>
<button type="button" hidden data-save-png="${name}">Save PNG<span class="hidden"> of ${name}</span
></button></div></div>
`;
}

function notesOf(notes: readonly string[]): Html | false {
  if (notes.length === 0) return false;
  return markup`<ul class="notes faint small">${notes.map((note) => markup`<li>${note}</li>`)}</ul>
`;
}

function dataOf(title: string, { sql, columns, isNumber, rows }: Asked): Html {
  const shown = rows.slice(0, DATA_ROWS);
  const more = rows.length - shown.length;
  return markup`<details class="data">
<summary>Data and query<span class="hidden"> of ${title}</span></summary>
<pre tabindex="0" role="region" aria-label="Query of ${title}"><code data-query>${sql}</code></pre>
<div class="tools unprinted"><button type="button" hidden data-copy="query">Copy query</button>
<button type="button" hidden data-copy="data">Copy data</button></div>
${
    tableOf({
      caption: `Data of ${title}`,
      isCaptionHidden: true,
      columns: columns.map((name, i) => ({ name, ...(isNumber[i] ? { as: "number" } : {}) })),
      rows: shown.map((row) => row.map(valueText)),
    })
  }
${
    more > 0 && markup`<p class="faint small">${more} more rows: the query gives all.</p>\n`
  }</details>
`;
}

function stagesOf({ title, stages, data }: StagesBlock): Html {
  const place = new Map(stages.map(({ stage }, i) => [stage, i]));
  const link = (stage: string) => markup`<a href="#stage-${place.get(stage)}">${stage}</a>`;
  const items = stages.map(({ stage, kind, summary, reads, cells, tasks }, i) =>
    markup`<li id="stage-${i}">
<p><strong>${stage}</strong> <span class="faint">${kind} · ${summary}</span></p>
${
      reads.length > 0 &&
      markup`<p class="small">reads ${
        reads.map((each, at) => markup`${at > 0 && ", "}${link(each)}`)
      }</p>\n`
    }<details>
<summary>${
      cells === 1 ? "Its task" : `Its ${cells} tasks`
    }<span class="hidden"> of ${stage}</span></summary>
<ul class="small">
${
      tasks.map(({ label, fate }) => markup`<li>${label} <span class="faint">${fate}</span></li>\n`)
    }</ul>
${
      cells > tasks.length &&
      markup`<p class="faint small">${cells - tasks.length} more: the query gives all.</p>\n`
    }</details></li>
`
  );
  return markup`<div class="block">
<h3>${title}</h3>
<ol class="stages">
${items}</ol>
${dataOf(title, data)}</div>
`;
}
