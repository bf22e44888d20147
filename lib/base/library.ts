/** What Deno says of a shared library that it cannot load. */

/** How its message begins, as often as it passed it on. */
const PREFIX = /^(Could not open library: )+/;

/** The loader's own words: the file, and what is wrong with it. */
export function whyNotLoaded(error: unknown): string {
  const [words] = (error instanceof Error ? error.message : String(error)).split("\n");
  return words!.replace(PREFIX, "");
}
