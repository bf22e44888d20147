import assert from "node:assert/strict";
import { loadKinds } from "../../lib/graph/kinds.ts";
import { kinds } from "../../lib/tasks/registry.ts";

Deno.test("the registry gives each kind under its own name, and the same one again", async () => {
  const all = await loadKinds(kinds);
  assert.deepEqual([...all.keys()], [...all.values()].map(({ kind }) => kind));
  assert.deepEqual([...all.keys()], [...kinds.keys()]);
  for (const [name, kind] of all) assert.equal(await kinds.get(name), kind);
  assert.equal(kinds.get("toString"), undefined);
});

Deno.test("loadKinds() leaves out names of no kind, and loads none twice", async () => {
  const some = await loadKinds(kinds, ["vocab", "no such", "corpus", "vocab"]);
  assert.deepEqual([...some.keys()], ["vocab", "corpus"]);
});

Deno.test("kinds whose artifacts tell more than those of 0.2.0 take none of its artifacts for theirs", async () => {
  // What 0.2.0 read has no counts and no leakage, its models no next-sentence head; what it
  // fine-tuned was padded otherwise.
  const data = { conll: 1, "labelled-texts": 1, questions: 1, model: 1 };
  const released = { ...data, ner: 2, squad: 1, relations: 1 };
  for (const [name, version] of Object.entries(released)) {
    assert((await kinds.get(name))!.version > version, name);
  }
});
