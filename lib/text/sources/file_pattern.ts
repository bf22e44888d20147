/**
 * The files that a path with wildcards names: "*" any characters of one name,
 * "?" one of them. Deno's own `globSync` wants to read the environment.
 */
import { ExperimentError } from "../../base/errors.ts";

/**
 * The files that fit a pattern, sorted; a path without wildcards is returned as it is, whether the
 * file exists or not. Names that begin with a dot fit only a pattern that does.
 *
 * @throws ExperimentError "text/no-match" when a pattern fits no file
 */
export function expandPattern(pattern: string): string[] {
  if (!/[*?]/.test(pattern)) return [pattern];
  const [first, ...rest] = pattern.split("/");
  let found = first === "" ? ["/"] : matches("", first!);
  for (const [index, part] of rest.entries()) {
    if (part === "") continue;
    found = found.flatMap((dir) => matches(dir.endsWith("/") ? dir : `${dir}/`, part));
    const isLast = index === rest.length - 1;
    if (!isLast) found = found.filter((path) => isKind(path, "isDirectory"));
  }
  const files = found.filter((path) => isKind(path, "isFile")).sort();
  if (files.length > 0) return files;
  throw new ExperimentError("text/no-match", `no file fits the pattern "${pattern}"`, {
    mend: "check the path, relative to the working directory, and that the data is there",
  });
}

/** Paths in a folder, given with its slash ("" is the working directory), that fit one name. */
function matches(dir: string, name: string): string[] {
  if (!/[*?]/.test(name)) return [dir + name];
  const source = name
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  const expression = new RegExp(`^${source}$`, "su");
  try {
    return [...Deno.readDirSync(dir === "" ? "." : dir)]
      .map((entry) => entry.name)
      .filter((each) => expression.test(each) && (!each.startsWith(".") || name.startsWith(".")))
      .map((each) => dir + each);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}

function isKind(path: string, kind: "isFile" | "isDirectory"): boolean {
  try {
    return Deno.statSync(path)[kind];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
