import assert from "node:assert/strict";
import fc from "fast-check";
import { splitSentences } from "../../../lib/text/sources/sentences.ts";

/** Each text with "|" at its sentence boundaries. */
const CASES = [
  "The gene was cloned. | It was then expressed.",
  "They were enrolled in 1997. | The trial ended on day 14. | Only two left.",
  "Results are in Table 2. | The rest is in Fig. 3 and Figs. 4A and 5.",
  "As shown by Price et al. [5], the dose matters. | It fell.",
  "It was shown by Price et al. [5]. | It fell.",
  "As Price et al. (2003) say, it matters.",
  "It was first shown by Price et al. | We confirm it.",
  "The vector A. gambiae feeds at night. | E. coli does not.",
  "We thank S. Hopcroft, N. Mahabir and J. B. Verow. | They helped.",
  "Use a proper control, e.g. Tris buffer, i.e. TBS. | Then wash.",
  "The level fell (p < 0.05; see Eq. 2). | It rose again.",
  "Pumps (Stanpump; Shafer, Calif. Stanford) were used. | They failed.",
  "Dr. Smith and Prof. Jones met Mrs. Woodhouse. | She left.",
  "It is rich in vitamin C. | The rest is water.",
  "It grows in the U.S. | However, it is rare in the U.K. market.",
  "Samples were kept at 4 °C. | Each was thawed once.",
  "Was it the drug? | It was not! | So what was it?",
  "“Was it the drug?” asked the nurse.",
  "It helped with pain [15,16]. | Others disagree [17].",
  "IL-2 rose 3.5-fold vs. Controls on Jan. 4 at approx. 5 mg. | It fell.",
  "1. Introduction to the trial",
  "He came at no. 5 and said no. | She said yes.",
  "No final stop here",
] as const;

Deno.test("splitSentences() knows the abbreviations of scholarly prose", () => {
  for (const marked of CASES) {
    const wanted = marked.split(" | ");
    assert.deepEqual(splitSentences(wanted.join(" ")), wanted);
  }
});

Deno.test("splitSentences() unwraps lines and never loses or adds a character", () => {
  assert.deepEqual(splitSentences("  The cat\nsat.\u00A0 It\t\tslept. "), [
    "The cat sat.",
    "It slept.",
  ]);
  const word = fc.constantFrom(
    "The",
    "cat",
    "sat.",
    "A.",
    "et al.",
    "(see",
    "[5]",
    "Fig.",
    "3)",
    "?",
  );
  fc.assert(fc.property(fc.array(fc.oneof(word, fc.string({ unit: "grapheme" }))), (words) => {
    const text = words.join(" ");
    const sentences = splitSentences(text);
    const bare = (each: string) => each.replace(/\s+/g, "");
    assert.equal(bare(sentences.join("")), bare(text));
    for (const sentence of sentences) {
      assert.equal(sentence, sentence.replace(/\s+/g, " ").trim());
      assert.notEqual(sentence, "");
    }
  }));
});

Deno.test("splitSentences() ends a run of abbreviations, so that no sentence grows without end", () => {
  const sentences = splitSentences("B. ".repeat(5000));
  assert.ok(Math.max(...sentences.map((each) => each.length)) < 2100);
});
