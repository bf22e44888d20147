/** Plain text tables with aligned columns: no boxes, so that they survive a copy. */
import Table from "cli-table3";

/**
 * A table of text.
 *
 * @param head the column heads
 * @param rows one list of cells a row, as long as the head
 * @param options.right columns aligned to the right, counted from 0; all but the first unless given
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  options: { right?: (column: number) => boolean } = {},
): string {
  const { right = (column) => column > 0 } = options;
  const none = {
    "top": "",
    "top-mid": "",
    "top-left": "",
    "top-right": "",
    "bottom": "",
    "bottom-mid": "",
    "bottom-left": "",
    "bottom-right": "",
    "left": "",
    "left-mid": "",
    "mid": "",
    "mid-mid": "",
    "right": "",
    "right-mid": "",
    "middle": "  ",
  };
  const table = new Table({
    head: [...head],
    chars: none,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
    colAligns: head.map((_, column) => right(column) ? "right" : "left"),
  });
  table.push(...rows.map((row) => row.map(String)));
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n");
}
