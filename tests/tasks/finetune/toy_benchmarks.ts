/**
 * Two made-up benchmarks, each as a benchmark's own file would be: pairs of words that are
 * or are not of one stem, and the place of a word in a row of others.
 */
import { z } from "zod";
import { forEachPart, type Part, trainOnParts } from "../../../lib/base/parts.ts";
import { Stream } from "../../../lib/base/rng.ts";
import type { Benchmark, Example } from "../../../lib/benchmarks/benchmark.ts";
import type { ArtifactType } from "../../../lib/graph/task.ts";

/** Rows of pairs by part. */
type Pairs = Readonly<Record<Part, readonly { a: string; b: string; label: number }[]>>;

const pairs: ArtifactType<Pairs> & { write(dir: string, data: Pairs): Promise<void> } = {
  type: "toy-pairs",
  write: (dir, data) => Deno.writeTextFile(`${dir}/pairs.json`, JSON.stringify(data)),
  open: async (dir) => JSON.parse(await Deno.readTextFile(`${dir}/pairs.json`)),
};

const params = {
  positive: z.int().min(0).max(1).default(1).describe("The class that counts."),
};

const rate = { unit: "fraction", better: "higher", range: [0, 1], isHeadline: true } as const;

/** Classification of pairs: the row's [CLS], two segments. */
export const toyPairs: Benchmark<Pairs, typeof params, Example, number> = {
  kind: "toy-pairs",
  version: 1,
  about: "Tells whether two words are of one stem.",
  entry: import.meta.url,
  data: pairs,
  aboutData: "pairs of words",
  rows: "pairs",
  params,
  metrics: { accuracy: { ...rate, about: "Pairs that are told right." } },
  trainOn: trainOnParts,
  prepare: (data, { encoder, params: { positive } }) => {
    const encode = ({ a, b, label }: Pairs["train"][number]): Example => {
      const first = [encoder.clsId, ...encoder.encode(a), encoder.sepId];
      const second = [...encoder.encode(b), encoder.sepId];
      const types = [...first.map(() => 0), ...second.map(() => 1)];
      return {
        ids: Int32Array.of(...first, ...second),
        tokenTypes: Int32Array.from(types),
        targets: Int32Array.of(label),
      };
    };
    const { train, dev, test } = data;
    return {
      head: { kind: "sequence", labels: 2 },
      labels: ["no", "yes"],
      examples: { train: train.map(encode), dev: dev.map(encode), test: test.map(encode) },
      decode: (_, [no, yes]) => yes! > no! ? 1 : 0,
      score(part, answers) {
        const right = answers.filter((answer, i) => answer === data[part][i]!.label).length;
        const found = answers.filter((answer) => answer === positive).length;
        return {
          scores: { accuracy: { value: right / answers.length } },
          details: { right, found },
          predictions: { "predictions.txt": answers.join("\n") + "\n" },
        };
      },
    };
  },
};

/** A seeded choice of pairs, some of which have up to so many pieces more. */
export async function writePairs(dir: string, { longer = 0 } = {}): Promise<void> {
  const stems = "abcdefgh";
  const counts = { train: 200, dev: 20, test: 60 };
  await pairs.write(
    dir,
    await forEachPart((part) => {
      const draws = new Stream(2, `toy/${part}`);
      return Promise.resolve(Array.from({ length: counts[part] }, () => {
        const a = stems[draws.below(8)]!, label = draws.below(2);
        // "x" marks a pair of one stem, wherever it stands.
        const more = longer === 0 ? "" : ` ${a}`.repeat(draws.below(longer));
        return { a: label === 1 ? `${a}x` : a, b: (label === 1 ? a : `${a}y`) + more, label };
      }));
    }),
  );
}

/** Rows of letters by part, one of which is a capital word's place. */
type Rows = Readonly<Record<Part, readonly { words: string[]; at: number }[]>>;

const places: ArtifactType<Rows> & { write(dir: string, data: Rows): Promise<void> } = {
  type: "toy-places",
  write: (dir, data) => Deno.writeTextFile(`${dir}/places.json`, JSON.stringify(data)),
  open: async (dir) => JSON.parse(await Deno.readTextFile(`${dir}/places.json`)),
};

/** Spans: where the one word that ends in x begins and ends. */
export const toyPlaces: Benchmark<Rows, Record<never, never>, Example, string> = {
  kind: "toy-places",
  version: 1,
  about: "Finds the word that ends in x.",
  entry: import.meta.url,
  data: places,
  aboutData: "rows of words",
  rows: "rows",
  params: {},
  metrics: { exact: { ...rate, about: "Spans that are found." } },
  trainOn: trainOnParts,
  prepare(data, { encoder }) {
    const encode = ({ words, at }: Rows["train"][number]): Example => {
      const pieces = words.map((word) => [...encoder.encode(word)]);
      const before = pieces.slice(0, at).flat().length;
      return {
        ids: Int32Array.of(encoder.clsId, ...pieces.flat(), encoder.sepId),
        targets: Int32Array.of(1 + before, before + pieces[at]!.length),
      };
    };
    const { train, dev, test } = data;
    return {
      head: { kind: "span" },
      labels: [],
      examples: { train: train.map(encode), dev: dev.map(encode), test: test.map(encode) },
      decode({ ids }, outputs) {
        const best = (end: number) =>
          Array.from(ids, (_, i) => outputs[2 * i + end]!)
            .reduce((most, value, i, all) => value > all[most]! ? i : most, 0);
        return `${best(0)}-${best(1)}`;
      },
      score(part, answers) {
        const gold = data[part].map((row) => [...encode(row).targets].join("-"));
        const right = answers.filter((answer, i) => answer === gold[i]).length;
        return {
          scores: { exact: { value: right / gold.length } },
          details: { right },
          predictions: { "predictions.txt": answers.join("\n") + "\n" },
        };
      },
    };
  },
};

/** A seeded choice of rows. */
export async function writePlaces(dir: string): Promise<void> {
  const counts = { train: 200, dev: 20, test: 60 };
  await places.write(
    dir,
    await forEachPart((part) => {
      const draws = new Stream(3, `toy/${part}`);
      return Promise.resolve(Array.from({ length: counts[part] }, () => {
        const words = Array.from({ length: 5 }, () => "abcdefgh"[draws.below(8)]!);
        const at = draws.below(5);
        words[at] += "x";
        return { words, at };
      }));
    }),
  );
}
