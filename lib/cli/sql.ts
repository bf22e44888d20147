/**
 * The command `sql`: rows of read-only queries, printed or in a file.
 *
 * A file is written beside and renamed, so that it is there whole or not at all. Only
 * the file that `--file` names and the one that `--out` names are touched besides the
 * results, unless `--allow-files` is given.
 */
import { extname, resolve } from "node:path";
import { counted } from "../base/count.ts";
import { ExperimentError } from "../base/errors.ts";
import { removeIfThere, syncPath, writeAll } from "../base/files.ts";
import { query as ask, queryEach, writeParquet } from "../store/database/query.ts";
import { isDiskFull, isSystemsOwn, storeFault } from "../store/faults.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { besideOut, spoolOf } from "./launch/call.ts";
import { type Format, formatRows } from "./output.ts";
import { queryText } from "./query_text.ts";
import { FileSpool } from "./spool.ts";
import { outputWidth, PIPED_WIDTH, printError, writeData, writeOutput } from "./streams.ts";

/** The options of `sql`. */
export interface SqlOptions {
  /** The folder of results. */
  readonly results: string;
  /** How rows are written; absent, as the name of the file that they go to tells, else a table. */
  readonly format?: Format | "parquet" | undefined;
  /** A file with the query, in place of one on the command line; "-" is standard input. */
  readonly file?: string | undefined;
  /** The file that rows go to; absent, they are printed. */
  readonly out?: string | undefined;
  /** Whether that file may be there already. */
  readonly force: boolean;
  /** Whether a query may read files besides the results. */
  readonly allowFiles: boolean;
}

/** How rows are written into files by what their names end in. */
const FORMAT_BY_ENDING: Readonly<Record<string, Format | "parquet">> = {
  "": "table",
  ".txt": "table",
  ".md": "markdown",
  ".csv": "csv",
  ".json": "json",
  ".parquet": "parquet",
};

/** These are read by programs, which expect one table or document: one query may be asked. */
const OF_ONE_QUERY: ReadonlySet<Format | "parquet"> = new Set(["csv", "json", "parquet"]);

/**
 * Prints the rows of each query, in order, with an empty line between them; or writes
 * them to a file.
 *
 * @throws ExperimentError "cli/no-query", "cli/out-file"; as `queryEach`, and as `query`
 *   for a format that programs read
 */
export async function sql(query: string | undefined, options: SqlOptions): Promise<void> {
  const { out, allowFiles: allowsFiles, file: from } = options;
  const format = options.format ?? formatOf(out);
  const text = await queryText(query, from);
  const { database } = resultsFolder(options.results);
  if (format === "parquet") {
    if (out === undefined) {
      throw new ExperimentError("cli/out-file", "Parquet is nothing to print", {
        mend: "name a file for it: --out rows.parquet",
      });
    }
    const rows = await intoFile(
      options,
      (file) => writeParquet(database, text, { file, allowsFiles, from }),
    );
    return printError(`${counted(rows, "row")} in ${out}`);
  }
  const answers = OF_ONE_QUERY.has(format)
    ? [await ask(database, text, { allowsFiles, from })]
    : queryEach(database, text, { allowsFiles, from });
  const print = async (write: (piece: string) => Promise<void> | void, sheet: Sheet) => {
    let isFirst = true;
    for await (const rows of answers) {
      if (!isFirst) await write("\n");
      isFirst = false;
      using spool = format === "table" ? await sheet.spool?.() : undefined;
      for await (const piece of formatRows(rows, format, { width: sheet.width, spool })) {
        await write(piece);
      }
    }
  };
  if (out === undefined) {
    return await print(format === "table" ? writeOutput : writeData, { width: outputWidth() });
  }
  await intoFile(options, async (path) => {
    using file = await Deno.create(path);
    const encoder = new TextEncoder();
    await print((piece) => writeAll(file, encoder.encode(piece)), {
      width: PIPED_WIDTH,
      spool: () => FileSpool.create(spoolOf(resolve(out))),
    });
  });
  printError(`written to ${out}`);
}

/** What rows are printed on. */
interface Sheet {
  /** Columns that a table may take. */
  readonly width: number;
  /** Makes a place where rows of a table wait; absent where it is to end soon instead. */
  readonly spool?: () => Promise<FileSpool>;
}

/**
 * How rows are written into a file of this name: a table, which has an end and cuts its cells,
 * would be no file of the kind that its name promises.
 */
function formatOf(out: string | undefined): Format | "parquet" {
  const ending = extname(out ?? "").toLowerCase();
  const format = Object.hasOwn(FORMAT_BY_ENDING, ending) ? FORMAT_BY_ENDING[ending] : undefined;
  if (format !== undefined) return format;
  const known = Object.keys(FORMAT_BY_ENDING).filter((each) => each !== "").join(", ");
  throw new ExperimentError("cli/out-file", `"${ending}" tells no format`, {
    at: { file: out! },
    mend: `add --format, or let the name end in one of ${known}`,
  });
}

/**
 * Has a file written beside where it is to stand, and puts it there.
 *
 * @throws ExperimentError "cli/out-file" for one that is there; "store/disk-full", "store/io"
 */
async function intoFile<T>(
  { out, force }: Pick<SqlOptions, "out" | "force">,
  write: (beside: string) => Promise<T>,
): Promise<T> {
  const path = resolve(out!), beside = besideOut(path);
  try {
    await checkOut(path, force);
    await createEmpty(beside, path);
    const result = await write(beside);
    await syncPath(beside);
    await Deno.rename(beside, path);
    return result;
  } catch (error) {
    await removeIfThere(beside).catch(() => {});
    if (isSystemsOwn(error)) throw cannotWrite(path, error);
    throw storeFault(error, { doing: "write rows", path: out! });
  }
}

/** Finds out whether a file can be there at all. */
async function createEmpty(beside: string, path: string): Promise<void> {
  try {
    (await Deno.create(beside)).close();
  } catch (error) {
    if (error instanceof Error && isDiskFull(error)) throw error;
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, cause: unknown): ExperimentError {
  return new ExperimentError("cli/out-file", "no file can be written there", {
    at: { file: path },
    mend: "name a file in a folder that is there and may be written",
    cause,
  });
}

async function checkOut(path: string, force: boolean): Promise<void> {
  let info;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (info === undefined || (info.isFile && force)) return;
  throw new ExperimentError(
    "cli/out-file",
    info.isFile ? "there is a file already" : "something that is no file stands there",
    {
      at: { file: path },
      mend: info.isFile ? "name another, or add --force to replace it" : "name another",
    },
  );
}
