/** What the files of a TensorFlow checkpoint are called. */
import { greatestOf } from "../../../base/extremes.ts";

/** How the name of an index ends. */
export const INDEX_END = ".index";

/**
 * The data files of an index, as far as the names beside it tell: all that one of them says
 * there are, or one.
 */
export function dataFiles(index: string, names: readonly string[]): readonly string[] {
  const start = `${index.slice(0, -INDEX_END.length)}.data-`;
  const of = names.filter((name) => name.startsWith(start))
    .flatMap((name) => /^\d{5}-of-(\d{5})$/.exec(name.slice(start.length))?.[1] ?? []);
  const count = Math.max(1, greatestOf(of.map(Number)));
  return Array.from({ length: count }, (_, shard) => dataFile(index, shard, count));
}

/** The name of one of them. */
export function dataFile(index: string, shard: number, shards: number): string {
  const five = (value: number) => String(value).padStart(5, "0");
  return `${index.slice(0, -INDEX_END.length)}.data-${five(shard)}-of-${five(shards)}`;
}
