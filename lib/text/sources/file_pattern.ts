/**
 * The paths that a pattern names: "*" any characters of one name, "?" one of them,
 * "**" any folders.
 *
 * Hand-written, as the ones to be had lose files or time: node's `globSync` passes
 * over folders that it may not read without a word, and takes 48 seconds for 20
 * names and "*a*a*a*a*b". Here a pattern takes time in proportion to names times
 * its length, links cannot make it go round, and what is in the way is an error.
 * Whether a match is a regular file is told by who reads it.
 */
import { ExperimentError } from "../../base/errors.ts";
import { compareText } from "../../base/order.ts";

/**
 * The paths that fit a pattern, sorted; a path without wildcards is returned as it is, whether the
 * file exists or not. Names that begin with a dot fit only a part that does, and "**" does not go
 * through links.
 *
 * @throws ExperimentError "text/no-match" when nothing fits a pattern, "text/unreadable-folder" when
 *   a folder, or a link that leads nowhere, keeps from looking
 */
export function expandPattern(pattern: string): string[] {
  if (!/[*?]/.test(pattern)) return [pattern];
  const parts = pattern.split("/").filter((part, index) => index === 0 || part !== "");
  const root = parts[0] === "" ? "/" : "";
  const walk = new Walk(root === "" ? parts : parts.slice(1));
  walk.visit(root, 0);
  if (walk.found.size > 0) return [...walk.found].sort(compareText);
  throw new ExperimentError("text/no-match", `no file fits the pattern "${pattern}"`, {
    mend:
      "check the path, which in a spec is relative to the file that names it, and that the data is there",
  });
}

/** The files of a pattern; the pattern itself where none fits, a file that is missing. */
export function filesThatFit(pattern: string): string[] {
  try {
    return expandPattern(pattern);
  } catch (error) {
    if (error instanceof ExperimentError && error.code === "text/no-match") return [pattern];
    throw error;
  }
}

/** One pattern's way through the folders. */
class Walk {
  readonly found = new Set<string>();
  /** Folders by the part that was looked for in them, as two "**" may lead to one twice. */
  readonly #seen = new Set<string>();

  constructor(readonly parts: readonly string[]) {}

  /** Looks in a folder, given with its slash ("" is the working directory), from a part on. */
  visit(dir: string, index: number): void {
    const mark = `${index} ${dir}`;
    if (this.#seen.has(mark)) return;
    this.#seen.add(mark);
    const part = this.parts[index]!;
    const isLast = index === this.parts.length - 1;
    if (part === "**") {
      if (!isLast) this.visit(dir, index + 1);
      for (const entry of entriesOf(dir)) {
        if (entry.name.startsWith(".")) continue;
        if (entry.isDirectory) this.visit(`${dir}${entry.name}/`, index);
        else if (isLast) this.found.add(dir + entry.name);
      }
    } else if (!/[*?]/.test(part)) {
      if (!isLast) this.visit(`${dir}${part}/`, index + 1);
      else if (isThere(dir + part)) this.found.add(dir + part);
    } else {
      for (const entry of entriesOf(dir)) {
        if (entry.name.startsWith(".") && !part.startsWith(".")) continue;
        if (!fits(entry.name, part)) continue;
        if (isLast) this.found.add(dir + entry.name);
        else if (isFolder(dir, entry)) this.visit(`${dir}${entry.name}/`, index + 1);
      }
    }
  }
}

/** Whether a name fits one part of a pattern. Takes time in proportion to name times part. */
function fits(name: string, part: string): boolean {
  const characters = [...name], wanted = [...part];
  // The last "*" met, and how much of the name it takes: an earlier one never needs to take more.
  let star = -1, taken = 0;
  let at = 0, place = 0;
  while (at < characters.length) {
    if (wanted[place] === "*") {
      [star, taken] = [place++, at];
    } else if (wanted[place] === "?" || wanted[place] === characters[at]) {
      place++;
      at++;
    } else if (star >= 0) {
      place = star + 1;
      at = ++taken;
    } else {
      return false;
    }
  }
  while (wanted[place] === "*") place++;
  return place === wanted.length;
}

function entriesOf(dir: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(dir === "" ? "." : dir)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw inTheWay(dir, error);
  }
}

function isFolder(dir: string, entry: Deno.DirEntry): boolean {
  if (!entry.isSymlink) return entry.isDirectory;
  try {
    return Deno.statSync(dir + entry.name).isDirectory;
  } catch (error) {
    throw inTheWay(dir + entry.name, error);
  }
}

/** Whether something stands at a path, be it a link that leads nowhere. */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw inTheWay(path, error);
  }
}

function inTheWay(path: string, cause: unknown): ExperimentError {
  const why = cause instanceof Deno.errors.NotFound
    ? "it is a link that leads nowhere"
    : cause instanceof Error
    ? cause.message
    : String(cause);
  return new ExperimentError("text/unreadable-folder", `cannot look for files here: ${why}`, {
    at: { file: path },
    mend: "make it readable, remove it, or give a pattern that does not lead through it",
    cause,
  });
}
