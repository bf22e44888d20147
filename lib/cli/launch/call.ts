/**
 * A command line as far as it tells what rights the command needs.
 *
 * This is no second parser: a call that is wrong is told so by the command itself,
 * which may be given too little for it here, never too much.
 */
import { DEFAULT_RESULTS } from "../../base/command.ts";

/** The spec that is meant where none is named. */
export const DEFAULT_SPEC = "experiments/ablation.yaml";

/** The port of the live page unless another is given. */
export const DEFAULT_PORT = 8717;

/** Options that take the next argument as their value. */
export const VALUE_OPTIONS: ReadonlySet<string> = new Set([
  "--cuda",
  "--device",
  "--file",
  "--format",
  "--hub",
  "--installer",
  "--into",
  "--jobs",
  "-j",
  "--metric",
  "--name",
  "--only",
  "--out",
  "--port",
  "--program",
  "--results",
  "--set",
]);

/** What a command line asks for. */
export interface Call {
  /** The command's name; absent without one. */
  readonly command: string | undefined;
  /** The arguments after it that are no options. */
  readonly operands: readonly string[];
  /** The folder of results, as given. */
  readonly results: string;
  /** The folder or file that `--out` names; absent without it. */
  readonly out?: string;
  /** The values of `--set`. */
  readonly set: readonly string[];
  /** The file that `--file` names to be read; absent without it. */
  readonly file?: string;
  /** Whether a query may read any file. */
  readonly allowsFiles?: true;
  /** The port, as given; absent unless it is. */
  readonly port?: string;
  /** Whether a browser may be opened. */
  readonly opens?: false;
}

/** Where a file is written before it takes its place. */
export function besideOut(path: string): string {
  const end = path.lastIndexOf("/") + 1;
  return `${path.slice(0, end)}.${path.slice(end)}.titrate-new`;
}

/** Where the rows of a table that goes to a file wait until the widest of them has come. */
export function spoolOf(path: string): string {
  return `${besideOut(path)}-rows`;
}

/** Reads a command line. */
export function readCall(args: readonly string[]): Call {
  const operands: string[] = [];
  const set: string[] = [];
  let results = DEFAULT_RESULTS, out: string | undefined;
  const more: { port?: string; opens?: false; file?: string; allowsFiles?: true } = {};
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      operands.push(arg);
      continue;
    }
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    const name = equals === -1 ? arg : arg.slice(0, equals);
    if (name === "--no-open") more.opens = false;
    if (name === "--allow-files") more.allowsFiles = true;
    if (!VALUE_OPTIONS.has(name)) continue;
    const value = equals === -1 ? args[++at] : arg.slice(equals + 1);
    if (value === undefined) continue;
    if (name === "--results") results = value;
    if (name === "--out") out = value;
    if (name === "--set") set.push(value);
    if (name === "--port") more.port = value;
    if (name === "--file") more.file = value;
  }
  const [command, ...rest] = operands;
  const given = { ...(out === undefined ? {} : { out }), ...more };
  return { command, operands: rest, results, set, ...given };
}
