import assert from "node:assert/strict";
import { DOMAIN_CLASSES, lexiconWords, NAME_CLASSES } from "../../../lib/text/synthetic/lexicon.ts";
import { documentsOf } from "../../../lib/text/synthetic/documents.ts";
import { textOf } from "../../../lib/text/synthetic/sentences.ts";
import { PARTS } from "../../../lib/base/parts.ts";
import {
  buildWorld,
  describeWorld,
  FACTS_PER_PAIR,
  piecesOf,
} from "../../../lib/text/synthetic/world.ts";
import { WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import { trainWordPiece } from "../../../lib/text/pieces/wordpiece_training.ts";
import { smallWorld, take } from "./_small_world.ts";

Deno.test("buildWorld() gives one world a seed", () => {
  assert.deepEqual(smallWorld(1), smallWorld(1));
  assert.notDeepEqual(smallWorld(1).stems, smallWorld(2).stems);
  assert.notDeepEqual(smallWorld(1).suffixes, smallWorld(2).suffixes);
});

Deno.test("buildWorld() gives no suffix to two classes", () => {
  const { suffixes } = smallWorld();
  const all = NAME_CLASSES.flatMap((nameClass) => suffixes[nameClass]);
  assert.equal(new Set(all).size, all.length);
  assert.equal(all.length, 6 * NAME_CLASSES.length);
});

Deno.test("buildWorld() has no stem that a word of the lexicon begins with", () => {
  const { stems } = buildWorld({ seed: 1, stems: 1000, suffixes: 3, namesPerSuffix: 4 });
  assert.equal(new Set(stems).size, 1000);
  for (const word of lexiconWords()) assert.ok(!stems.includes(word.slice(0, 4)), word);
});

Deno.test("buildWorld() shares the stems among all classes", () => {
  const world = smallWorld();
  for (const nameClass of NAME_CLASSES) {
    const stems = new Set(
      world.suffixes[nameClass].flatMap((suffix) => world.names.get(suffix)!.entries)
        .map((name) => name.words.at(-1)!.slice(0, 4)),
    );
    for (const stem of stems) assert.ok(world.stems.includes(stem), stem);
    assert.ok(stems.size > world.stems.length / 2);
  }
});

Deno.test("buildWorld() deals every suffix of an entity's class to just one part", () => {
  for (const suffixes of [3, 6, 7, 12]) {
    const world = buildWorld({ seed: 1, stems: 30, suffixes, namesPerSuffix: 4 });
    for (const nameClass of DOMAIN_CLASSES) {
      const parts = PARTS.map((part) => world.partSuffixes[part][nameClass]!);
      assert.deepEqual(parts.flat().sort(), [...world.suffixes[nameClass]].sort());
      assert.ok(parts.every((part) => Math.abs(part.length - suffixes / 3) < 1));
    }
  }
});

Deno.test("buildWorld() gives each actor its facts, with targets of the classes it acts on", () => {
  const world = smallWorld();
  const targetsOf = new Map([["gene", ["disease"]], ["chemical", ["gene", "disease"]]]);
  for (const [actor, facts] of world.facts) {
    const classes = targetsOf.get(actor.nameClass)!;
    assert.equal(facts.length, FACTS_PER_PAIR * classes.length);
    assert.equal(new Set(facts.map((fact) => fact.target)).size, facts.length);
    for (const fact of facts) {
      assert.equal(fact.actor, actor);
      assert.ok(classes.includes(fact.target.nameClass));
    }
  }
  const actors = ["gene", "chemical"] as const;
  const names = actors.flatMap((nameClass) => world.suffixes[nameClass]).length * 8;
  assert.equal(world.facts.size, names);
});

Deno.test("describeWorld() is JSON that names every fact", () => {
  const described = describeWorld(smallWorld());
  assert.deepEqual(JSON.parse(JSON.stringify(described)), described);
  assert.equal((described["facts"] as unknown[]).length, 6 * 8 * (1 + 2) * FACTS_PER_PAIR);
});

Deno.test("piecesOf() makes a trained vocabulary split names into stem and suffix, nothing else", async () => {
  const world = smallWorld();
  const counts = new Map<string, number>();
  const words = (["general", "domain"] as const).flatMap((kind) =>
    take(documentsOf(world, { kind, use: "train" }), 200).flat()
      .flatMap((sentence) => textOf(sentence).match(/[a-z]+|[.,]/g)!)
  );
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const pieces = await trainWordPiece(counts, {
    size: 2000,
    minPairCount: 2,
    alphabet: "corpus",
    minCharacterCount: 1,
    maxCharacters: 100,
    seedPieces: piecesOf(world),
  });
  const encoder = new WordPiece(pieces);
  const suffixes = new Set(NAME_CLASSES.flatMap((nameClass) => world.suffixes[nameClass]));
  for (const word of counts.keys()) {
    const cut = Array.from(encoder.encode(word), (id) => encoder.pieces[id]!);
    const isName = word.length === 7 && suffixes.has(word.slice(4)) &&
      world.stems.includes(word.slice(0, 4));
    assert.deepEqual(cut, isName ? [word.slice(0, 4), `##${word.slice(4)}`] : [word]);
  }
});
