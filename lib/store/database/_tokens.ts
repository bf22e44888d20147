/**
 * The tokens of a text of SQL: enough to tell a word that is meant from one that merely
 * stands in a string or in a comment.
 */

/** A word, a quoted name, or another character that is neither text nor space. */
export interface Token {
  /** In lower case, without the quotes of a name. */
  readonly text: string;
  /** Whether it is a name in double quotes, which is never a keyword. */
  readonly isQuoted: boolean;
  /** Where it begins. */
  readonly at: number;
}

/**
 * What a token, or what is none, begins with. Of strings there are 'plain' ones, in which
 * a doubled quote is one, e'those' in which a backslash hides the next character, and
 * $tag$those$tag$ that end with their tag.
 */
const PARTS = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*)`,
    String.raw`(?<comment>\/\*)`,
    String.raw`(?<string>\be'(?:[^'\\]|\\.|'')*'?|'(?:[^']|'')*'?)`,
    String.raw`(?<dollar>\$(?<tag>(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$)`,
    String.raw`(?<name>"(?:[^"]|"")*"?)`,
    String.raw`(?<word>[\w\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`(?<other>[^])`,
  ].join("|"),
  "iys",
);

/** Where the first statement of a text ends: at its ";", if it has one. */
export function endOf(sql: string): number {
  return tokensOf(sql).find(({ text, isQuoted }) => text === ";" && !isQuoted)?.at ?? sql.length;
}

/** The tokens of a text; strings are left out. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    PARTS.lastIndex = at;
    const { 0: whole, groups } = PARTS.exec(sql)!;
    const { comment, dollar, tag, name, word, other } = groups!;
    const start = at;
    at += whole.length;
    if (comment !== undefined) at = endOfComment(sql, at);
    else if (dollar !== undefined) {
      const end = sql.indexOf(`$${tag}$`, at);
      at = end === -1 ? sql.length : end + dollar.length;
    } else if (name !== undefined) {
      const text = name.replace(/^"|"$/g, "").replaceAll('""', '"').toLowerCase();
      tokens.push({ text, isQuoted: true, at: start });
    } else if (word !== undefined || other !== undefined) {
      tokens.push({ text: whole.toLowerCase(), isQuoted: false, at: start });
    }
  }
  return tokens;
}

/** Comments of this form may hold others. */
function endOfComment(sql: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let depth = 1; depth > 0;) {
    const found = mark.exec(sql);
    if (found === null) return sql.length;
    depth += found[0] === "/*" ? 1 : -1;
    from = mark.lastIndex;
  }
  return from;
}
