import assert from "node:assert/strict";
import fc from "fast-check";
import { Stream } from "../../lib/base/rng.ts";
import {
  type DocumentSource,
  type Pair,
  PairMaker,
  type PairOptions,
} from "../../lib/train/pairs.ts";

/** Documents by the lengths of their sentences, [SEP] between documents. */
function sourceOf(documents: readonly (readonly number[])[]): DocumentSource {
  let at = 0;
  const places = documents.map((sentences) => {
    const start = at;
    at += 1 + sentences.reduce((sum, each) => sum + each, 0);
    return { start, sentences: Uint32Array.from(sentences) };
  });
  return { documents: places.length, read: (from, to) => places.slice(from, to) };
}

const OPTIONS: PairOptions = { room: 29, shortRows: 0.1, seed: 5, name: "corpus" };

function allPairs(maker: PairMaker, generation = 0): Pair[] {
  const { pairs } = maker.counts(generation);
  return Array.from({ length: pairs }, (_, index) => maker.at(generation, index));
}

/**
 * `create_instances_from_document` of BERT's code, line by line, over pieces by their places in
 * the stream, with the draws of `PairMaker`.
 */
function asInBertsCode(
  documents: readonly (readonly number[])[],
  generation: number,
): { a: number[]; b: number[]; isRandom: boolean }[] {
  let place = 0;
  const pieces = documents.map((sentences) => {
    const made = sentences.map((length) => Array.from({ length }, () => place++));
    place++;
    return made;
  });
  const instances: { a: number[]; b: number[]; isRandom: boolean }[] = [];
  pieces.forEach((document, index) => {
    const rng = new Stream(OPTIONS.seed, "train/pairs", generation, index);
    const max = OPTIONS.room;
    let target = max;
    if (rng.float() < OPTIONS.shortRows) target = 2 + rng.below(max - 1);
    let chunk: number[][] = [], length = 0, i = 0;
    while (i < document.length) {
      chunk.push(document[i]!);
      length += document[i]!.length;
      if (i === document.length - 1 || length >= target) {
        let aEnd = 1;
        if (chunk.length >= 2) aEnd = 1 + rng.below(chunk.length - 1);
        const a = chunk.slice(0, aEnd).flat(), b: number[] = [];
        const isRandom = chunk.length === 1 || rng.below(2) === 0;
        const own = new Stream(rng.uint32(), "train/pair");
        if (isRandom) {
          const targetB = target - a.length;
          let other = own.below(pieces.length - 1);
          if (other >= index) other++;
          const start = own.below(pieces[other]!.length);
          for (let j = start; j < pieces[other]!.length; j++) {
            b.push(...pieces[other]![j]!);
            if (b.length >= targetB) break;
          }
          i -= chunk.length - aEnd;
        } else {
          b.push(...chunk.slice(aEnd).flat());
        }
        while (a.length + b.length > max) {
          const longer = a.length > b.length ? a : b;
          if (own.below(2) === 0) longer.shift();
          else longer.pop();
        }
        instances.push({ a, b, isRandom });
        chunk = [];
        length = 0;
      }
      i++;
    }
  });
  return instances;
}

const corpora = fc.array(
  fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }),
  {
    minLength: 2,
    maxLength: 12,
  },
);

Deno.test("PairMaker makes the pairs of BERT's own loop", () => {
  fc.assert(fc.property(corpora, fc.nat(3), (documents, generation) => {
    const made = allPairs(new PairMaker(sourceOf(documents), OPTIONS), generation);
    const range = ({ start, length }: Pair["first"]) => Array.from({ length }, (_, i) => start + i);
    assert.deepEqual(
      made.map(({ first, second, isRandom }) => ({ a: range(first), b: range(second), isRandom })),
      asInBertsCode(documents, generation),
    );
  }));
});

Deno.test("every sentence is in one pair of a generation: what a random segment replaces is put back", () => {
  fc.assert(fc.property(corpora, (documents) => {
    const { pieces } = new PairMaker(sourceOf(documents), OPTIONS).counts(0);
    assert.equal(pieces, documents.flat().reduce((sum, each) => sum + each, 0));
  }));
});

Deno.test("a pair fits its row, and a random segment is never of the same document", () => {
  fc.assert(fc.property(corpora, (documents) => {
    for (
      const { first, second, isRandom } of allPairs(new PairMaker(sourceOf(documents), OPTIONS))
    ) {
      assert(first.length >= 1 && second.length >= 1);
      assert(first.length + second.length <= OPTIONS.room);
      assert.equal(first.document === second.document, !isRandom);
      if (!isRandom) assert(second.start >= first.start + first.length);
    }
  }));
});

Deno.test("a chunk of a single sentence always has a random next one", () => {
  const maker = new PairMaker(sourceOf(new Array(50).fill([7])), OPTIONS);
  assert.deepEqual(maker.counts(0), { pairs: 50, random: 50, pieces: 350 });
  assert(allPairs(maker).every(({ isRandom }) => isRandom));
  const long = new PairMaker(sourceOf(new Array(50).fill([40, 40, 40])), OPTIONS);
  assert.equal(long.counts(0).random, long.counts(0).pairs);
});

Deno.test("half of the pairs of several sentences are random, and a tenth of documents are short", () => {
  const documents = new Array(2000).fill([5, 5, 5, 5, 5, 5]);
  const pairs = allPairs(new PairMaker(sourceOf(documents), OPTIONS));
  const firstOf = new Map<number, Pair>();
  for (const each of pairs) {
    if (!firstOf.has(each.first.document)) firstOf.set(each.first.document, each);
  }
  const firsts = [...firstOf.values()];
  // Documents that are not short begin with a chunk of six sentences; five deviations.
  const share = firsts.filter(({ isRandom }) => isRandom).length / firsts.length;
  assert(Math.abs(share - 0.5) < 0.06, `${share}`);
  const none = allPairs(new PairMaker(sourceOf(documents), { ...OPTIONS, shortRows: 0 }));
  const all = allPairs(new PairMaker(sourceOf(documents), { ...OPTIONS, shortRows: 1 }));
  assert(all.length > 1.3 * none.length, `${all.length} and ${none.length}`);
});

Deno.test("what is too long loses pieces at the front and at the end of the longer segment", () => {
  const documents = new Array(400).fill([20, 60]);
  const made = allPairs(new PairMaker(sourceOf(documents), { ...OPTIONS, shortRows: 0 }))
    .filter(({ isRandom }) => !isRandom);
  let front = 0, end = 0;
  for (const { first, second } of made) {
    const start = 81 * first.document;
    front += second.start - (start + 20);
    end += start + 80 - (second.start + second.length);
    assert([14, 15].includes(first.length), "the longer one first, then both in turns");
  }
  const share = front / (front + end);
  assert(Math.abs(share - 0.5) < 0.03, `${share} of the pieces at the front`);
});

Deno.test("a pair follows from seed, generation and index, whatever was asked before", () => {
  const documents = Array.from({ length: 30 }, (_, i) => [3 + i % 5, 4, 9, 2 + i % 3, 8, 11]);
  const make = (seed = 5) => new PairMaker(sourceOf(documents), { ...OPTIONS, seed });
  const used = make();
  const generations = [0, 3, 1, 0, 2];
  for (const each of generations) assert.deepEqual(allPairs(used, each), allPairs(make(), each));
  assert.notDeepEqual(allPairs(make(), 0), allPairs(make(), 1));
  assert.notDeepEqual(allPairs(make(), 0), allPairs(make(6), 0));
  assert.throws(() => make().at(0, make().counts(0).pairs), RangeError);
});

Deno.test("a smaller corpus has the chunks of a larger one whose beginning it is", () => {
  const documents = Array.from({ length: 40 }, (_, i) => [3 + i % 5, 4, 9, 2 + i % 3, 8, 11]);
  const options = { ...OPTIONS, room: 60 };
  const small = allPairs(new PairMaker(sourceOf(documents.slice(0, 15)), options));
  const large = allPairs(new PairMaker(sourceOf(documents), options));
  small.forEach(({ first, isRandom, second }, i) => {
    const { isRandom: other, ...same } = large[i]!;
    assert.equal(isRandom, other);
    // A random second segment may be of any document, and be cut otherwise.
    assert.equal(first.document, same.first.document);
    if (!isRandom) assert.deepEqual({ first, second }, same);
  });
});

Deno.test("PairMaker with fewer blocks than documents makes the same pairs", () => {
  fc.assert(fc.property(corpora, fc.integer({ min: 1, max: 12 }), (documents, blocks) => {
    const few = new PairMaker(sourceOf(documents), OPTIONS, { blocks, generations: 1 });
    for (const generation of [0, 1]) {
      const wanted = allPairs(new PairMaker(sourceOf(documents), OPTIONS), generation);
      assert.deepEqual(allPairs(few, generation), wanted);
    }
  }));
});

Deno.test("PairMaker refuses text of fewer than two documents", () => {
  for (const [documents, found] of [[[], "no sentence"], [[[3, 4]], "one document"]] as const) {
    assert.throws(() => new PairMaker(sourceOf(documents), OPTIONS), {
      code: "train/pairs",
      message: `the corpus has ${found}, and next-sentence prediction takes sentences of several ` +
        "documents",
    });
  }
});
