import assert from "node:assert/strict";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { formatPosition } from "../../lib/base/errors.ts";
import type { TaskRequest } from "../../lib/graph/request.ts";
import type { TaskKind } from "../../lib/graph/task.ts";
import { kinds } from "./_kinds.ts";
import { faultsOf, load, shown, STAGES } from "./_load.ts";

const ABLATION = `# yaml-language-server: $schema=experiment.schema.json
about: how much data?
env:
  TITRATE_DATA: { default: ../shared/data }
axes:
  steps: [100, 200]
  seed: [1, 2]
  size: [2000, 8000]
include: [{ steps: 1600, size: 8000 }]
exclude: [{ size: 2000, seed: 2 }]
stages:
  world: { uses: imaginary-world, with: { seed: 7, path: "$(env.TITRATE_DATA)/$$(x)" } }
  vocab:
    uses: words
    with: { corpora: [$(stages.world.general), $(stages.world.domain)], size: 1000 }
  shards: { uses: pieces, with: { corpus: $(stages.world.domain), vocab: $(stages.vocab) } }
  general:
    uses: practise
    with: { corpus: $(stages.shards), steps: 50, seed: $(axis.seed) }
  pretrain:
    uses: practise
    with:
      corpus: $(stages.shards)
      init: $(stages.general)
      steps: $(axis.steps)
      warmup: $(min(50, axis.steps / 10))
      tokens: $(axis.size)
      note: "$(axis.size) tokens, $(axis.steps * 2) half-steps"
  ner:
    uses: tag
    with: { model: $(stages.pretrain), data: $(stages.world.ner) }
fits:
  f1_by_tokens:
    { stage: ner, benchmark: ner, metric: f1, split: test, against: uniqueTokens, at: { steps: 200 }, by: [seed] }
budget: { steps: 100000, flops: 1e15 }
`;

const byId = (requests: readonly TaskRequest[]) => new Map(requests.map((each) => [each.id, each]));

Deno.test("loadExperiment() repeats a stage over just the axes that it depends on", async () => {
  const { stages, requests, axes } = await load({ "ablation.yaml": ABLATION });
  assert.deepEqual(stages.map(({ name, uses, axes }) => [name, uses, axes]), [
    ["world", "imaginary-world", []],
    ["vocab", "words", []],
    ["shards", "pieces", []],
    ["general", "practise", ["seed"]],
    ["pretrain", "practise", ["steps", "seed", "size"]],
    ["ner", "tag", ["steps", "seed", "size"]],
  ]);
  assert.deepEqual(axes, { steps: [100, 200, 1600], seed: [1, 2], size: [2000, 8000] });
  assert.deepEqual(requests.map(({ id }) => id).filter((id) => !id.startsWith("ner")), [
    "world",
    "vocab",
    "shards",
    "general{seed=1}",
    "general{seed=2}",
    "pretrain{steps=100, seed=1, size=2000}",
    "pretrain{steps=100, seed=1, size=8000}",
    "pretrain{steps=100, seed=2, size=8000}",
    "pretrain{steps=200, seed=1, size=2000}",
    "pretrain{steps=200, seed=1, size=8000}",
    "pretrain{steps=200, seed=2, size=8000}",
    "pretrain{steps=1600, seed=1, size=8000}",
    "pretrain{steps=1600, seed=2, size=8000}",
  ]);
});

Deno.test("loadExperiment() resolves references to the cell of the same shared axes", async () => {
  const requests = byId((await load({ "ablation.yaml": ABLATION })).requests);
  assert.deepEqual(requests.get("ner{steps=200, seed=2, size=8000}")?.inputs, {
    model: [{ request: "pretrain{steps=200, seed=2, size=8000}", output: "" }],
    data: [{ request: "world", output: "ner" }],
  });
  assert.deepEqual(requests.get("pretrain{steps=200, seed=2, size=8000}")?.inputs, {
    corpus: [{ request: "shards", output: "" }],
    validation: [],
    init: [{ request: "general{seed=2}", output: "" }],
  });
  assert.deepEqual(requests.get("vocab")?.inputs.corpora, [
    { request: "world", output: "general" },
    { request: "world", output: "domain" },
  ]);
});

Deno.test("loadExperiment() keeps a lone reference's type and writes out the others", async () => {
  const requests = byId((await load({ "ablation.yaml": ABLATION })).requests);
  const { params, cell } = requests.get("pretrain{steps=1600, seed=1, size=8000}")!;
  assert.deepEqual(cell, { stage: "pretrain", axes: { steps: 1600, seed: 1, size: 8000 } });
  assert.deepEqual(params, {
    steps: 1600,
    lr: 1e-3,
    warmup: 50,
    seed: 1,
    tokens: 8000,
    optimizer: "adamw",
    isTied: true,
    schedule: { type: "constant" },
    tags: [],
    note: "8000 tokens, 3200 half-steps",
  });
  assert.equal(requests.get("world")?.params.path, "../shared/data/$(x)");
});

Deno.test("loadExperiment() gives fits and budget with their places", async () => {
  const { name, about, file, fits, budget, warnings } = await load({ "ablation.yaml": ABLATION });
  assert.deepEqual([name, about], ["ablation", "how much data?"]);
  assert.deepEqual(fits, [{
    name: "f1_by_tokens",
    stage: "ner",
    benchmark: "ner",
    metric: "f1",
    split: "test",
    against: "uniqueTokens",
    at: { steps: 200 },
    by: ["seed"],
    position: { file, line: 33, column: 3 },
  }]);
  assert.deepEqual(budget, { steps: 100_000, flops: 1e15, at: { file, line: 35, column: 1 } });
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["experiment/seed", "experiment/seed", "experiment/fit"],
  );
});

Deno.test("TaskRequest.positionOf() finds params, roles, and the stage for the rest", async () => {
  const { requests, file } = await load({ "ablation.yaml": ABLATION });
  const { at, positionOf } = requests.find(({ id }) => id.startsWith("pretrain"))!;
  const place = (path: string) => formatPosition(positionOf(path)).slice(file.length + 1);
  assert.equal(formatPosition(at), `${file}:20:3`);
  assert.equal(place("warmup"), "26:15");
  assert.equal(place("init"), "24:13");
  assert.equal(place("lr"), "22:5");
  assert.equal(place(""), "22:5");
  assert.equal(place("schedule.warmup[3]"), "22:5");
});

Deno.test("loadExperiment() gives files that say the same when loaded", async () => {
  const first = await load({ "ablation.yaml": ABLATION });
  const again = await load({ "ablation.yaml": first.files[0]!.text });
  assert.equal(again.name, "ablation");
  assert.deepEqual(again.requests.map(plain), first.requests.map(plain));
});

/** A request less its functions and places. */
function plain({ id, cell, params, inputs, kind }: TaskRequest) {
  return { id, cell, params, inputs, kind: kind.kind };
}

Deno.test("loadExperiment() does not depend on the order of keys, but for that of requests", async () => {
  const document = parse(ABLATION) as Record<string, unknown>;
  const sections = Object.entries(document).filter(([key]) => key !== "axes");
  const expected = (await load(ABLATION)).requests.map(plain).sort(byIdText);
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(sections, { minLength: sections.length }),
      fc.boolean(),
      async (shuffled, isReversed) => {
        const turned = shuffled.map(([key, value]) => [key, isReversed ? reversed(value) : value]);
        const spec = { ...Object.fromEntries(turned), axes: document.axes };
        const { requests } = await load(stringify(spec));
        assert.deepEqual(requests.map(plain).sort(byIdText), expected);
      },
    ),
    { numRuns: 20 },
  );
});

function byIdText(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}

/** A value whose mappings, at any depth, have their keys the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).reverse().map(([key, each]) => [key, reversed(each)]),
  );
}

Deno.test("loadExperiment() takes variables from the environment before their defaults", async () => {
  const spec = `env: { A: a, B: { default: b }, C: null, D: 4, E: null }
${STAGES}  more:
    uses: imaginary-world
    with: { path: "$(env.A) $(env.B) $(env.C) $(env.D)", seed: $(env.D * 2) }
`;
  const { requests, warnings } = await load(spec, { env: { B: "b2", C: "c", A: "" } });
  const { params } = requests.at(-1)!;
  assert.deepEqual(params, { path: "a b2 c 4", seed: 8 });
  assert.equal(warnings.length, 1);
  assert.equal(warnings[0]?.message, "nothing refers to the variable E");
});

Deno.test("loadExperiment() resolves variables in axes", async () => {
  const { axes } = await load(`env: { TOP: 5 }\naxes: { a: [1, "$(env.TOP * 2)"] }\n${STAGES}`);
  assert.deepEqual(axes, { a: [1, 10] });
});

Deno.test("loadExperiment() tells values of axes by type", async () => {
  const { requests } = await load(
    `axes: { arm: [1, "1", true, "true", "a b", a-b] }
${STAGES}  more: { uses: imaginary-world, with: { path: "x$(axis.arm)" } }\n`,
  );
  assert.deepEqual(requests.filter(({ cell }) => cell.stage === "more").map(({ id }) => id), [
    "more{arm=1}",
    'more{arm="1"}',
    "more{arm=true}",
    'more{arm="true"}',
    'more{arm="a b"}',
    "more{arm=a-b}",
  ]);
});

Deno.test("loadExperiment() warns of an axis that no stage refers to", async () => {
  const { warnings } = await load(`axes:\n  a: [1]\n${STAGES}`);
  assert.equal(
    shown(warnings).replace(/^\S*\//, ""),
    `spec.yaml:2:3: no stage refers to the axis a [experiment/unused]
  mend: remove it, or refer to it as $(axis.a)`,
  );
});

Deno.test("loadExperiment() takes sections without a value as absent", async () => {
  const spec = `about:\naxes:\nexclude:\nfits:\nbudget:\nenv:\n${STAGES}  m:
    uses: imaginary-world
    with:
`;
  assert.equal((await load(spec)).requests.length, 4);
});

Deno.test("loadExperiment() lets null stand for an optional input that is not given", async () => {
  const spec = `${STAGES}  p:
    uses: practise
    with: { corpus: $(stages.shards), init: null, validation: [], steps: 1 }
`;
  const { inputs } = (await load(spec)).requests.at(-1)!;
  assert.deepEqual(inputs, {
    corpus: [{ request: "shards", output: "" }],
    init: [],
    validation: [],
  });
});

Deno.test("loadExperiment() tells a kind's check which roles are given", async () => {
  const asked: (readonly string[] | undefined)[] = [];
  const watched = new Map(kinds);
  watched.set("practise", {
    ...kinds.get("practise")!,
    check: (_params, roles) => {
      asked.push(roles);
      return [];
    },
  });
  await load(
    `${STAGES}  a: { uses: practise, with: { corpus: $(stages.shards), init: null, steps: 1 } }
  b: { uses: practise, with: { corpus: $(stages.shards), init: $(stages.a), steps: 1 } }
`,
    { kinds: watched },
  );
  assert.deepEqual(asked, [["corpus"], ["corpus", "init"]]);
});

Deno.test("loadExperiment() checks params once for each combination of the axes they mention", async () => {
  let checks = 0;
  const counted = new Map(kinds);
  counted.set("tag", {
    ...kinds.get("tag")!,
    check: () => {
      checks++;
      return [];
    },
  });
  const numbers = Array.from({ length: 100 }, (_, index) => index + 1).join(", ");
  const { requests } = await load(
    `axes: { steps: [${numbers}], seed: [${numbers}], epochs: [1, 2] }
${STAGES}  p:
    uses: practise
    with: { corpus: $(stages.shards), steps: $(axis.steps), seed: $(axis.seed) }
  n:
    uses: tag
    with: { model: $(stages.p), data: $(stages.world.ner), epochs: $(axis.epochs) }
`,
    { kinds: counted },
  );
  assert.equal(requests.length, 3 + 10_000 + 20_000);
  assert.equal(new Set(requests.map(({ id }) => id)).size, requests.length);
  assert.equal(checks, 2);
});

Deno.test("loadExperiment() reports one fault for a stage of thousands of cells", async () => {
  const numbers = Array.from({ length: 100 }, (_, index) => index + 1).join(", ");
  assert.equal(
    await faultsOf(`axes: { steps: [${numbers}], seed: [${numbers}] }
${STAGES}  p:
    uses: practise
    with: { corpus: $(stages.shards), steps: $(axis.steps), seed: $(-axis.seed) }
`),
    `spec.yaml:8:67: "seed" is -1 at seed=1, but must be at least 0 [experiment/value]
  mend: write a number of at least 0`,
  );
});

Deno.test("models are kept where a stage reads them, --only leaves it out or not, or where it is asked", async () => {
  const reading: TaskKind = {
    ...kinds.get("tag")!,
    kind: "reader",
    inputs: {
      ...kinds.get("tag")!.inputs,
      model: { types: ["model", "scores"], about: "a model", readsModel: true },
    },
  };
  const spec =
    `${STAGES}  pretrain: { uses: practise, with: { corpus: $(stages.shards), steps: 1 } }
  read: { uses: tag, with: { model: $(stages.pretrain), data: $(stages.world.ner) } }
  last: { uses: reader, with: { model: $(stages.read), data: $(stages.world.ner) } }
  asked:
    uses: tag
    keepModel: true
    with: { model: $(stages.pretrain), data: $(stages.world.ner), epochs: 4 }
`;
  const keptOf = async (only: readonly string[]) => {
    const { requests } = await load(spec, {
      kinds: new Map([...kinds, ["reader", reading]]),
      only,
    });
    return Object.fromEntries(
      requests.flatMap(({ id, keepsModel }) => keepsModel === undefined ? [] : [[id, keepsModel]]),
    );
  };
  assert.deepEqual(await keptOf([]), { read: "read", asked: "asked" });
  assert.deepEqual(await keptOf(["stage=read"]), { read: "read" });
});
