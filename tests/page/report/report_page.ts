/** What stands in the page of a report, read from its text as its reader would. */
import type { Json } from "../../../lib/base/canonical.ts";

/** A query and the table of its rows. */
export interface PageData {
  readonly title: string;
  readonly query: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Text of markup: tags left out, references resolved. */
export function textOf(markup: string): string {
  return markup.replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}

/** The headings, each with its level. */
export function headingsOf(page: string): string[] {
  return [...page.matchAll(/<h(\d)[^>]*>([^]*?)<\/h\1>/g)]
    .map(([, level, text]) => `${level} ${textOf(text!)}`);
}

/** Every query of a page with the data below it. */
export function dataOf(page: string): PageData[] {
  const details = page.matchAll(/<details class="data">([^]*?)<\/details>/g);
  return [...details].map(([, content]) => {
    const cells = (line: string, tag: string) =>
      [...line.matchAll(new RegExp(`<${tag}\\b[^>]*>([^]*?)</${tag}>`, "g"))]
        .map(([, cell]) => textOf(cell!));
    const [, head, body] = /<thead>([^]*?)<\/thead>\s*<tbody>([^]*?)<\/tbody>/.exec(content!)!;
    const lines = [...body!.matchAll(/<tr>([^]*?)<\/tr>/g)].map(([, line]) => line!);
    return {
      title: textOf(/<caption[^>]*>([^]*?)<\/caption>/.exec(content!)![1]!),
      query: textOf(/<code data-query>([^]*?)<\/code>/.exec(content!)![1]!),
      columns: cells(head!, "th"),
      rows: lines.map((line) => [...cells(line, "th"), ...cells(line, "td")]),
    };
  });
}

/** Rows of a query, as a page shows them. */
export function shownRows(rows: readonly (readonly Json[])[]): string[][] {
  return rows.map((row) =>
    row.map((value) =>
      value === null ? "" : typeof value === "string" ? value : JSON.stringify(value)
    )
  );
}
