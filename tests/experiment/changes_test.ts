import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonObject } from "../../lib/base/canonical.ts";
import { changesOf } from "../../lib/experiment/changes.ts";
import { load, STAGES } from "./_load.ts";
import { TempDir } from "../_support/temp_dir.ts";

const SPEC = `about: x
axes: { seed: [1, 2] }
budget: { steps: 100 }
${STAGES}  train: { uses: practise, with: { corpus: $(stages.shards), steps: 9, seed: $(axis.seed) } }
`;

async function overridesOf(...set: string[]) {
  return (await load(SPEC, { set })).overrides;
}

Deno.test("overrides are what --set changes, by path, in one form", async () => {
  assert.deepEqual(await overridesOf(), {});
  assert.deepEqual(await overridesOf("stages.train.with.steps=10"), {
    "stages.train.with.steps": 10,
  });
  assert.deepEqual(
    await overridesOf("stages.train.with.steps=1e1", "axes.seed=[3]", "stages.train.with.lr=0.5"),
    { "axes.seed": [3], "stages.train.with.lr": 0.5, "stages.train.with.steps": 10 },
  );
  assert.deepEqual(
    await overridesOf("axes.seed=[3]", "stages.train.with.steps=11", "stages.train.with.steps=10"),
    await overridesOf("stages.train.with.steps=10.0", "axes.seed=[1]", "axes.seed[0]=3"),
  );
});

Deno.test("overrides that change no result make no variant", async () => {
  assert.deepEqual(await overridesOf("stages.train.with.steps=9", "axes.seed=[1, 2]"), {});
  assert.deepEqual(await overridesOf("about=trial", "budget.steps=5", "name=other"), {});
});

const trees = fc.letrec((tie) => ({
  tree: fc.dictionary(fc.constantFrom("a", "b", "c", "d.e", "name"), tie("value"), { maxKeys: 4 }),
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 0, max: 3 }),
    fc.array(fc.nat(2)),
    tie("tree"),
  ),
})).tree as fc.Arbitrary<JsonObject>;

Deno.test("changesOf() is empty just where nothing but idle sections differs", () => {
  fc.assert(fc.property(trees, trees, (a, b) => {
    assert.deepEqual(changesOf(a, a), {});
    const { name: _, ...left } = a, { name: __, ...right } = b;
    let isEqual = true;
    try {
      assert.deepEqual({ ...left }, { ...right });
    } catch {
      isEqual = false;
    }
    assert.equal(Object.keys(changesOf(a, b)).length === 0, isEqual);
  }));
});

Deno.test("a spec's file is one path, however it is named", async () => {
  using temp = new TempDir();
  const folder = temp.path;
  const { loadExperiment } = await import("../../lib/experiment/experiment.ts");
  const { kinds } = await import("./_kinds.ts");
  await Deno.mkdir(`${folder}/x`);
  await Deno.writeTextFile(`${folder}/a.yaml`, STAGES);
  await Deno.symlink(`${folder}/a.yaml`, `${folder}/x/link.yaml`);
  const real = await Deno.realPath(`${folder}/a.yaml`);
  for (const path of ["a.yaml", "x/../a.yaml", "x/link.yaml"]) {
    assert.equal((await loadExperiment(`${folder}/${path}`, { kinds, env: {} })).file, real);
  }
});

Deno.test("the files of a spec are kept as they are written", async () => {
  const files = {
    "top.yaml": `# why\nextends: [ base.yaml ]\nname:  odd # spacing\n`,
    "base.yaml": `${STAGES}# the end`,
  };
  const { files: kept } = await load(files, { set: ["stages.world.with.seed=3"] });
  assert.deepEqual(kept.map(({ file }) => file.replace(/.*\//, "")), ["top.yaml", "base.yaml"]);
  assert.deepEqual(kept.map(({ text }) => text), Object.values(files));
});

Deno.test("that a model is kept makes no variant", async () => {
  const { overrides } = await load(STAGES, { set: ["stages.vocab.keepModel=true"] });
  assert.deepEqual(overrides, {});
});
