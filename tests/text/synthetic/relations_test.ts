import assert from "node:assert/strict";
import { PARTS } from "../../../lib/base/parts.ts";
import { RELATION_VERBS } from "../../../lib/text/synthetic/lexicon.ts";
import { RELATION_LABELS, relationTexts } from "../../../lib/text/synthetic/relations.ts";
import { smallWorld } from "./_small_world.ts";

const world = smallWorld();

/** The class of every word that ends in a suffix of a domain class of a part. */
const classesIn = (text: string, part: (typeof PARTS)[number]) =>
  text.replaceAll(/[.,]/g, "").split(" ").flatMap((word) =>
    Object.entries(world.partSuffixes[part]).flatMap(([nameClass, suffixes]) =>
      suffixes!.some((suffix) =>
          word.endsWith(suffix) && world.stems.includes(word.slice(0, -suffix.length))
        )
        ? [nameClass]
        : []
    )
  );

const VERBS = new Set(
  Object.values(RELATION_VERBS).flat().flatMap((each) => Object.values<string>({ ...each })),
);

Deno.test("relationTexts() labels what verb and classes of the names tell, and a part's names alone", () => {
  for (const part of PARTS) {
    for (const { text, label } of relationTexts(world, { part, count: 400 })) {
      const classes = classesIn(text, part);
      assert.equal(classes.length, 2, text);
      const hasVerb = text.replace(".", "").split(" ").some((word) => VERBS.has(word));
      const isReversed = / is | of /.test(text);
      const [actor, target] = isReversed ? classes.toReversed() : classes;
      const told = `${actor}-${target}`;
      assert.equal(label, hasVerb && RELATION_LABELS.includes(told) ? told : "none", text);
    }
  }
});

Deno.test("relationTexts() has each relation equally often, and no text twice", () => {
  const texts = relationTexts(world, { part: "test", count: 900 });
  assert.equal(new Set(texts.map(({ text }) => text)).size, 900);
  const shares = RELATION_LABELS.map((label) =>
    texts.filter((each) => each.label === label).length / 900
  );
  assert.deepEqual(RELATION_LABELS, ["none", "gene-disease", "chemical-gene", "chemical-disease"]);
  shares.forEach((share, i) => assert.ok(Math.abs(share - (i === 0 ? 0.4 : 0.2)) < 0.05));
});

Deno.test("relationTexts() starts the same whatever the number", () => {
  const few = relationTexts(world, { part: "dev", count: 10 });
  assert.deepEqual(relationTexts(world, { part: "dev", count: 50 }).slice(0, 10), few);
});
