/**
 * Every error code of Titrate: the exit code it leads to and what it is about.
 *
 * Exit 2: the spec or the call is wrong, nothing was started. Exit 1: something
 * failed while running. One entry a line, sorted by code, so that changes to it
 * seldom meet.
 */

/** What one error code leads to and means. */
export interface CodeEntry {
  /** The exit code of the command line: 2 where nothing was started, 1 where a run failed. */
  readonly exit: 1 | 2;
  /** The thing that is wrong, in a few words. */
  readonly about: string;
}

const CODES = {
  "base/not-canonical": { exit: 2, about: "a value that has no canonical JSON form" },
  "base/unit": { exit: 2, about: "a quantity that cannot be read" },
  "benchmarks/bad-tag": { exit: 1, about: "a tag that is none of O, B, I, B-Type, I-Type" },
  "benchmarks/no-sentences": { exit: 1, about: "a file of tagged sentences that has none" },
  "benchmarks/no-tag": { exit: 1, about: "a line without its word or its tag" },
  "cli/no-task": { exit: 2, about: "explain names a task that is not there" },
  "cli/permission": { exit: 2, about: "a folder that the process may not write to" },
  "engine/memory": { exit: 1, about: "a model or batch that does not fit into memory" },
  "engine/tfjs-node-gpu-missing": { exit: 2, about: "an optional package that is not installed" },
  "executor/file-changed": { exit: 1, about: "a file that changed after it was planned with" },
  "executor/input-lost": { exit: 1, about: "an artifact that a task needs is missing or damaged" },
  "executor/worker-died": { exit: 1, about: "a worker process ended while it had work" },
  "graph/missing-file": { exit: 2, about: "a file that params name does not exist" },
  "graph/over-budget": { exit: 2, about: "the plan costs more than the budget allows" },
  "graph/unreadable-file": { exit: 2, about: "a file that params name cannot be read" },
  "model/config": { exit: 2, about: "sizes of a model that cannot be" },
  "model/safetensors": { exit: 1, about: "a safetensors file that is damaged or of another kind" },
  "model/vocab": { exit: 2, about: "a model and a corpus whose vocabularies differ" },
  "model/weights": { exit: 1, about: "weights that do not fit a model" },
  "run/bug": { exit: 1, about: "a task failed by a mistake in Titrate" },
  "experiment/alias": { exit: 2, about: "a YAML alias to nothing, to itself, or too large" },
  "experiment/axis": { exit: 2, about: "an axis with a value twice, or none" },
  "experiment/cycle": { exit: 2, about: "stages, or files, that refer to each other in a circle" },
  "experiment/env": { exit: 2, about: "an environment variable that is not set" },
  "experiment/expression": {
    exit: 2,
    about: "a $(...) that cannot be read or has no finite value",
  },
  "experiment/grid": { exit: 2, about: "zip, include or exclude that do not fit the axes" },
  "experiment/missing-key": { exit: 2, about: "a key that must be there and is not" },
  "experiment/not-found": { exit: 2, about: "an experiment file that is not there or unreadable" },
  "experiment/only": { exit: 2, about: "an --only that names nothing" },
  "experiment/params": { exit: 2, about: "parameters that do not go together" },
  "experiment/reference": { exit: 2, about: "a stage referred to where it does not fit" },
  "experiment/set": { exit: 2, about: "a --set that sets nothing" },
  "experiment/unknown-key": { exit: 2, about: "a key that nothing reads" },
  "experiment/unknown-name": { exit: 2, about: "a stage, axis, output or kind that is not there" },
  "experiment/unused": { exit: 2, about: "something declared that nothing refers to (a warning)" },
  "experiment/value": { exit: 2, about: "a value out of its range or not among its choices" },
  "experiment/wrong-type": { exit: 2, about: "a value of another type than its key takes" },
  "experiment/yaml": { exit: 2, about: "text that is no YAML, or YAML that would be misread" },
  "store/bad-key": { exit: 2, about: "a text that is no key of a task" },
  "store/bad-root": { exit: 2, about: "a store's folder that cannot be used" },
  "store/database-locked": { exit: 1, about: "a database that another program keeps open" },
  "store/disk-full": { exit: 1, about: "no space left while results were written" },
  "store/io": { exit: 1, about: "results that the file system refuses to read or write" },
  "store/newer-format": { exit: 2, about: "results written by a newer version of Titrate" },
  "store/no-database": { exit: 2, about: "a database that does not exist yet" },
  "store/not-a-database": { exit: 2, about: "a file that is not a database of Titrate" },
  "store/sql": { exit: 2, about: "a query that DuckDB refuses" },
  "tasks/engine": { exit: 2, about: "an engine that does not exist or is not installed" },
  "tasks/model": { exit: 2, about: "a model given twice, or not at all" },
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
  "train/checkpoint": { exit: 1, about: "a checkpoint that training cannot go on from" },
  "train/corpus": { exit: 1, about: "a corpus too small to fill one row" },
  "train/diverged": { exit: 1, about: "a training whose loss is no number any more" },
  "train/examples": { exit: 1, about: "training examples that cannot be used" },
} as const satisfies Record<string, CodeEntry>;

/** A code of the table, `<folder>/<what>`. */
export type ErrorCode = keyof typeof CODES;

/** Exit code and meaning of every error code. */
export const ERROR_CODES: Readonly<Record<ErrorCode, CodeEntry>> = CODES;
