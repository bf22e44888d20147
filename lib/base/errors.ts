/**
 * The one error class for everything a person can mend.
 *
 * A bug throws a plain `Error` and shows its stack; whatever a user, a file or a
 * full disk can cause throws `ExperimentError`, which shows what went wrong,
 * where, and how to mend it, and never a stack. Each folder declares its codes in
 * its `error_codes.ts`; what exit code they lead to is the command line's affair.
 */
import { printableLine } from "./terminal.ts";

/** Names a kind of fault: the folder that throws it and what it is, "text/bad-json". */
export type ErrorCode = `${string}/${string}`;

/** What one error code leads to and means. */
export interface CodeEntry {
  /** The exit code of the command line: 2 where nothing was started, 1 where a run failed. */
  readonly exit: 1 | 2;
  /** The thing that is wrong, in a few words. */
  readonly about: string;
}

/** Exit code and meaning by code. */
export type ErrorTable = Readonly<Record<ErrorCode, CodeEntry>>;

/** A place in a text file; `line` and `column` count from 1. */
export interface SourcePosition {
  /** The path as the user gave it, or as the spec led to it. */
  readonly file: string;
  /** Absent where the file as a whole is meant. */
  readonly line?: number;
  /** Counts UTF-16 code units; absent where the whole line is meant. */
  readonly column?: number;
}

/** One thing that is wrong: what, where, and how to mend it. */
export interface Fault {
  /** Names the kind of fault; tests and scripts may rely on it. */
  readonly code: ErrorCode;
  /** What is wrong, without the place and without the code. */
  readonly message: string;
  /** Where it is wrong; absent where no file is to blame. */
  readonly at?: SourcePosition;
  /** What to do about it, in the imperative. */
  readonly mend?: string;
}

/** The optional parts of a fault, and the error that led to it. */
export interface FaultOptions {
  /** Where it is wrong. */
  readonly at?: SourcePosition | undefined;
  /** What to do about it, in the imperative. */
  readonly mend?: string | undefined;
  /** The error of the system or a library that led to this one; kept for debugging, not shown. */
  readonly cause?: unknown;
}

/** An error that a person can mend; holds one or more faults, all to be shown. */
export class ExperimentError extends Error {
  /** What a runtime prints before the message, should an error ever reach it uncaught. */
  override readonly name = "ExperimentError";
  /** All that is wrong, in the order found. */
  readonly faults: readonly [Fault, ...Fault[]];

  /** An error of one fault; `of` makes one of several. */
  constructor(code: ErrorCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.faults = [fault(code, message, options)];
  }

  /**
   * Several faults as one error, so that all of them are reported at once.
   *
   * @throws Error when `faults` is empty, which is a bug of the caller
   */
  static of(faults: readonly Fault[]): ExperimentError {
    const [first, ...rest] = faults;
    if (first === undefined) throw new Error("an error needs a fault");
    const error = new ExperimentError(first.code, first.message, first);
    (error as { faults: readonly Fault[] }).faults = [first, ...rest];
    if (rest.length > 0) error.message = [first, ...rest].map(formatFault).join("\n");
    return error;
  }

  /** The code of the first fault. */
  get code(): ErrorCode {
    return this.faults[0].code;
  }
}

/** Builds a fault without the keys whose value is absent. */
export function fault(code: ErrorCode, message: string, options: FaultOptions = {}): Fault {
  return {
    code,
    message,
    ...(options.at === undefined ? {} : { at: options.at }),
    ...(options.mend === undefined ? {} : { mend: options.mend }),
  };
}

/** `file:line:column`, with as much of it as is known, on one line whatever the file is called. */
export function formatPosition(at: SourcePosition): string {
  const { file, line, column } = at;
  return [printableLine(file), line, column].filter((part) => part !== undefined).join(":");
}

/** A fault as one or two lines of text: place, message and code, then the mend. */
export function formatFault(each: Fault): string {
  const place = each.at === undefined ? "" : `${formatPosition(each.at)}: `;
  const mend = each.mend === undefined ? "" : `\n  mend: ${each.mend}`;
  return `${place}${each.message} [${each.code}]${mend}`;
}
