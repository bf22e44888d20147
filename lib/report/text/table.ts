/** Plain text tables with aligned columns: no boxes, so that they survive a copy. */
import { greatestOf } from "../../base/extremes.ts";
import { cellOf, padCell, type TableCell } from "./cell.ts";

/** Between two columns. */
const GAP = "  ";

/** A column that has to give way keeps so much; with less its cells say nothing. */
const LEAST_WIDTH = 8;

/** What columns look like. */
export interface TableOptions {
  /** Columns aligned to the right, counted from 0; all but the first unless given. */
  readonly right?: (column: number) => boolean;
}

/** A table of text, as wide as it needs. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { right = (column) => column > 0 }: TableOptions = {},
): string {
  const lines = [head, ...rows].map((line) => line.map((text) => cellOf(text)));
  return print(lines, naturalWidths(lines), right);
}

/**
 * A table no wider than `width` with every cell whole: columns that find no room stand in
 * further tables below, each with the first `stub` columns again. Where even one column beside
 * those is too wide, as of `fitTable`.
 *
 * @param options.headOf the head of a column that begins such a table, from its own
 */
export function foldTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width, stub = 1, headOf = (text) => text, right = (column) => column > 0 }: TableOptions & {
    readonly width: number;
    readonly stub?: number;
    readonly headOf?: (head: string) => string;
  },
): string {
  const lines = [head, ...rows].map((line) => line.map((text) => cellOf(text)));
  const widths = naturalWidths(lines);
  const sum = (columns: readonly number[]) =>
    columns.reduce((total, column) => total + widths[column]! + GAP.length, -GAP.length);
  const all = widths.map((_, column) => column);
  if (sum(all) <= width) return print(lines, widths, right);
  const stubs = all.slice(0, stub), groups: number[][] = [];
  for (const column of all.slice(stub)) {
    const group = groups.at(-1);
    if (group !== undefined && sum([...stubs, ...group, column]) <= width) group.push(column);
    else {
      if (group !== undefined) {
        widths[column] = Math.max(widths[column]!, cellOf(headOf(head[column]!)).width);
      }
      groups.push([column]);
      if (sum([...stubs, column]) > width) return fitTable(head, rows, { right, width }).text;
    }
  }
  return groups.map((group, i) => {
    const columns = [...stubs, ...group];
    const part = lines.map((line, row) =>
      columns.map((column) =>
        row === 0 && i > 0 && column === group[0] ? cellOf(headOf(head[column]!)) : line[column]!
      )
    );
    return print(part, columns.map((column) => widths[column]!), (at) => right(columns[at]!));
  }).join("\n\n");
}

/** A table that keeps to a width. */
export interface FittedTable {
  /** Its lines, none wider than asked for. */
  readonly text: string;
  /** Whether a cell or a head was cut. */
  readonly isCut: boolean;
}

/**
 * A table no wider than `width`: long cells are cut, those of columns in `rigid` never.
 *
 * Where that would leave columns of a few characters, each row becomes a block of
 * lines instead, a column a line.
 */
export function fitTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { right = (column) => column > 0, width, rigid = () => false }: TableOptions & {
    readonly width: number;
    readonly rigid?: (column: number) => boolean;
  },
): FittedTable {
  const measure = new TableMeasure(head, width);
  const lines = measure.add(rows);
  const layout = measure.layout({ right, rigid });
  const shown = layout.print(lines);
  return {
    text: [
      ...(layout.head === undefined ? [] : [layout.head]),
      ...(lines.length > 0 ? [shown.text] : []),
    ].join("\n"),
    isCut: layout.isHeadCut || shown.isCut,
  };
}

/** How rows of a table are printed, once the widths of its columns are settled. */
export interface TableLayout {
  /** The line above the first row; absent where each row names its columns. */
  readonly head: string | undefined;
  /** Whether a name of a column was cut. */
  readonly isHeadCut: boolean;
  /** What stands between two groups of rows. */
  readonly between: string;
  /** Prints rows as `TableMeasure.add` gave them. */
  print(lines: readonly (readonly TableCell[])[]): FittedTable;
}

/**
 * The widths of a table's columns, which grow as its rows pass: so a table of any length is
 * laid out and printed by the group, and never held.
 */
export class TableMeasure {
  readonly #head: TableCell[];
  readonly #widths: number[];
  readonly #width: number;

  /** Begins with the head alone. */
  constructor(head: readonly string[], width: number) {
    this.#width = width;
    this.#head = head.map((text) => cellOf(text, width));
    this.#widths = naturalWidths([this.#head]);
  }

  /** Takes rows in; gives their cells, none of them longer than the table is wide. */
  add(rows: readonly (readonly string[])[]): TableCell[][] {
    const lines = rows.map((row) => row.map((text) => cellOf(text, this.#width)));
    grow(this.#widths, lines);
    return lines;
  }

  /** What all rows that were taken in fit into; the options are those of `fitTable`. */
  layout({ right = (column) => column > 0, rigid = () => false }: TableOptions & {
    readonly rigid?: ((column: number) => boolean) | undefined;
  }): TableLayout {
    const head = this.#head, width = this.#width;
    const widths = narrow(this.#widths, { width, rigid });
    if (widths === undefined) return recordsOf(head, width);
    const fit = (lines: readonly (readonly TableCell[])[]) => {
      const cut = lines.map((line) => line.map((cell, i) => recut(cell, widths[i]!)));
      return { text: print(cut, widths, right), isCut: cut.some(hasCut) };
    };
    const shown = fit([head]);
    return { head: shown.text, isHeadCut: shown.isCut, between: "\n", print: fit };
  }
}

/** The widths that columns get out of `width`; absent where they would be too small. */
function narrow(
  natural: readonly number[],
  { width, rigid }: { width: number; rigid: (column: number) => boolean },
): number[] | undefined {
  let room = width - GAP.length * (natural.length - 1);
  const widths = [...natural];
  // From the smallest on, each may take an even share of what is left.
  const order = natural.map((_, column) => column).sort((a, b) =>
    Number(rigid(b)) - Number(rigid(a)) || natural[a]! - natural[b]!
  );
  for (const [place, column] of order.entries()) {
    const share = Math.floor(room / (order.length - place));
    const wanted = natural[column]!;
    if (wanted > share) {
      if (rigid(column) ? wanted > room : share < LEAST_WIDTH) return undefined;
      if (!rigid(column)) widths[column] = share;
    }
    room -= widths[column]!;
  }
  return room < 0 ? undefined : widths;
}

/** Rows one below the other, each a block with a line for every column. */
function recordsOf(head: readonly TableCell[], width: number): TableLayout {
  const most = Math.max(1, Math.floor(width / 2) - GAP.length);
  const names = head.map((cell) => recut(cell, most));
  const nameWidth = Math.max(0, greatestOf(names.map((name) => name.width)));
  const room = Math.max(1, width - nameWidth - GAP.length);
  return {
    head: undefined,
    isHeadCut: hasCut(names),
    between: "\n\n",
    print(lines) {
      const blocks = lines.map((line) => line.map((cell) => recut(cell, room)));
      const texts = blocks.map((row) =>
        print(row.map((cell, i) => [names[i]!, cell]), [nameWidth, 0])
      );
      return { text: texts.join("\n\n"), isCut: blocks.some(hasCut) };
    },
  };
}

function recut(cell: TableCell, most: number): TableCell {
  if (cell.width <= most) return cell;
  return { ...cellOf(cell.text, most), isCut: true };
}

function hasCut(cells: readonly TableCell[]): boolean {
  return cells.some(({ isCut }) => isCut);
}

function naturalWidths(lines: readonly (readonly TableCell[])[]): number[] {
  const widths = lines[0]!.map(() => 0);
  grow(widths, lines);
  return widths;
}

function grow(widths: number[], lines: readonly (readonly TableCell[])[]): void {
  for (const line of lines) {
    for (const [i, { width }] of line.entries()) widths[i] = Math.max(widths[i]!, width);
  }
}

function print(
  lines: readonly (readonly TableCell[])[],
  widths: readonly number[],
  right: (column: number) => boolean = () => false,
): string {
  return lines.map((line) =>
    line.map((cell, i) => padCell(cell, widths[i]!, right(i))).join(GAP).trimEnd()
  ).join("\n");
}
