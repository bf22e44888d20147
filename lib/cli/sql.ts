/** The command `sql`: rows of read-only queries. */
import { queryEach } from "../store/database/query.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { type Format, formatRows } from "./output.ts";
import { outputWidth, writeData, writeOutput } from "./streams.ts";

/** Prints the rows of each query, in order, with an empty line between them. */
export async function sql(
  text: string,
  options: { readonly results: string; readonly format: Format },
): Promise<void> {
  const { format, results } = options;
  const write = format === "table" ? writeOutput : writeData;
  let isFirst = true;
  for await (const rows of queryEach(resultsFolder(results).database, text)) {
    if (!isFirst) write("\n");
    isFirst = false;
    for await (const piece of formatRows(rows, format, { width: outputWidth() })) write(piece);
  }
}
