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
