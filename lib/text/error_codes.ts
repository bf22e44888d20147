/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const TEXT_ERRORS: ErrorTable = {
  "text/bad-archive": { exit: 1, about: "gzip or zstd data that is cut off or damaged" },
  "text/bad-corpus": { exit: 1, about: "a corpus artifact that cannot be read" },
  "text/bad-json": { exit: 1, about: "a line that is no JSON object" },
  "text/bad-shards": { exit: 1, about: "a shards artifact that cannot be read" },
  "text/bare-return": { exit: 1, about: "a carriage return that is no part of a line end" },
  "text/changed-file": { exit: 1, about: "a file that had other bytes than its size said" },
  "text/bad-utf8": { exit: 1, about: "text that is not valid UTF-8" },
  "text/bad-csv": { exit: 2, about: "a table whose quotes cannot be read" },
  "text/bad-xml": { exit: 1, about: "XML that is not well-formed, or that could expand" },
  "text/bad-vocab": { exit: 1, about: "a vocabulary that cannot be used" },
  "text/empty-corpus": { exit: 1, about: "sources or splits without any text" },
  "text/long-document": { exit: 1, about: "a document too long to be held in memory" },
  "text/lost-text": { exit: 1, about: "less text in a corpus than was read for it" },
  "text/long-line": { exit: 1, about: "a line too long to be held in memory" },
  "text/missing-field": { exit: 1, about: "a JSON object without the field that holds its text" },
  "text/missing-file": { exit: 1, about: "a text file or vocabulary that cannot be opened" },
  "text/no-match": { exit: 2, about: "a pattern or path that fits no file" },
  "text/not-a-file": { exit: 1, about: "a pipe, folder or device in place of a file" },
  "text/not-text": { exit: 1, about: "a file in a form that is not read as text" },
  "text/short-corpus": { exit: 1, about: "fewer tokens than a subset asks for" },
  "text/unreadable-folder": { exit: 2, about: "a folder or link that a pattern cannot look into" },
};
