/** The sections of a spec that the rights of a command follow from. */
import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";

/** What they hold. */
export interface Sections {
  /** The names under `env:`. */
  readonly env: readonly string[];
  /** The files that it extends. */
  readonly bases: readonly string[];
}

/** Reads a spec; what is malformed in it is left out. */
export function sectionsOf(text: string): Sections {
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
