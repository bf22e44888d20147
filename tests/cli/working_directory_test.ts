import assert from "node:assert/strict";
import { TinyStudy } from "./tiny_study.ts";

const spec = (path: string) =>
  `stages:
  c: { uses: corpus, with: { sources: [{ format: text, path: "${path}" }], validation: { words: 2 } } }
`;

Deno.test("a path that counts from the working directory alone is taken, with a warning at its place", async () => {
  await using study = await TinyStudy.make();
  await Deno.mkdir(study.path("specs/texts"), { recursive: true });
  await Deno.mkdir(study.path("texts"));
  await Deno.writeTextFile(study.path("texts/a.txt"), "One two three.\n\nFour five six.\n");
  for (const path of ["texts/a.txt", "texts/a*.txt"]) {
    await Deno.writeTextFile(study.path("specs/s.yaml"), spec(path));
    if (path.includes("*")) await Deno.remove(study.path("specs/texts"), { recursive: true });
    const { code, stderr } = await study.call("plan", "specs/s.yaml");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /specs\/s\.yaml:2:\d+: ".*" is taken from the working directory/);
  }
  await Deno.mkdir(study.path("specs/texts"));
  await Deno.writeTextFile(study.path("specs/texts/a.txt"), "Seven eight nine.\n\nTen.\n");
  const { stderr } = await study.call("plan", "specs/s.yaml");
  assert.doesNotMatch(stderr, /working directory/);
});
