/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const BENCHMARKS_ERRORS: ErrorTable = {
  "benchmarks/bad-json": {
    exit: 1,
    about: "a benchmark's file or line that is not the JSON it should be",
  },
  "benchmarks/bad-offset": { exit: 1, about: "an offset that is no pair of places" },
  "benchmarks/bad-tag": {
    exit: 1,
    about: "a tag that is none of O, B, I, B-Type, I-Type, nor of BIOES",
  },
  "benchmarks/columns": { exit: 1, about: "a line with more or fewer columns than its file has" },
  "benchmarks/duplicate-id": { exit: 1, about: "an id that occurs twice in a file" },
  "benchmarks/empty-text": { exit: 1, about: "a line without its text or its label" },
  "benchmarks/markers": { exit: 1, about: "a text whose entities are not marked as the spec says" },
  "benchmarks/no-answers": { exit: 1, about: "questions without an answer to be scored by" },
  "benchmarks/no-column": { exit: 1, about: "a column or field that a file does not have" },
  "benchmarks/no-sentences": { exit: 1, about: "a file of tagged sentences that has none" },
  "benchmarks/no-tag": { exit: 1, about: "a line without its word or its tag" },
  "benchmarks/no-texts": { exit: 1, about: "a file of labelled texts that has none" },
  "benchmarks/unknown-entity": { exit: 1, about: "an entity that is named but not there" },
  "benchmarks/unknown-label": { exit: 1, about: "a label that is none of those that there are" },
};
