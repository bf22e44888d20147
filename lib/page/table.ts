/** Tables of a page: a caption, heads with their scope, numbers to the right. */
import { attribute, type Html, type HtmlPart, markup } from "./html.ts";

/** A column of a table. */
export interface PageColumn {
  /** What stands at its head. */
  readonly name: string;
  /** How its cells are set: numbers to the right, long texts in lines; names unless given. */
  readonly as?: "number" | "long" | "name";
}

/** What a table shows. */
export interface PageTable {
  /** What it is of, for everybody or, where a heading says it already, for screen readers. */
  readonly caption: string;
  /** Whether the caption is for screen readers alone. */
  readonly isCaptionHidden?: boolean;
  /** From left to right; the first one's cells are the heads of their rows. */
  readonly columns: readonly PageColumn[];
  /** A cell a column. */
  readonly rows: readonly (readonly HtmlPart[])[];
}

/** A table that scrolls by itself where it is wider than the page. */
export function tableOf({ caption, isCaptionHidden = false, columns, rows }: PageTable): Html {
  const classes = columns.map(({ as }) => attribute("class", as === "name" ? undefined : as));
  const heads = columns.map(({ name }, i) => markup`<th scope="col"${classes[i]}>${name}</th>`);
  const lines = rows.map((row) => {
    const [first, ...rest] = row;
    const cells = rest.map((cell, i) => markup`<td${classes[i + 1]}>${cell}</td>`);
    return markup`<tr><th scope="row"${classes[0]}>${first}</th>${cells}</tr>\n`;
  });
  return scrolling(
    caption,
    markup`<table>
<caption${attribute("class", isCaptionHidden ? "hidden" : undefined)}>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${lines}</tbody>
</table>`,
  );
}

/** Something wide in a box that scrolls sideways, by keyboard too. */
export function scrolling(label: string, content: Html): Html {
  return markup`<div class="table" role="region" tabindex="0" aria-label="${label}">${content}</div>`;
}
