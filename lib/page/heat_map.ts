/**
 * A grid as a table whose cells are coloured by their values. Colour only repeats what
 * the numbers say, and the best is marked by a sign too.
 */
import { greatestOf, leastOf } from "../base/extremes.ts";
import { attribute, type Html, markup } from "./html.ts";
import { scrolling } from "./table.ts";

/** Depths of colour, from the worst to the best. */
const DEPTHS = 9;

/** A cell of a grid. */
export interface HeatCell {
  /** The value, as it is shown. */
  readonly text: string;
  /** What stands below it, smaller: deviation and count. */
  readonly spread?: string;
  /** From 0, the worst, to 1, the best; absent: no colour. */
  readonly goodness?: number | undefined;
  /** Whether it is the best, or not shown to differ from it. */
  readonly isBest?: boolean;
}

/** What a grid shows. */
export interface HeatMap {
  /** What it is of, for everybody or, where a heading says it already, for screen readers. */
  readonly caption: string;
  /** Whether the caption is for screen readers alone. */
  readonly isCaptionHidden?: boolean;
  /** The axes that run down. */
  readonly down: readonly string[];
  /** The axis that runs across. */
  readonly across: string;
  /** The values of the axis that runs across. */
  readonly heads: readonly string[];
  /** A row for every combination of the axes that run down; absent cells were not measured. */
  readonly rows: readonly {
    readonly labels: readonly string[];
    readonly cells: readonly (HeatCell | undefined)[];
  }[];
}

/** The grid as a table. */
export function heatMap(
  { caption, isCaptionHidden = false, down, across, heads, rows }: HeatMap,
): Html {
  const corner = down.map((axis) =>
    markup`<th scope="col" rowspan="2" class="number">${axis}</th>`
  );
  const lines = rows.map(({ labels, cells }) => {
    const names = labels.map((label) => markup`<th scope="row" class="number">${label}</th>`);
    return markup`<tr>${names}${cells.map(cellOf)}</tr>\n`;
  });
  return scrolling(
    caption,
    markup`<table class="heat">
<caption${attribute("class", isCaptionHidden ? "hidden" : undefined)}>${caption}</caption>
<thead>
<tr>${corner}<th scope="colgroup" colspan="${heads.length}">${across}</th></tr>
<tr>${heads.map((head) => markup`<th scope="col" class="number">${head}</th>`)}</tr>
</thead>
<tbody>
${lines}</tbody>
</table>`,
  );
}

function cellOf(cell: HeatCell | undefined): Html {
  if (cell === undefined) {
    return markup`<td class="none">${signFor("–", "not measured")}</td>`;
  }
  const { text, spread, goodness, isBest = false } = cell;
  const classes = [
    ...(goodness === undefined ? [] : [`heat-${heatDepth(goodness)}`]),
    ...(isBest ? ["best"] : []),
  ];
  const sign = isBest && markup`${signFor("★", "best:")} `;
  const below = spread !== undefined && markup` <span class="spread">${spread}</span>`;
  return markup`<td${attribute("class", classes.join(" "))}>${sign}${text}${below}</td>`;
}

/** A sign to the eye, words to the ear. */
function signFor(sign: string, words: string): Html {
  return markup`<span aria-hidden="true">${sign}</span><span class="hidden">${words}</span>`;
}

/** The number of the class `heat-N` of a cell, for who draws cells by other means. */
export function heatDepth(goodness: number): number {
  return Math.max(0, Math.min(DEPTHS - 1, Math.round(goodness * (DEPTHS - 1))));
}

/**
 * How good each value is among all, from 0 to 1; absent for what is not finite, and
 * everywhere where all are equal or neither way is better.
 */
export function goodnessOf(
  values: readonly number[],
  better: "lower" | "higher" | undefined,
): (number | undefined)[] {
  const finite = values.filter(Number.isFinite);
  const least = leastOf(finite), most = greatestOf(finite);
  if (better === undefined || !(most > least)) return values.map(() => undefined);
  return values.map((value) => {
    if (!Number.isFinite(value)) return undefined;
    // Halves, as the span of the greatest numbers is beyond them.
    const share = (value / 2 - least / 2) / (most / 2 - least / 2);
    return better === "higher" ? share : 1 - share;
  });
}
