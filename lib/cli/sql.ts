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
import { queryEach, writeParquet } from "../store/database/query.ts";
import { isDiskFull, isSystemsOwn, storeFault } from "../store/faults.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { besideOut } from "./launch/call.ts";
import { type Format, formatRows } from "./output.ts";
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

/** Stands for standard input in place of a file. */
const STANDARD_INPUT = "-";

/** Queries are written by people; what is longer is none. */
const MOST_BYTES = 1 << 20;

/** How rows are written into files by what their names end in. */
const FORMAT_BY_ENDING: Readonly<Record<string, Format | "parquet">> = {
  "": "table",
  ".txt": "table",
  ".md": "markdown",
  ".csv": "csv",
  ".json": "json",
  ".parquet": "parquet",
};

/**
 * Prints the rows of each query, in order, with an empty line between them; or writes
 * them to a file.
 *
 * @throws ExperimentError "cli/no-query", "cli/out-file"; as `queryEach`
 */
export async function sql(query: string | undefined, options: SqlOptions): Promise<void> {
  const { results, out } = options;
  const format = options.format ?? formatOf(out);
  const text = await textOf(query, options.file);
  const { database } = resultsFolder(results);
  try {
    await tell(text, { ...options, format, database });
  } catch (error) {
    throw inFile(error, options.file);
  }
}

/** Prints the rows of the questions, or writes them to the file of the call. */
async function tell(
  text: string,
  { database, ...options }: SqlOptions & {
    readonly format: Format | "parquet";
    readonly database: string;
  },
): Promise<void> {
  const { format, out, allowFiles } = options;
  if (format === "parquet") {
    if (out === undefined) {
      throw new ExperimentError("cli/out-file", "Parquet is nothing to print", {
        mend: "name a file for it: --out rows.parquet",
      });
    }
    const rows = await intoFile(options, (file) =>
      writeParquet(database, text, {
        file,
        allowsFiles: allowFiles,
      }));
    return printError(`${counted(rows, "row")} in ${out}`);
  }
  const print = async (write: (piece: string) => Promise<void> | void, width: number) => {
    let isFirst = true;
    for await (const rows of queryEach(database, text, { allowsFiles: allowFiles })) {
      if (!isFirst) await write("\n");
      isFirst = false;
      for await (const piece of formatRows(rows, format, { width })) await write(piece);
    }
  };
  if (out === undefined) {
    return await print(format === "table" ? writeOutput : writeData, outputWidth());
  }
  await intoFile(options, async (path) => {
    using file = await Deno.create(path);
    const encoder = new TextEncoder();
    await print((piece) => writeAll(file, encoder.encode(piece)), PIPED_WIDTH);
  });
  printError(`written to ${out}`);
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

/** What is wrong with a question, told of the file that it stands in. */
function inFile(error: unknown, file: string | undefined): unknown {
  if (file === undefined || !(error instanceof ExperimentError) || error.code !== "store/sql") {
    return error;
  }
  const [{ message, mend }] = error.faults;
  return new ExperimentError(error.code, message, { at: { file }, mend, cause: error });
}

async function textOf(query: string | undefined, file: string | undefined): Promise<string> {
  if ((query === undefined) === (file === undefined)) {
    const message = query === undefined ? "there is no query" : "there are two queries";
    throw new ExperimentError("cli/no-query", message, {
      mend: 'give one: deno task sql "FROM results", or deno task sql --file query.sql',
    });
  }
  if (file === undefined) return query!;
  try {
    return (await readQuery(file)).replace(/^\uFEFF/, "");
  } catch (error) {
    if (error instanceof ExperimentError) throw error;
    if (isSystemsOwn(error)) {
      throw new ExperimentError("cli/no-query", "that place is the system's own", {
        at: { file },
        mend: 'name a file elsewhere; "--file -" reads standard input',
        cause: error,
      });
    }
    throw new ExperimentError(
      "cli/no-query",
      `cannot read the query: ${(error as Error).message}`,
      {
        at: { file },
        mend: "name a file that is there and may be read",
        cause: error,
      },
    );
  }
}

async function readQuery(file: string): Promise<string> {
  if (file !== STANDARD_INPUT) {
    const { isFile, size } = await Deno.stat(file);
    if (!isFile || size > MOST_BYTES) throw noQuery(file);
    return await Deno.readTextFile(file);
  }
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of Deno.stdin.readable) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > MOST_BYTES) throw noQuery(file);
  }
  return text + decoder.decode();
}

function noQuery(file: string): ExperimentError {
  return new ExperimentError("cli/no-query", "this is no file with a query", {
    at: { file },
    mend: "name a text file of at most 1 MiB",
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
