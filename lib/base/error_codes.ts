/**
 * Every error code of Titrate: the exit code it leads to and what it is about.
 *
 * Exit 2: the spec or the call is wrong, nothing was started. Exit 1: something
 * failed while running. One entry a line, sorted by code, so that changes to it
 * seldom meet.
 */

interface CodeEntry {
  readonly exit: 1 | 2;
  readonly about: string;
}

function table<const Codes extends string>(codes: Record<Codes, CodeEntry>) {
  return codes;
}

/** Exit code and meaning of every error code. */
export const ERROR_CODES = table({
  "base/not-canonical": { exit: 2, about: "a value that has no canonical JSON form" },
  "base/unit": { exit: 2, about: "a quantity that cannot be read" },
  "text/bad-archive": { exit: 1, about: "gzip or zstd data that is cut off or damaged" },
  "text/bad-corpus": { exit: 1, about: "a corpus artifact that cannot be read" },
  "text/bad-json": { exit: 1, about: "a line that is no JSON object" },
  "text/bad-shards": { exit: 1, about: "a shards artifact that cannot be read" },
  "text/bad-utf8": { exit: 1, about: "text that is not valid UTF-8" },
  "text/bad-vocab": { exit: 1, about: "a vocabulary that cannot be used" },
  "text/empty-corpus": { exit: 1, about: "sources or splits without any text" },
  "text/long-line": { exit: 1, about: "a line too long to be held in memory" },
  "text/missing-field": { exit: 1, about: "a JSON object without the field that holds its text" },
  "text/missing-file": { exit: 1, about: "a text file or vocabulary that cannot be opened" },
  "text/no-match": { exit: 2, about: "a pattern or path that fits no file" },
  "text/short-corpus": { exit: 1, about: "fewer tokens than a subset asks for" },
});

/** A code of the table, `<folder>/<what>`. */
export type ErrorCode = keyof typeof ERROR_CODES;
