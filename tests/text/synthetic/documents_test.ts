import assert from "node:assert/strict";
import { DOMAIN_CLASSES, GENERAL_CLASSES } from "../../../lib/text/synthetic/lexicon.ts";
import { documentsOf, heldOutDocuments } from "../../../lib/text/synthetic/documents.ts";
import { textOf } from "../../../lib/text/synthetic/sentences.ts";
import { PARTS } from "../../../lib/base/parts.ts";
import { smallWorld, take } from "./_small_world.ts";

const KINDS = ["general", "domain"] as const;

Deno.test("documentsOf() gives the same stream every time, another for another use", () => {
  const world = smallWorld();
  for (const kind of KINDS) {
    const first = take(documentsOf(world, { kind, use: "train" }), 20);
    assert.deepEqual(take(documentsOf(world, { kind, use: "train" }), 30).slice(0, 20), first);
    assert.notDeepEqual(take(documentsOf(world, { kind, use: "other" }), 20), first);
    assert.notDeepEqual(take(documentsOf(smallWorld(2), { kind, use: "train" }), 20), first);
  }
});

Deno.test("documentsOf() names in each kind of text only what belongs there", () => {
  const world = smallWorld();
  const allowed = { general: GENERAL_CLASSES, domain: DOMAIN_CLASSES };
  for (const kind of KINDS) {
    const sentences = take(documentsOf(world, { kind, use: "train" }), 300).flat();
    const classes = new Set(
      sentences.flatMap((each) => each.mentions.map((m) => m.name.nameClass)),
    );
    assert.deepEqual([...classes].sort(), [...allowed[kind]].sort());
  }
});

Deno.test("documentsOf() never gives general text the suffix of a domain's name", () => {
  const world = smallWorld();
  const secret = DOMAIN_CLASSES.flatMap((nameClass) => world.suffixes[nameClass]);
  const words = take(documentsOf(world, { kind: "general", use: "train" }), 500).flat()
    .flatMap((each) => each.words);
  const names = words.filter((word) => world.stems.includes(word.slice(0, 4)));
  assert.ok(names.length > 500);
  assert.ok(!names.some((word) => secret.includes(word.slice(4))));
});

Deno.test("heldOutDocuments() holds out so many sentences, no two alike", () => {
  const world = smallWorld();
  for (const kind of KINDS) {
    // So many that some come up twice within a document.
    const { documents, texts } = heldOutDocuments(world, { kind, sentences: 3001 });
    assert.equal(texts.size, 3001);
    assert.deepEqual(documents.flat(), [...texts]);
  }
});

Deno.test("documentsOf() leaves out what is refused, as what is held out must be", () => {
  const world = smallWorld();
  for (const kind of KINDS) {
    const { texts } = heldOutDocuments(world, { kind, sentences: 500 });
    const isRefused = (text: string) => texts.has(text);
    const drawn = (options: { isRefused?: (text: string) => boolean }) =>
      take(documentsOf(world, { kind, use: "train", ...options }), 500).flat().map(textOf);
    // Without the refusal some would come up: the test would notice.
    assert.ok(drawn({}).some(isRefused));
    assert.ok(!drawn({ isRefused }).some(isRefused));
  }
});

Deno.test("documentsOf() says enough to tell the class of every suffix by counting cues", async () => {
  const { CLASS_CUES } = await import("../../../lib/text/synthetic/lexicon.ts");
  const world = smallWorld();
  const cueClass = new Map(DOMAIN_CLASSES.flatMap((nameClass) => {
    const { nouns, participles, adjectives } = CLASS_CUES[nameClass];
    return [...nouns, ...participles, ...adjectives].map((word) => [word, nameClass] as const);
  }));
  const votes = new Map<string, Map<string, number>>();
  for (
    const { words, mentions } of take(documentsOf(world, { kind: "domain", use: "train" }), 500)
      .flat()
  ) {
    for (const { name } of mentions) {
      for (const word of words) {
        const nameClass = cueClass.get(word);
        if (nameClass === undefined) continue;
        const tally = votes.get(name.suffix) ?? new Map<string, number>();
        votes.set(name.suffix, tally.set(nameClass, (tally.get(nameClass) ?? 0) + 1));
      }
    }
  }
  for (const part of PARTS) {
    for (const nameClass of DOMAIN_CLASSES) {
      for (const suffix of world.partSuffixes[part][nameClass]!) {
        const [winner] = [...votes.get(suffix)!].sort(([, a], [, b]) => b - a);
        assert.equal(winner![0], nameClass, suffix);
      }
    }
  }
});
