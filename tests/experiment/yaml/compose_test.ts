import assert from "node:assert/strict";
import { faultsOf, load, merged, STAGES } from "../_load.ts";
import { TempDir } from "../../_support/temp_dir.ts";

const BASE = `name: base
about: the base
axes: { steps: [1, 2, 3] }
${STAGES}  train:
    uses: practise
    with: { corpus: $(stages.shards), steps: $(axis.steps), schedule: { type: constant } }
`;

Deno.test("extends merges mappings key by key and replaces the rest", async () => {
  const spec = await merged({
    "top.yaml": `extends: base/base.yaml
axes: { steps: [5] }
stages:
  train: { with: { schedule: { type: linear, warmup: 1 }, lr: 0.5 } }
`,
    "base/base.yaml": BASE,
  });
  assert.deepEqual(spec.axes, { steps: [5] });
  assert.deepEqual(spec.stages.train, {
    uses: "practise",
    with: {
      corpus: "$(stages.shards)",
      steps: "$(axis.steps)",
      schedule: { type: "linear", warmup: 1 },
      lr: 0.5,
    },
  });
});

Deno.test("extends hands on neither name nor about", async () => {
  const { name, about } = await load({ "my top.yaml": "extends: base.yaml\n", "base.yaml": BASE });
  assert.deepEqual([name, about], ["my-top", undefined]);
});

Deno.test("extends lets the later of several files win, and the file itself over all", async () => {
  const spec = await merged({
    "top.yaml": "extends: [base.yaml, one.yaml, two.yaml]\nbudget: { flops: 3 }\n",
    "base.yaml": BASE,
    "one.yaml": "budget: { steps: 1, tokens: 1, flops: 1 }\n",
    "two.yaml": "budget: { tokens: 2, flops: 2 }\n",
  });
  assert.deepEqual(spec.budget, { steps: 1, tokens: 2, flops: 3 });
});

Deno.test("extends replaces a stage whose kind changes as a whole", async () => {
  const spec = await merged({
    "top.yaml":
      "extends: base.yaml\nstages: { train: { uses: imaginary-world, with: { seed: 3 } } }\n",
    "base.yaml": BASE,
  });
  assert.deepEqual(spec.stages.train, { uses: "imaginary-world", with: { seed: 3 } });
});

Deno.test("extends takes a file twice that two others extend", async () => {
  const spec = await merged({
    "top.yaml": "extends: [a.yaml, b.yaml]\n",
    "a.yaml": "extends: base.yaml\nbudget: { steps: 1 }\n",
    "b.yaml": "extends: base.yaml\nbudget: { tokens: 1 }\n",
    "base.yaml": BASE,
  });
  assert.deepEqual(spec.budget, { steps: 1, tokens: 1 });
});

Deno.test("extends keeps faults in the files they stand in", async () => {
  assert.equal(
    await faultsOf({
      "top.yaml": "extends: base.yaml\nstages:\n  train: { with: { warmup: 9, lr: no } }\n",
      "base.yaml": BASE.replace("steps: $(axis.steps)", "stepz: $(axis.steps)"),
    }),
    `top.yaml:3:35: "lr" is "no", but must be a number [experiment/wrong-type]
  mend: write a number
base.yaml:10:39: cannot read key "stepz" [experiment/unknown-key]
  mend: write "steps"`,
  );
});

const FAULTS: readonly (readonly [string, Record<string, string>, string])[] = [
  [
    "a file that is not there",
    { "top.yaml": "extends: [base.yaml, nope.yaml]\n", "base.yaml": BASE },
    `top.yaml:1:22: experiment nope.yaml is not there [experiment/not-found]
  mend: write one of base.yaml, top.yaml`,
  ],
  [
    "a circle of files",
    {
      "top.yaml": "extends: a.yaml\n",
      "a.yaml": "extends: b.yaml\n",
      "b.yaml": "extends: a.yaml\n",
    },
    `b.yaml:1:10: files extend each other in a circle: a.yaml -> b.yaml -> a.yaml [experiment/cycle]
  mend: remove one of these extends`,
  ],
  [
    "a file that extends itself",
    { "top.yaml": `extends: ./top.yaml\n${STAGES}` },
    `top.yaml:1:10: files extend each other in a circle: top.yaml -> top.yaml [experiment/cycle]
  mend: remove one of these extends`,
  ],
  [
    "a value that is no path",
    { "top.yaml": `extends: { a: 1 }\n${STAGES}` },
    `top.yaml:1:10: "extends" is a mapping, but must be text or a list [experiment/wrong-type]
  mend: write text or a list`,
  ],
  [
    "every broken file at once",
    { "top.yaml": "extends: [a.yaml, b.yaml]\n", "a.yaml": "a: [\n", "b.yaml": "- 1\n" },
    `a.yaml:2:1: cannot read this as YAML: flow sequence in block collection must be sufficiently \
indented and end with a ] [experiment/yaml]
  mend: close the bracket, or indent the line as its neighbours
b.yaml:1:1: an experiment is a mapping [experiment/yaml]
  mend: write stages: with at least one stage`,
  ],
];

for (const [name, files, faults] of FAULTS) {
  Deno.test(`extends reports ${name}`, async () => {
    const found = await faultsOf(files);
    // Specs of the working directory may be proposed too.
    assert.equal(found.replace(/, experiments\/[^\n]*/, ""), faults);
  });
}

Deno.test("extends reads a spec that is not UTF-8 as a fault", async () => {
  using temp = new TempDir();
  const folder = temp.path;
  await Deno.writeFile(`${folder}/a.yaml`, new Uint8Array([0x6e, 0xff, 0xfe]));
  assert.equal(
    (await faultsOf(`extends: ${folder}/a.yaml\n${STAGES}`)).replaceAll(`${folder}/`, ""),
    "a.yaml: experiment a.yaml is not UTF-8 text [experiment/not-found]\n  mend: save the file as UTF-8",
  );
});
