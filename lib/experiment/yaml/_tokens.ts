/**
 * What of YAML a spec does not have, found before anything is made of it.
 *
 * `!!timestamp`, `!!binary` and their like make values that a spec does not have,
 * and `%YAML 1.1` makes 90 of `1:30` and true of `yes`: neither looks like what it
 * would become, so both are refused. On a command line there are no comments either.
 */
import { CST, Lexer } from "yaml";

/** What is refused, and where it stands in the text. */
export interface Refused {
  /** A tag such as `!!binary`, a directive such as `%YAML 1.1`, a comment, one value too many. */
  readonly type: "tag" | "directive" | "comment" | "value";
  /** As it is written. */
  readonly source: string;
  /** Counts UTF-16 code units. */
  readonly offset: number;
}

/**
 * Every tag, every directive but `%YAML 1.2`, every comment, and last the value that is
 * one too many, in the order of the text.
 */
export function* tokensToRefuse(text: string, mostValues: number): Generator<Refused, void> {
  let offset = 0, values = 0;
  let isText = false; // behind the mark of a plain or block scalar comes its text
  for (const source of new Lexer().lex(text)) {
    const type: CST.TokenType | null = isText ? null : CST.tokenType(source);
    isText = type === "scalar";
    if (isText || type?.endsWith("-scalar") === true) {
      if (++values > mostValues) return yield { type: "value", source: "", offset };
    }
    if (type === "scalar" || type === "doc-mode" || type === "flow-error-end") continue; // marks
    if (type === "tag" || type === "comment") yield { type, source, offset };
    else if (type === "directive-line" && !/^%YAML\s+1\.2\s*$/.test(source)) {
      yield { type: "directive", source, offset };
    }
    offset += source.length;
  }
}
