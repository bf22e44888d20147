import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** The queries that a text shows, from SELECT or FROM to the end of what holds them. */
function queriesIn(text: string): string[] {
  return [...text.matchAll(/"((?:SELECT|FROM|WITH)\b[^"]*)"|```sql\n([^`]*)```/g)]
    .flatMap(([, quoted, block]) => quoted ?? block!.split(/;\s*\n/))
    .filter((query) => /\b(SELECT|FROM)\b/.test(query));
}

Deno.test("no example query mixes scores of the parts of a benchmark: each that asks for one names its part", async () => {
  const files = ["README.md", "results/README.md", "lib/cli/program.ts"];
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(new URL(file, ROOT))));
  const queries = texts.flatMap(queriesIn);
  const ofScores = queries.filter((query) =>
    /metric = '(f1|precision|recall|accuracy)'/.test(query)
  );
  assert.ok(ofScores.length >= 3, queries.join("\n"));
  for (const query of ofScores) assert.match(query, /\bsplit\b/);
});

Deno.test("queriesIn() finds what is quoted and what stands in a block", () => {
  const text = 'deno task sql "SELECT 1\n FROM a" and "no query"\n```sql\nFROM b;\nFROM c\n```\n';
  assert.deepEqual(queriesIn(text), ["SELECT 1\n FROM a", "FROM b", "FROM c\n"]);
});
