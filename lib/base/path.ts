/**
 * Places inside a value of JSON: `sources[0].path`, `words["a b"]`.
 *
 * One text for a path wherever one is shown, recorded or typed: a key that is no
 * plain word is quoted, so that different paths never look the same.
 */

/** Keys of mappings and indexes of lists, from the outside in. */
export type Path = readonly (string | number)[];

/** The text of a path's further step, such as "schedule.warmup" of "schedule" and "warmup". */
export function joinPath(path: string, step: string | number): string {
  if (typeof step === "number") return `${path}[${step}]`;
  if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(step)) return `${path}[${JSON.stringify(step)}]`;
  return path === "" ? step : `${path}.${step}`;
}

/** A path as a person writes it: `sources[0].path`. */
export function formatPath(path: Path): string {
  return path.reduce(joinPath, "");
}

/** Reads `sources[0].path` or `words["a b"]`; undefined when the text is no path. */
export function parsePath(text: string): Path | undefined {
  const path: (string | number)[] = [];
  const step = /(?:^|(?<!^)\.)([^.[\]]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]/y;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (match === null) return undefined;
    const [, name, index, quoted] = match;
    path.push(name ?? (index === undefined ? quotedKey(quoted!) : Number(index)));
  }
  return path.length === 0 ? undefined : path;
}

function quotedKey(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1); // an escape that JSON does not have stands for itself
  }
}
