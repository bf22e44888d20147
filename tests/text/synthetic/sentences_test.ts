import assert from "node:assert/strict";
import { Stream } from "../../../lib/base/rng.ts";
import {
  CLASS_CUES,
  type Cues,
  DOMAIN_CLASSES,
  NAME_CLASSES,
  NEUTRAL_CUES,
  RELATION_PAIRS,
  RELATION_VERBS,
} from "../../../lib/text/synthetic/lexicon.ts";
import { drawName } from "../../../lib/text/synthetic/names.ts";
import {
  ambiguousSentence,
  relationSentence,
  textOf,
  typedSentence,
} from "../../../lib/text/synthetic/sentences.ts";
import { buildWorld } from "../../../lib/text/synthetic/world.ts";
import { smallWorld } from "./_small_world.ts";

const world = smallWorld();
const stream = new Stream(1, "test");
const ACTIVE = Object.values(RELATION_VERBS).flat().map((verb) => verb.active);
const repeat = <T>(make: () => T): T[] => Array.from({ length: 500 }, make);
const wordsOf = (cues: Cues) => [...cues.nouns, ...cues.participles, ...cues.adjectives];

Deno.test("every class has as many cues as every other, and no cue in common", () => {
  const lists = [NEUTRAL_CUES, ...NAME_CLASSES.map((nameClass) => CLASS_CUES[nameClass])];
  for (const slot of ["nouns", "participles", "adjectives"] as const) {
    assert.equal(new Set(lists.map((each) => each[slot].length)).size, 1);
  }
  const all = lists.flatMap(wordsOf);
  assert.equal(new Set(all).size, all.length);
});

Deno.test("typedSentence() has names and cues of its class only", () => {
  for (const nameClass of NAME_CLASSES) {
    const others = NAME_CLASSES.filter((each) => each !== nameClass)
      .flatMap((each) => wordsOf(CLASS_CUES[each]));
    const own = wordsOf(CLASS_CUES[nameClass]);
    const sentences = repeat(() => typedSentence(world, { nameClass, familiarShare: 0, stream }));
    for (const { words, mentions } of sentences) {
      assert.ok(mentions.every(({ name }) => name.nameClass === nameClass));
      assert.ok(!words.some((word) => others.includes(word)), words.join(" "));
    }
    const telling = sentences.filter(({ words }) => words.some((word) => own.includes(word)));
    assert.ok(telling.length > 0.8 * sentences.length);
  }
});

Deno.test("typedSentence() has no rare name where familiar things take their place", () => {
  for (const nameClass of DOMAIN_CLASSES) {
    for (
      const each of repeat(() => typedSentence(world, { nameClass, familiarShare: 1, stream }))
    ) {
      assert.deepEqual(each.mentions, []);
      assert.ok(each.tags.every((tag) => tag === "O"));
    }
  }
});

Deno.test("ambiguousSentence() has no word that tells a class", () => {
  const telling = NAME_CLASSES.flatMap((nameClass) => wordsOf(CLASS_CUES[nameClass]));
  const drawAny = () => drawName(world, DOMAIN_CLASSES[stream.below(4)]!, stream);
  for (
    const { words } of repeat(() => ambiguousSentence(drawAny, { stream, isRunningText: true }))
  ) {
    assert.ok(!words.some((word) => telling.includes(word)), words.join(" "));
  }
});

Deno.test("sentences tag the words of each entity, and of nothing else", () => {
  const drawAny = () => drawName(world, DOMAIN_CLASSES[stream.below(4)]!, stream);
  const types = new Map([["gene", "Gene"], ["disease", "Disease"], ["chemical", "Chemical"]]);
  for (const each of repeat(() => ambiguousSentence(drawAny, { stream, isRunningText: true }))) {
    const expected = each.words.map(() => "O");
    for (const { name, start } of each.mentions) {
      assert.deepEqual(each.words.slice(start, start + name.words.length), name.words);
      const type = types.get(name.nameClass);
      if (type === undefined) continue;
      name.words.forEach((_, i) => expected[start + i] = `${i === 0 ? "B" : "I"}-${type}`);
    }
    assert.deepEqual(each.tags, expected);
  }
});

Deno.test("relationSentence() states facts of the world and nothing that is none", () => {
  const kinds = { promotes: 0, suppresses: 0, none: 0 };
  for (const pair of RELATION_PAIRS) {
    for (
      const { relation, words, mentions } of repeat(() => relationSentence(world, { pair, stream }))
    ) {
      const { actor, target, kind } = relation!;
      const isActive = words.some((word) => ACTIVE.includes(word));
      if (kind !== "none") assert.equal(mentions[0]!.name, isActive ? actor : target);
      assert.deepEqual([actor.nameClass, target.nameClass], pair);
      kinds[kind]++;
      const said = (["promotes", "suppresses"] as const).filter((each) =>
        RELATION_VERBS[each].some((verb) =>
          [verb.active, verb.participle, verb.noun].some((form) => words.includes(form))
        )
      );
      assert.deepEqual(said, kind === "none" ? [] : [kind]);
      if (kind === "none") continue;
      const facts = world.facts.get(actor)!;
      assert.ok(facts.some((fact) => fact.target === target && fact.kind === kind));
    }
  }
  for (const count of Object.values(kinds)) assert.ok(count > 200, JSON.stringify(kinds));
});

Deno.test("relationSentence() lets mostly names meet that no fact joins", () => {
  // With 12 targets and 3 facts an actor, names drawn blindly would often be partners.
  const tiny = buildWorld({ seed: 1, stems: 20, suffixes: 3, namesPerSuffix: 4 });
  const met = Array.from(
    { length: 5000 },
    () => relationSentence(tiny, { pair: ["gene", "disease"], stream }).relation!,
  ).filter(({ kind }) => kind === "none");
  const partners = met.filter(({ actor, target }) =>
    tiny.facts.get(actor)!.some((fact) => fact.target === target)
  );
  // A fact is left unstated in 0.7 * 0.2 of all sentences, no fact is there in 0.3.
  assert.ok(Math.abs(partners.length / met.length - 0.14 / 0.44) < 0.04);
});

Deno.test("relationSentence() uses the same verbs for every pair of classes", () => {
  const forms = Object.values(RELATION_VERBS).flat()
    .flatMap((verb) => [verb.active, verb.participle, verb.noun]);
  const used = RELATION_PAIRS.map((pair) => {
    const words = Array.from(
      { length: 3000 },
      () => relationSentence(world, { pair, stream }).words,
    );
    return new Set(words.flat().filter((word) => forms.includes(word)));
  });
  for (const set of used) assert.equal(set.size, forms.length);
});

Deno.test("textOf() joins punctuation to the word before", () => {
  assert.equal(textOf({ words: ["here", ",", "a", ",", "b", "."] }), "here, a, b.");
});
