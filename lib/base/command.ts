/** Commands as messages tell a person to type them. */

/** The folder of results unless another is given. */
export const DEFAULT_RESULTS = "results";

/** What a further command needs to find the same results: " --results out", or nothing. */
export function resultsFlag(results: string): string {
  return results === DEFAULT_RESULTS ? "" : ` --results ${shellWord(results)}`;
}

/** A text as one word of a shell's command. */
export function shellWord(text: string): string {
  if (/^[\w./+,:@=-]+$/.test(text)) return text;
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`;
}
