import assert from "node:assert/strict";
import { type LabelledSource, readLabelled } from "../../../lib/benchmarks/labelled/read.ts";
import { assertFault } from "../../_support/fault.ts";
import { TempDir } from "../../_support/temp_dir.ts";

const LABELS = ["false", "mechanism", "effect", "advise", "int"];

/** A document in the corpus's published form; the sentences are made up. */
const DOCUMENT = `<?xml version="1.0" encoding="UTF-8"?>
<document id="DDI-DrugBank.d1">
    <sentence id="DDI-DrugBank.d1.s0" text="Plenaxis &amp; aspirin should not be given together.">
        <entity id="DDI-DrugBank.d1.s0.e0" charOffset="0-7"
            type="brand" text="Plenaxis"/>
        <entity id="DDI-DrugBank.d1.s0.e1" charOffset="11-17"
            type="drug" text="aspirin"/>
        <pair id="DDI-DrugBank.d1.s0.p0" e1="DDI-DrugBank.d1.s0.e0"
            e2="DDI-DrugBank.d1.s0.e1" ddi="true" type="advise"/>
    </sentence>
    <sentence id="DDI-DrugBank.d1.s1" text="Nothing is named here."/>
    <sentence id="DDI-DrugBank.d1.s2" text="Aluminum and magnesium hydroxide slow down quinidine.">
        <entity id="DDI-DrugBank.d1.s2.e0" charOffset="0-7;23-31"
            type="drug" text="Aluminum hydroxide"/>
        <entity id="DDI-DrugBank.d1.s2.e1" charOffset="13-31"
            type="drug" text="magnesium hydroxide"/>
        <entity id="DDI-DrugBank.d1.s2.e2" charOffset="43-51"
            type="drug" text="quinidine"/>
        <pair id="DDI-DrugBank.d1.s2.p0" e1="DDI-DrugBank.d1.s2.e0"
            e2="DDI-DrugBank.d1.s2.e1" ddi="false"/>
        <pair id="DDI-DrugBank.d1.s2.p1" e1="DDI-DrugBank.d1.s2.e0"
            e2="DDI-DrugBank.d1.s2.e2" ddi="true" type="mechanism"/>
    </sentence>
</document>
`;

async function read(content: string, marking: "anonymise" | "typed" = "anonymise") {
  using dir = new TempDir();
  const source: LabelledSource = { format: "ddi", path: dir.file("d.xml", content) };
  return await readLabelled(source, { labels: LABELS, markers: [], marking });
}

Deno.test("readLabelled() reads the DDI corpus: pairs, discontinuous drugs, anonymised or typed", async () => {
  const { texts, repaired, skipped } = await read(DOCUMENT);
  assert.deepEqual({ repaired, skipped }, { repaired: 0, skipped: {} });
  assert.deepEqual(texts, [
    {
      id: "DDI-DrugBank.d1.s0.p0",
      text: "@DRUG$ & @DRUG$ should not be given together.",
      label: "advise",
    },
    {
      id: "DDI-DrugBank.d1.s2.p0",
      text: "@DRUG$ and @DRUG$ slow down quinidine.",
      label: "false",
    },
    {
      id: "DDI-DrugBank.d1.s2.p1",
      text: "@DRUG$ and magnesium hydroxide slow down @DRUG$.",
      label: "mechanism",
    },
  ]);
  const typed = await read(DOCUMENT, "typed");
  assert.deepEqual(typed.texts.map(({ text }) => text), [
    "<BRAND> Plenaxis </BRAND> & <DRUG> aspirin </DRUG> should not be given together.",
    "<DRUG> Aluminum </DRUG> and <DRUG> magnesium hydroxide </DRUG> slow down quinidine.",
    "<DRUG> Aluminum </DRUG> and magnesium hydroxide slow down <DRUG> quinidine </DRUG>.",
  ]);
});

const sentence = (text: string, drugs: readonly [string, string][], pair: string) =>
  `<document>\n<sentence text="${text}">\n` +
  drugs.map(([offset, name], i) =>
    `<entity id="e${i}" charOffset="${offset}" type="drug" text="${name}"/>\n`
  ).join("") + `<pair id="p" e1="e0" e2="e1" ${pair}/>\n</sentence>\n</document>\n`;

Deno.test("drugs of the DDI corpus that overlap become one mark of both", async () => {
  const nested = sentence(
    "give oral iron salts",
    [["10-13", "iron"], ["5-19", "oral iron salts"]],
    'ddi="false"',
  );
  assert.equal((await read(nested)).texts[0]!.text, "give @DRUG-DRUG$");
  assert.equal(
    (await read(nested, "typed")).texts[0]!.text,
    "give <DRUG-DRUG> oral iron salts </DRUG-DRUG>",
  );
});

Deno.test("offsets of the DDI corpus that do not match are repaired or left out, and counted", async () => {
  const off = sentence(
    "the iron and the zinc",
    [["5-8", "iron"], ["17-20", "zinc"]],
    'ddi="false"',
  );
  const repaired = await read(off);
  assert.equal(repaired.texts[0]!.text, "the @DRUG$ and the @DRUG$");
  assert.equal(repaired.repaired, 1);
  const gone = sentence(
    "the iron and the zinc",
    [["5-8", "gold"], ["17-20", "zinc"]],
    'ddi="false"',
  );
  assert.deepEqual(await read(gone), {
    texts: [],
    lines: [],
    repaired: 0,
    skipped: { "an entity's text does not stand at its offset, nor near it": 1 },
  });
  const untyped = sentence("iron zinc", [["0-3", "iron"], ["5-8", "zinc"]], 'ddi="true"');
  assert.deepEqual((await read(untyped)).skipped, {
    "the pair interacts, but its type is missing": 1,
  });
});

Deno.test("readLabelled() names line and mend of what is wrong in a file of the DDI corpus", async () => {
  const drugs: [string, string][] = [["0-3", "iron"], ["5-8", "zinc"]];
  const cases: [string, string][] = [
    [
      sentence("iron zinc", drugs, 'ddi="true" type="Effekt"'),
      'd.xml:5: the label "Effekt" is none of false, mechanism, effect, advise, int ' +
      "[benchmarks/unknown-label]\n  mend: add it to labels, or correct header and columns of this " +
      "source",
    ],
    [
      sentence("iron zinc", drugs, 'ddi="false"').replace('e2="e1"', 'e2="e7"'),
      'd.xml:5: the pair names "e7", which is no entity of its sentence ' +
      "[benchmarks/unknown-entity]\n  mend: name entities that stand before the pair in the same " +
      "sentence",
    ],
    [
      sentence("iron zinc", [["0:3", "iron"], ["5-8", "zinc"]], 'ddi="false"'),
      'd.xml:3: "0:3" is no offset of an entity [benchmarks/bad-offset]\n' +
      '  mend: write its first and its last character, "21-30", parts joined by ";"',
    ],
    [
      sentence("iron zinc", drugs, 'interaction="false"'),
      'd.xml:5: the pair has no attribute "ddi" [benchmarks/no-column]\n' +
      '  mend: give the file as it was published; this one has "id", "e1", "e2", "interaction"',
    ],
    [
      sentence("iron zinc", drugs, 'ddi="false"').replace(
        "</sentence>",
        '<pair id="p" e1="e0" e2="e1" ddi="false"/>\n</sentence>',
      ),
      'd.xml:6: the id "p" stands on line 5 already [benchmarks/duplicate-id]\n' +
      "  mend: give each text an id of its own, or name no id",
    ],
    [
      "<collection/>\n",
      "d.xml: the file has no sentence [benchmarks/no-texts]\n" +
      "  mend: give the XML of the DDI corpus: sentences with entities and pairs",
    ],
  ];
  for (const [content, text] of cases) {
    using dir = new TempDir();
    const source: LabelledSource = { format: "ddi", path: dir.file("d.xml", content) };
    const options = { labels: LABELS, markers: [], marking: "anonymise" } as const;
    await assertFault(() => readLabelled(source, options), { text, dir: dir.path });
  }
});
