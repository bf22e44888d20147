/**
 * Which statements a query may hold: those that read.
 *
 * What a statement is, DuckDB says once it has prepared it; nothing of a query runs
 * before all of its statements have been looked at. The database is opened so that it
 * cannot be changed, so this guards what a statement could do beside: write files,
 * switch logs on, change settings.
 */
import {
  type DuckDBConnection,
  type DuckDBExtractedStatements,
  StatementType,
} from "@duckdb/node-api";
import { Refusal } from "./_query_faults.ts";
import { type Token, tokensOf } from "./_tokens.ts";

/** Functions that a SELECT can call and that do more than read. */
const FORBIDDEN =
  /^(?:(?:en|dis)able_(?:logging|profil(?:e|ing)|peg_parser)|write_log|truncate_duckdb_logs|json_execute_serialized_sql)$/;

/** Runs a text that may be put together from parts, where nobody can look. */
const QUERY = "query";

/** Statements that may run. */
export interface ReadingStatements {
  /** As DuckDB parted them. */
  readonly statements: DuckDBExtractedStatements;
  /** Whether one of them is EXPLAIN. */
  readonly isExplain: boolean;
}

/**
 * The statements of a text, each of which reads.
 *
 * @param options.isSingle whether there may be one only; a PIVOT that is two is one
 * @throws Refusal for a text without a statement, for one that does anything but read, and
 *   for several of them where there may be one
 * @throws Error what DuckDB has against it
 */
export async function readingStatements(
  connection: DuckDBConnection,
  text: string,
  { isSingle }: { readonly isSingle: boolean },
): Promise<ReadingStatements> {
  const statements = await extract(connection, text);
  const tokens = tokensOf(text);
  const call = tokens.find((token, i) =>
    FORBIDDEN.test(token.text) || token.text === QUERY && tokens[i + 1]?.text === "("
  );
  if (call !== undefined) throw refused(`${call.text}() does more than read`, call.at);
  // It makes its folder as soon as it is prepared.
  const exporting = tokens.find((token, i) =>
    isWord(token, "export") && isWord(tokens[i + 1], "database")
  );
  if (exporting !== undefined) throw refused("EXPORT DATABASE does more than read", exporting.at);
  const starts = startsOf(tokens);
  let isPivot = false, isExplain = false, answers = 0;
  for (let i = 0; i < statements.count; i++) {
    let type;
    try {
      const prepared = await statements.prepare(i);
      type = prepared.statementType;
      prepared.destroySync();
    } catch (error) {
      // The question that belongs to a PIVOT can be prepared once its type is there.
      if (!isPivot) throw error;
      isPivot = false;
      answers++;
      continue;
    }
    isPivot = type === StatementType.CREATE && makesPivotType(tokens);
    if (isPivot) continue;
    check(type, tokens, starts[answers]);
    isExplain ||= type === StatementType.EXPLAIN;
    answers++;
  }
  if (isSingle && answers > 1) {
    throw new Refusal("cannot answer several questions at once", {
      mend: "leave one of them; several are printed as tables or as Markdown",
      offset: starts[1],
    });
  }
  // A statement can be prepared once.
  return { statements: await extract(connection, text), isExplain };
}

/** Where each statement begins. */
function startsOf(tokens: readonly Token[]): number[] {
  const isEnd = (token: Token | undefined) => token?.text === ";" && !token.isQuoted;
  return tokens.filter((token, i) => !isEnd(token) && (i === 0 || isEnd(tokens[i - 1])))
    .map(({ at }) => at);
}

async function extract(
  connection: DuckDBConnection,
  text: string,
): Promise<DuckDBExtractedStatements> {
  try {
    return await connection.extractStatements(text);
  } catch (error) {
    // All that the binding says of a text without a statement.
    if ((error as Error).message !== "Error in native callback") throw error;
    throw new Refusal("cannot answer the query: nothing is asked", {
      mend: "SHOW TABLES and DESCRIBE results tell what can be asked",
    });
  }
}

/** @param start where the statement begins */
function check(type: StatementType, tokens: readonly Token[], start: number | undefined): void {
  if (type === StatementType.SELECT) return;
  if (type === StatementType.EXPLAIN) {
    // What it explains, DuckDB does not say, and with ANALYZE it is carried out.
    const analyzing = tokens.find((_, at) => isExplainAnalyze(tokens, at));
    if (analyzing === undefined) return;
    throw refused("EXPLAIN ANALYZE carries out what it explains", analyzing.at);
  }
  const name = (StatementType[type] ?? "other").replaceAll("_", " ");
  throw refused(`a statement of the type ${name} does more than read`, start);
}

/** Whether EXPLAIN ANALYZE stands at a place, or EXPLAIN (…, ANALYZE, …). */
function isExplainAnalyze(tokens: readonly Token[], at: number): boolean {
  if (!isWord(tokens[at], "explain")) return false;
  const isAnalyze = (token: Token | undefined) => isWord(token, "analyze", "analyse");
  if (tokens[at + 1]?.text !== "(") return isAnalyze(tokens[at + 1]);
  const end = tokens.findIndex(({ text }, i) => i > at && text === ")");
  return tokens.slice(at, end === -1 ? undefined : end).some(isAnalyze);
}

/** Whether a type that is created is one that DuckDB makes of a PIVOT: nobody wrote CREATE. */
function makesPivotType(tokens: readonly Token[]): boolean {
  const has = (...words: string[]) => tokens.some((token) => isWord(token, ...words));
  return has("pivot", "pivot_wider") && !has("create");
}

function isWord(token: Token | undefined, ...words: string[]): boolean {
  return token !== undefined && !token.isQuoted && words.includes(token.text);
}

function refused(why: string, offset: number | undefined): Refusal {
  return new Refusal(`cannot answer the query: ${why}`, {
    mend: "only ask: results are changed by runs alone; --out FILE puts rows in a file",
    offset,
  });
}
