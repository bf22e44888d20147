/**
 * The environment variables that a spec declares, in its own file or in one that it
 * extends: those the command may read.
 *
 * What is wrong with a spec is passed over here; the command tells it.
 */

/** A spec is text that people write; what is longer is refused later anyway. */
const MOST_BYTES = 1 << 20;
const MOST_FILES = 100;

/**
 * The module that reads YAML. Deno looks up what a literal name leads to even where it
 * is never loaded, and that takes longer than all else here.
 */
const SECTIONS = new URL("./sections.ts", import.meta.url).href;

/** The names under `env:` of a spec and of all that it extends. */
export async function declaredVariables(spec: string): Promise<string[]> {
  const names = new Set<string>();
  const files = new Set([spec]);
  for (const file of files) {
    if (files.size > MOST_FILES) break;
    const text = await readSmall(file);
    // Most specs have neither, and the YAML parser takes a while to load.
    if (text === undefined || !/env|extends/.test(text)) continue;
    const { sectionsOf }: typeof import("./sections.ts") = await import(SECTIONS);
    const { env, bases } = sectionsOf(text);
    for (const name of env) names.add(name);
    const folder = file.slice(0, file.lastIndexOf("/") + 1);
    for (const base of bases) files.add(base.startsWith("/") ? base : folder + base);
  }
  return [...names].filter((name) => /^[A-Za-z_]\w*$/.test(name));
}

async function readSmall(path: string): Promise<string | undefined> {
  try {
    const { isFile, size } = await Deno.stat(path);
    return isFile && size <= MOST_BYTES ? await Deno.readTextFile(path) : undefined;
  } catch {
    return undefined;
  }
}
