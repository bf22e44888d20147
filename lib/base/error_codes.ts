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
});

/** A code of the table, `<folder>/<what>`. */
export type ErrorCode = keyof typeof ERROR_CODES;
