/**
 * The environment variables that a spec declares, in its own file or in one that it
 * extends: those the command may read.
 *
 * What is wrong with a spec is passed over here; the command tells it.
 */
import { dirname, isAbsolute, join } from "node:path";

/** A spec is text that people write; what is longer is refused later anyway. */
const MOST_BYTES = 1 << 20;
const MOST_FILES = 100;

/** The names under `env:` of a spec and of all that it extends. */
export async function declaredVariables(spec: string): Promise<string[]> {
  const names = new Set<string>();
  const files = new Set([spec]);
  for (const file of files) {
    if (files.size > MOST_FILES) break;
    const text = await readSmall(file);
    // Most specs have neither, and the YAML parser takes a while to load.
    if (text === undefined || !/env|extends/.test(text)) continue;
    const { env, bases } = await sectionsOf(text);
    for (const name of env) names.add(name);
    for (const base of bases) files.add(isAbsolute(base) ? base : join(dirname(file), base));
  }
  return [...names].filter((name) => /^[A-Za-z_]\w*$/.test(name));
}

async function sectionsOf(text: string): Promise<{ env: string[]; bases: string[] }> {
  const { isAlias, isMap, isScalar, isSeq, parseDocument } = await import("yaml");
  const document = parseDocument(text, { logLevel: "silent" });
  const meant = (node: unknown) => isAlias(node) ? node.resolve(document) : node;
  const section = (name: string) =>
    isMap(document.contents) ? meant(document.contents.get(name, true)) : undefined;
  const texts = (nodes: readonly unknown[]) =>
    nodes.map(meant).flatMap((each) => isScalar(each) ? [String(each.value)] : []);
  const env = section("env"), bases = section("extends");
  return {
    env: isMap(env) ? texts(env.items.map(({ key }) => key)) : [],
    bases: texts(isSeq(bases) ? bases.items : [bases]),
  };
}

async function readSmall(path: string): Promise<string | undefined> {
  try {
    const { isFile, size } = await Deno.stat(path);
    return isFile && size <= MOST_BYTES ? await Deno.readTextFile(path) : undefined;
  } catch {
    return undefined;
  }
}
