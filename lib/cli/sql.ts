/** The command `sql`: rows of a read-only query. */
import { query } from "../store/database/query.ts";
import { type Format, formatRows } from "./output.ts";
import { outputWidth, writeData, writeOutput } from "./streams.ts";

/** Prints the rows of a query. */
export async function sql(
  text: string,
  options: { readonly results: string; readonly format: Format },
): Promise<void> {
  const rows = await query(`${options.results}/titrate.duckdb`, text);
  const { format } = options;
  const write = format === "table" ? writeOutput : writeData;
  for await (const piece of formatRows(rows, format, { width: outputWidth() })) write(piece);
}
