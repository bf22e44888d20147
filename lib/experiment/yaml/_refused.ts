/**
 * What of YAML a spec does not have, found before anything is made of it.
 *
 * `!!timestamp`, `!!binary` and their like make values that a spec does not have,
 * and `%YAML 1.1` makes 90 of `1:30` and true of `yes`: neither looks like what it
 * would become, so both are refused. On a command line there are no comments either.
 */
import { CST, Lexer } from "yaml";
import type { SourcePosition } from "../../base/errors.ts";
import type { FaultList } from "../check/fault_list.ts";

/** Values that a file may have once its aliases are written out. */
export const MAX_NODES = 200_000;
/** Tags, directives and comments of one text that are reported. */
const MAX_REFUSED = 20;

const REFUSALS = {
  tag: {
    code: "experiment/yaml",
    what: (source: string) => `a spec has no tags such as ${source}`,
    mend: "remove the tag, or put the value in quotes if text is meant",
  },
  directive: {
    code: "experiment/yaml",
    what: (source: string) => `a spec is YAML 1.2, which ${source} is not for`,
    mend: "remove the tag of the version, and quote what YAML 1.2 would read as something else",
  },
  comment: {
    code: "experiment/yaml",
    what: (source: string) => `a value has no comment such as ${source}`,
    mend: "remove it, or put the whole value in quotes if text is meant",
  },
  value: {
    code: "experiment/too-large",
    what: () => "this file is too large to read",
    mend: `remove what is not needed: a file may have ${MAX_NODES} values`,
  },
} as const;

/** Reports what a spec does not have; says whether there is any. */
export function reportRefused(
  text: string,
  { place, faults, isLone }: {
    readonly place: (offset: number) => SourcePosition;
    readonly faults: FaultList;
    readonly isLone: boolean;
  },
): boolean {
  // Most texts have none of it, and then need no look at their tokens.
  const isSuspect = text.includes("!") || /^%/m.test(text) || isLone && text.includes("#") ||
    text.length > MAX_NODES;
  if (!isSuspect) return false;
  let count = 0;
  for (const { type, source, offset } of tokensToRefuse(text, MAX_NODES)) {
    if (type === "comment" && !isLone) continue;
    if (++count > MAX_REFUSED) break;
    const { code, what, mend } = REFUSALS[type];
    faults.add(code, what(JSON.stringify(source.trim())), { at: place(offset), mend });
  }
  return count > 0;
}

/** What is refused, and where it stands in the text. */
interface Refused {
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
function* tokensToRefuse(text: string, mostValues: number): Generator<Refused, void> {
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
