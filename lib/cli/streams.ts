/**
 * Standard output and standard error: the only place that writes to them.
 *
 * What a program reads goes to standard output, everything for people watching
 * to standard error. A reader that closes its end of standard output (`| head`)
 * ends a command that only tells something, quietly; a run goes on to its end. One
 * that closes standard error ends nothing. Here,
 * and nowhere else, text from specs, files and results is made safe for a terminal.
 */
import { writeAllSync } from "../base/files.ts";
import { printable } from "../base/terminal.ts";

const encoder = new TextEncoder();

/** Nobody reads standard output any more: there is nothing left to say, and nothing is wrong. */
export class ReaderGone extends Error {}

/**
 * Writes text for people to standard output, with nothing in it that a terminal would obey.
 *
 * @throws ReaderGone
 */
export function writeOutput(text: string): void {
  write(printable(text));
}

/**
 * Writes text for programs to standard output: as it is, unless it goes to a terminal.
 *
 * @throws ReaderGone
 */
export function writeData(text: string): void {
  write(Deno.stdout.isTerminal() ? printable(text) : text);
}

function write(text: string): void {
  try {
    writeAllSync(Deno.stdout, encoder.encode(text));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new ReaderGone();
    // A terminal that is gone: whoever watched has left, what was to be done is done.
    if ((error as { code?: unknown }).code !== "EIO") throw error;
  }
}

/** Columns that text on standard output may take where it goes to a file or another program. */
export const PIPED_WIDTH = 200;

/** What a terminal has at the least; one that says less does not know its size. */
const LEAST_WIDTH = 20;

/** How wide a table on standard output may be: as the terminal, where it is one. */
export function outputWidth(): number {
  return Deno.stdout.isTerminal() ? widthOf("stdout") : PIPED_WIDTH;
}

/** How wide text may be where it stands: as the terminal, without a limit where it is none. */
export function widthOf(stream: "stdout" | "stderr"): number {
  if (!Deno[stream].isTerminal()) return Infinity;
  const columns = columnsOfTerminal();
  return columns !== undefined && columns >= LEAST_WIDTH ? columns : 80;
}

/** Undefined where neither standard input, output nor error is a terminal that tells. */
function columnsOfTerminal(): number | undefined {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return undefined;
  }
}

/** Whether a block of lines can be drawn anew: on a terminal that moves its cursor. */
export function movesCursor(stream: "stdout" | "stderr"): boolean {
  return Deno[stream].isTerminal() && !/^(|dumb)$/.test(Deno.env.get("TERM") ?? "");
}

/** Whether small curves of blocks can be shown: on a terminal that takes UTF-8 and draws. */
export function showsBlocks(stream: "stdout" | "stderr"): boolean {
  if (!Deno[stream].isTerminal()) return false;
  const [locale = ""] = ["LC_ALL", "LC_CTYPE", "LANG"].flatMap((name) => Deno.env.get(name) || []);
  const terminal = Deno.env.get("TERM") ?? "";
  return /utf-?8/i.test(locale) && !/^(|dumb|linux|vt\d+)$/.test(terminal);
}

/** Prints a line on standard error; with nobody there to read it, a run goes on all the same. */
export function printError(text: string): void {
  try {
    writeAllSync(Deno.stderr, encoder.encode(`${printable(text)}\n`));
  } catch {
    // A closed pipe or a terminal that is gone: there is nowhere left to say so.
  }
}
