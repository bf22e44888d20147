/** Values of a command line, as `--set` and `--only` take them. */
import type { SpecNode } from "./node.ts";
import { parseYaml, type YamlOptions } from "./yaml.ts";

/**
 * Reads a lone value of a command line: `2e-5`, `[1, 2]`, `"5"`, or text such as `a #2: b`.
 *
 * Only brackets, braces, quotes and tags at its beginning make it YAML. Otherwise nothing is
 * special in it, as nothing comes after it.
 */
export function parseValue(text: string, options: Omit<YamlOptions, "hasLines">): SpecNode {
  const raw = text.trim();
  const isPlain = /^(~|[-+]?[\w.]*\w[\w.+-]*)?$/.test(raw); // what may be no text
  const node = isPlain || /^["'![{]/.test(raw)
    ? parseYaml(raw, { ...options, hasLines: false })
    : undefined;
  const value = raw === "" ? null : raw;
  return node ?? { type: "scalar", at: { file: options.file }, value, raw };
}
