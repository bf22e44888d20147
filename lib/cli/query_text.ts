/**
 * The text of a query: of the call, of a file, or of standard input.
 *
 * Files are UTF-8, with a mark or without; UTF-16 with its mark, as editors and shells of
 * Windows write it, is read too. What is anything else is said, and never guessed.
 */
import { ExperimentError } from "../base/errors.ts";
import { isSystemsOwn } from "../store/faults.ts";
import { MAGIC_BYTES, noTextOf } from "../text/sources/magic.ts";

/** Stands for standard input in place of a file. */
const STANDARD_INPUT = "-";

/** Queries are written by people; what is longer is none. */
const MOST_BYTES = 1 << 20;

/**
 * The text to ask: what the call holds, or what the file does.
 *
 * @throws ExperimentError "cli/no-query"
 */
export async function queryText(
  query: string | undefined,
  file: string | undefined,
): Promise<string> {
  if ((query === undefined) === (file === undefined)) {
    const message = query === undefined ? "there is no query" : "there are two queries";
    throw new ExperimentError("cli/no-query", message, {
      mend: 'give one: deno task sql "FROM results", or deno task sql --file query.sql',
    });
  }
  if (file === undefined) return query!;
  try {
    return decoded(await readBytes(file), file);
  } catch (error) {
    if (error instanceof ExperimentError) throw error;
    if (isSystemsOwn(error)) {
      throw noQuery("that place is the system's own", {
        file,
        mend: 'name a file elsewhere; "--file -" reads standard input',
        cause: error,
      });
    }
    throw noQuery(`cannot read the query: ${(error as Error).message}`, {
      file,
      mend: "name a file that is there and may be read",
      cause: error,
    });
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  if (file !== STANDARD_INPUT) {
    const { isFile, size } = await Deno.stat(file);
    if (!isFile || size > MOST_BYTES) throw noFile(file);
    return await Deno.readFile(file);
  }
  const bytes = new Uint8Array(MOST_BYTES);
  let length = 0;
  for await (const piece of Deno.stdin.readable) {
    if (length + piece.length > MOST_BYTES) throw noFile(file);
    bytes.set(piece, length);
    length += piece.length;
  }
  return bytes.subarray(0, length);
}

/** Without the mark that a text may begin with. */
function decoded(bytes: Uint8Array, file: string): string {
  const [first, second, third, fourth] = bytes;
  // The mark of UTF-32 begins with that of UTF-16.
  const isUtf16 = first === 0xff && second === 0xfe && !(third === 0 && fourth === 0) ||
    first === 0xfe && second === 0xff;
  const known = isUtf16 ? undefined : noTextOf(bytes.subarray(0, MAGIC_BYTES));
  if (known !== undefined) throw noQuery(`this is ${known.what}`, { file, mend: known.mend });
  try {
    const name = !isUtf16 ? "utf-8" : first === 0xff ? "utf-16le" : "utf-16be";
    const text = new TextDecoder(name, { fatal: true }).decode(bytes);
    // DuckDB would end the query there.
    if (!text.includes("\0")) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw noQuery("this is no text in UTF-8 or UTF-16", { file, mend: "save it as UTF-8" });
}

function noFile(file: string): ExperimentError {
  return noQuery("this is no file with a query", {
    file,
    mend: "name a text file of at most 1 MiB",
  });
}

function noQuery(
  message: string,
  { file, mend, cause }: {
    readonly file: string;
    readonly mend: string;
    readonly cause?: unknown;
  },
): ExperimentError {
  return new ExperimentError("cli/no-query", message, { at: { file }, mend, cause });
}
