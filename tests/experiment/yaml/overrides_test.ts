import assert from "node:assert/strict";
import fc from "fast-check";
import { faultsOf, load, merged, STAGES } from "../_load.ts";

const SPEC = `axes: { steps: [100, 200, 400], seed: [1, 2] }
${STAGES}  general: { uses: practise, with: { corpus: $(stages.shards), steps: 9 } }
  train:
    uses: practise
    with: { corpus: $(stages.shards), init: $(stages.general), steps: $(axis.steps), seed: \
$(axis.seed), tags: [a, b] }
  ner: { uses: tag, with: { model: $(stages.train), data: $(stages.world.ner) } }
  control: { uses: tag, with: { model: $(stages.general), data: $(stages.world.ner) } }
`;

const SETS: readonly (readonly [string, (spec: Spec) => unknown, unknown])[] = [
  ["stages.train.with.lr=2e-5", (spec) => spec.stages.train?.with.lr, 2e-5],
  ["stages.train.with.steps=7", (spec) => spec.stages.train?.with.steps, 7],
  ["stages.train.with.tags[1]=c", (spec) => spec.stages.train?.with.tags, ["a", "c"]],
  ["stages.train.with.tags=[]", (spec) => spec.stages.train?.with.tags, []],
  ["stages.train.with.schedule.type=constant", (spec) => spec.stages.train?.with.schedule, {
    type: "constant",
  }],
  ["stages.world.with.seed=3", (spec) => spec.stages.world?.with.seed, 3],
  ["stages.train.with.note=a=b: c", (spec) => spec.stages.train?.with.note, "a=b: c"],
  ['stages.train.with.note="a=b"', (spec) => spec.stages.train?.with.note, "a=b"],
  ["axes.steps=[1, 2]", (spec) => spec.axes.steps, [1, 2]],
  ["axes.steps[0]=50", (spec) => spec.axes.steps, [50, 200, 400]],
  ["budget.steps=10", (spec) => spec.budget, { steps: 10 }],
  ["name=other", (spec) => spec.name, "other"],
];

interface Spec {
  readonly name: string;
  readonly axes: Record<string, unknown>;
  readonly budget: unknown;
  readonly stages: Record<string, { readonly with: Record<string, unknown> }>;
}

for (const [set, pick, expected] of SETS) {
  Deno.test(`--set ${set} sets`, async () => {
    await load(SPEC, { set: [set] });
    assert.deepEqual(pick(await merged(SPEC, [set])), expected);
  });
}

const TEXTS = ["x #2", "#2", "--- a", "---", "...", "- a", "*.txt", "&a", "| b", "> c", "%d", "@x"];
TEXTS.push("a: b", "`x`", "yes", "1:30", "1_000", "2024-01-01", "a, b", "a'b", 'say "x"', "?", "=");

for (const text of TEXTS) {
  Deno.test(`--set note=${text} sets that text: a value is a value`, async () => {
    const { requests } = await load(SPEC, { set: [`stages.train.with.note=${text}`] });
    assert.equal(requests.find(({ cell }) => cell.stage === "train")?.params.note, text);
  });
}

Deno.test("--set sets any text that is quoted as JSON", () =>
  fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1 }), async (text) => {
      const note = text.replaceAll("$(", "$");
      const set = [`stages.train.with.note=${JSON.stringify(note)}`];
      const { requests } = await load(SPEC, { set });
      assert.equal(requests.find(({ cell }) => cell.stage === "train")?.params.note, note);
    }),
    { numRuns: 20 },
  ));

Deno.test("--set goes on to the requests, the later over the earlier", async () => {
  const set = ["stages.train.with.lr=1", "stages.train.with.lr=2", "axes.seed=[5]"];
  const { requests } = await load(SPEC, { set });
  const trained = requests.filter(({ cell }) => cell.stage === "train");
  assert.deepEqual(trained.map(({ params }) => [params.steps, params.seed, params.lr]), [
    [100, 5, 2],
    [200, 5, 2],
    [400, 5, 2],
  ]);
});

Deno.test("--set changes one use of an aliased list, not the others", async () => {
  const axes = "axes: { a: &list [1, 2], b: *list }";
  const spec = await merged(`${axes}\n${STAGES}`, ["axes.b[0]=3"]);
  assert.deepEqual(spec.axes, { a: [1, 2], b: [3, 2] });
});

Deno.test("--set changes one use of an alias, not the others", async () => {
  const spec = `${STAGES}  a: { uses: imaginary-world, with: &w { seed: 1 } }
  b: { uses: imaginary-world, with: *w }
`;
  const { requests } = await load(spec, { set: ["stages.b.with.seed=2"] });
  assert.deepEqual(requests.slice(-2).map(({ params }) => params.seed), [1, 2]);
});

const SET_FAULTS: readonly (readonly [string, string])[] = [
  [
    "stages.train.with.learning_rte_decay=1",
    `--set stages.train.with.learning_rte_decay: cannot read key "learning_rte_decay" \
[experiment/unknown-key]
  mend: write "learning_rate_decay"`,
  ],
  [
    "stages.trian.with.lr=1",
    `--set stages.trian.with.lr: stages has no "trian" [experiment/set]
  mend: write stages.train`,
  ],
  [
    "axes.step=[1]",
    `--set axes.step: axes has no "step" [experiment/set]
  mend: write axes.steps`,
  ],
  [
    "axess.steps=[1]",
    `--set axess.steps: cannot read key "axess" [experiment/unknown-key]
  mend: write "axes"`,
  ],
  [
    "stages.train.with.lr=10_000",
    `--set stages.train.with.lr: "lr" is "10_000", but must be a number [experiment/wrong-type]
  mend: write 10000`,
  ],
  [
    "stages.train.with.lr=-1",
    `--set stages.train.with.lr: "lr" is -1, but must be above 0 [experiment/value]
  mend: write a number above 0`,
  ],
  [
    "stages.train.with.tags[2]=c",
    `--set stages.train.with.tags[2]: stages.train.with.tags has no item [2] [experiment/set]
  mend: write stages.train.with.tags[0] to stages.train.with.tags[1], or stages.train.with.tags=[...]`,
  ],
  [
    "stages.train.with.seed.x=1",
    `--set stages.train.with.seed.x: stages.train.with.seed is no mapping [experiment/set]
  mend: write stages.train.with.seed=...`,
  ],
  [
    "axes[0]=1",
    `--set axes[0]: axes is no list [experiment/set]
  mend: write axes=...`,
  ],
  [
    "stages.train.with.corpus=$(stages.shrads)",
    `--set stages.train.with.corpus: there is no stage "shrads" [experiment/unknown-name]
  mend: write stages.shards`,
  ],
  [
    "stages.train.with.note=[a",
    `--set stages.train.with.note: cannot read this as YAML: flow sequence must end with a ] \
[experiment/yaml]
  mend: close the quote or bracket`,
  ],
  [
    "stages.train.with.note=!!timestamp 2024-01-01",
    `--set stages.train.with.note: a spec has no tags such as "!!timestamp" [experiment/yaml]
  mend: remove the tag, or put the value in quotes if text is meant`,
  ],
  [
    'stages.train.with.note="a" #2',
    `--set stages.train.with.note: a value has no comment such as "#2" [experiment/yaml]
  mend: remove it, or put the whole value in quotes if text is meant`,
  ],
  [
    "stages.train.with.steps=012",
    `--set stages.train.with.steps: 012 would be read as 12 [experiment/yaml]
  mend: write 12, or "012" if text is meant`,
  ],
  [
    "lr",
    `--set lr: cannot read --set lr [experiment/set]
  mend: write --set path=value, such as --set stages.pretrain.with.steps=100`,
  ],
  [
    "extends=a.yaml",
    `--set extends: extends cannot be set [experiment/set]
  mend: write it in the file`,
  ],
];

for (const [set, faults] of SET_FAULTS) {
  Deno.test(`--set ${set} is a fault`, async () => {
    assert.equal(await faultsOf(SPEC, { set: [set] }), faults);
  });
}

Deno.test("--set with a path of 30,000 steps is a short fault, and no overflow of the stack", async () => {
  const path = Array(30_000).fill("a").join(".");
  assert.equal(
    await faultsOf(SPEC, { set: [`${path}=1`] }),
    `--set ${path.slice(0, 200)}…: this path has 30000 steps [experiment/set]
  mend: write a path of at most 100, as deep as a spec may be nested`,
  );
});

const ONLY: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["steps=200", "seed=1", "stage=ner"], [
    "world",
    "vocab",
    "shards",
    "general",
    "train{steps=200, seed=1}",
    "ner{steps=200, seed=1}",
  ]],
  [["stage=control"], ["world", "vocab", "shards", "general", "control"]],
  [["stage=vocab,world"], ["world", "vocab"]],
  [["steps=[100, 400]", "seed=2", "stage=train"], [
    "world",
    "vocab",
    "shards",
    "general",
    "train{steps=100, seed=2}",
    "train{steps=400, seed=2}",
  ]],
  [["steps=100,2e2", "steps=400", "seed=2", "stage=train"], [
    "world",
    "vocab",
    "shards",
    "general",
    "train{steps=100, seed=2}",
    "train{steps=200, seed=2}",
    "train{steps=400, seed=2}",
  ]],
  [["steps=100", "seed=1"], [
    "world",
    "vocab",
    "shards",
    "general",
    "train{steps=100, seed=1}",
    "ner{steps=100, seed=1}",
    "control",
  ]],
];

for (const [only, ids] of ONLY) {
  Deno.test(`--only ${only.join(" --only ")} keeps those cells and what they need`, async () => {
    const { requests } = await load(SPEC, { only });
    assert.deepEqual(requests.map(({ id }) => id), ids);
    const kept = new Set(ids);
    for (const { inputs } of requests) {
      for (const { request } of Object.values(inputs).flat()) assert.ok(kept.has(request));
    }
  });
}

Deno.test("--only restricts to cells of the grid, so a stage keeps what those cells need", async () => {
  const spec = `axes: { a: [1, 2], b: [1, 2] }\ninclude: [{ a: 3, b: 2 }]
${STAGES}  one: { uses: imaginary-world, with: { seed: $(axis.b) } }
  two: { uses: imaginary-world, with: { seed: $(axis.a) } }
`;
  const { requests } = await load(spec, { only: ["a=3"] });
  assert.deepEqual(requests.slice(-2).map(({ id }) => id), ["one{b=2}", "two{a=3}"]);
});

Deno.test("--only takes a value that holds a comma", async () => {
  const spec = `axes: { arm: [a, "b,c", "d, e", '"', "1", 1] }
${STAGES}  train: { uses: practise, with: { corpus: $(stages.shards), steps: 1, note: "x$(axis.arm)" } }
`;
  const kept = async (...only: string[]) => {
    const { requests } = await load(spec, { only: only.map((each) => `arm=${each}`) });
    return requests.filter(({ cell }) => cell.stage === "train").map(({ cell }) => cell.axes.arm);
  };
  assert.deepEqual(await kept("b,c"), ["b,c"]);
  assert.deepEqual(await kept("a,b,c"), ["a", "b,c"]);
  assert.deepEqual(await kept("d, e, a"), ["a", "d, e"]);
  assert.deepEqual(await kept('"b,c",a'), ["a", "b,c"]);
  assert.deepEqual(await kept('["d, e", a]'), ["a", "d, e"]);
  assert.deepEqual(await kept("1"), [1]);
  assert.deepEqual(await kept('"1"'), ["1"]);
  assert.deepEqual(await kept("1.0", '"'), ['"', 1]);
});

Deno.test("--only of what is one value and several asks which is meant", async () => {
  const spec = `axes: { arm: [a, b, "a,b"] }
${STAGES}  train: { uses: practise, with: { corpus: $(stages.shards), steps: 1, note: $(axis.arm) } }
`;
  assert.equal(
    await faultsOf(spec, { only: ["arm=a,b"] }),
    `--only arm=a,b: a,b is one value of axis "arm", and several [experiment/only]
  mend: write ["a,b"] or [a,b]`,
  );
});

const ONLY_FAULTS: readonly (readonly [readonly string[], string])[] = [
  [
    ["step=100"],
    `--only step=100: there is no axis "step" [experiment/only]
  mend: write --only steps=100`,
  ],
  [
    ["steps=300"],
    `--only steps=300: axis "steps" has no value 300 [experiment/only]
  mend: write one of 100, 200, 400`,
  ],
  [
    ["stage=nre"],
    `--only stage=nre: there is no stage "nre" [experiment/only]
  mend: write --only stage=ner`,
  ],
  [
    ["steps"],
    `--only steps: cannot read --only steps [experiment/only]
  mend: write --only axis=value,value or --only stage=name,name`,
  ],
  [
    ["steps="],
    `--only steps=: cannot read --only steps= [experiment/only]
  mend: write --only axis=value,value or --only stage=name,name`,
  ],
];

for (const [only, faults] of ONLY_FAULTS) {
  Deno.test(`--only ${only.join(" --only ")} is a fault`, async () => {
    assert.equal(await faultsOf(SPEC, { only }), faults);
  });
}

Deno.test("--only that leaves no cell is a fault", async () => {
  const spec = SPEC.replace("stages:", "exclude: [{ steps: 100, seed: 1 }]\nstages:");
  assert.equal(
    await faultsOf(spec, { only: ["steps=100", "seed=1"] }),
    `--only steps=100 --only seed=1: this leaves no cell [experiment/only]
  mend: ask for less at once`,
  );
});
