/** Stages that take all cells of an axis: what they are given, and what a person can get wrong. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { buildGraph } from "../../lib/graph/build.ts";
import type { TaskKind } from "../../lib/graph/task.ts";
import { kinds as shapes } from "./_kinds.ts";
import { faultsOf, load, shown, STAGES, type TestOptions } from "./_load.ts";

/** Takes a list of scores, whatever their order, and one text. */
const best: TaskKind = {
  kind: "best",
  version: 1,
  about: "The best of some.",
  params: z.strictObject({ least: z.number().default(0) }),
  inputs: {
    of: { types: ["scores"], about: "what is chosen from", many: true, isSet: true },
    text: { types: ["shards"], about: "a text", optional: true },
  },
  produces: { "": "scores" },
  isNumeric: false,
  entry: "tests/experiment/over_test.ts",
  run: () => Promise.resolve({ facts: {}, scores: [] }),
};

const kinds = new Map([...shapes, ["best", best]]);
const LINE = STAGES.split("\n").length + 7;

/** A spec whose axes stand in line 1 and whose stage `best` begins in line LINE. */
function spec(stage: string, axes = "lr: [1, 2, 3], rows: [8, 16], seed: [1, 2]"): string {
  return `axes: { ${axes} }
${STAGES}  tune:
    uses: tag
    with: { model: $(stages.start), data: $(stages.world.ner), epochs: $(axis.lr), seed: $(axis.seed) }
  start:
    uses: practise
    with: { corpus: $(stages.shards), steps: $(axis.rows), seed: 1 }
  best: ${stage}
`;
}

const loadSpec = (text: string, options: TestOptions = {}) => load(text, { kinds, ...options });

const inputsOf = async (text: string, options: TestOptions = {}) => {
  const { requests } = await loadSpec(text, options);
  return Object.fromEntries(
    requests.filter(({ cell }) => cell.stage === "best")
      .map(({ id, inputs }) => [id, inputs["of"]!.map(({ request }) => request)]),
  );
};

Deno.test("a stage takes all cells of an axis in its order and is not repeated over it", async () => {
  const text = spec("{ uses: best, over: [lr], with: { of: $(stages.tune) } }");
  const inputs = await inputsOf(text);
  assert.deepEqual(Object.keys(inputs), [
    "best{rows=8, seed=1}",
    "best{rows=8, seed=2}",
    "best{rows=16, seed=1}",
    "best{rows=16, seed=2}",
  ]);
  assert.deepEqual(inputs["best{rows=16, seed=2}"], [
    "tune{lr=1, rows=16, seed=2}",
    "tune{lr=2, rows=16, seed=2}",
    "tune{lr=3, rows=16, seed=2}",
  ]);
  const { stages } = await loadSpec(text);
  assert.deepEqual(stages.find(({ name }) => name === "best")!.axes, ["rows", "seed"]);
});

Deno.test("several axes are taken together, and a stage above takes the rest", async () => {
  const all = await inputsOf(
    spec("{ uses: best, over: [seed, rows, lr], with: { of: $(stages.tune) } }"),
  );
  assert.deepEqual(Object.keys(all), ["best"]);
  assert.equal(all["best"]!.length, 12);
  const text = spec(`{ uses: best, over: [seed], with: { of: $(stages.tune) } }
  chosen: { uses: best, over: [lr], with: { of: $(stages.best) } }`);
  const { requests } = await loadSpec(text);
  const chosen = requests.filter(({ cell }) => cell.stage === "chosen");
  assert.deepEqual(chosen.map(({ id }) => id), ["chosen{rows=8}", "chosen{rows=16}"]);
  assert.deepEqual(chosen[0]!.inputs["of"]!.map(({ request }) => request), [
    "best{lr=1, rows=8}",
    "best{lr=2, rows=8}",
    "best{lr=3, rows=8}",
  ]);
});

Deno.test("zip, include and exclude decide which cells there are to take", async () => {
  const over = "{ uses: best, over: [lr], with: { of: $(stages.tune) } }";
  const grid = (sections: string) =>
    spec(over, "lr: [1, 2, 3], rows: [8, 16, 32], seed: [1]") + sections;
  const zipped = await inputsOf(grid("zip: [[lr, rows]]\n"));
  assert.deepEqual(zipped["best{rows=16, seed=1}"], ["tune{lr=2, rows=16, seed=1}"]);
  const changed = await inputsOf(
    grid("exclude: [{ lr: 1, rows: 8 }]\ninclude: [{ lr: 9, rows: 8, seed: 1 }]\n"),
  );
  assert.deepEqual(changed["best{rows=8, seed=1}"], [
    "tune{lr=2, rows=8, seed=1}",
    "tune{lr=3, rows=8, seed=1}",
    "tune{lr=9, rows=8, seed=1}",
  ]);
  assert.equal(changed["best{rows=16, seed=1}"]!.length, 3);
});

Deno.test("a reduction takes each cell of its source just once, for any grid", async () => {
  const axis = fc.integer({ min: 1, max: 3 });
  const cells = fc.array(fc.record({ lr: axis, rows: axis, seed: axis }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(axis, axis, axis, cells, async (lr, rows, seed, excluded) => {
      const list = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
      const inside = excluded.filter((cell) =>
        cell.lr <= lr && cell.rows <= rows && cell.seed <= seed
      );
      const all = list(lr).flatMap((a) =>
        list(rows).flatMap((b) => list(seed).map((c) => ({ lr: a, rows: b, seed: c })))
      ).filter((cell) => !inside.some((each) => JSON.stringify(each) === JSON.stringify(cell)));
      if (all.length === 0) return;
      const text = spec(
        "{ uses: best, over: [lr, seed], with: { of: $(stages.tune) } }",
        `lr: [${list(lr)}], rows: [${list(rows)}], seed: [${list(seed)}]`,
      ) + (inside.length === 0 ? "" : `exclude: ${JSON.stringify(inside)}\n`);
      const inputs = await inputsOf(text);
      const taken = Object.values(inputs).flat().toSorted();
      const wanted = all.map(({ lr, rows, seed }) => `tune{lr=${lr}, rows=${rows}, seed=${seed}}`);
      assert.deepEqual(taken, wanted.toSorted());
    }),
    { numRuns: 40 },
  );
});

Deno.test("a set's key holds neither the order of an axis nor a cell twice", async () => {
  const keyWith = async (axes: string) => {
    const { requests } = await loadSpec(
      spec("{ uses: best, over: [lr, rows, seed], with: { of: $(stages.tune) } }", axes),
    );
    const graph = await buildGraph(requests, { numerics: { engine: "e", precision: "p" } });
    const task = graph.tasks.get(graph.ofRequest.get("best")!)!;
    return { key: task.key, count: task.inputs["of"]!.length };
  };
  const first = await keyWith("lr: [1, 2, 3], rows: [8], seed: [1]");
  assert.equal(first.count, 3);
  assert.deepEqual(await keyWith("lr: [3, 1, 2], rows: [8], seed: [1]"), first);
  assert.notEqual((await keyWith("lr: [1, 2], rows: [8], seed: [1]")).key, first.key);
});

Deno.test("a choice of a part of an axis is left out under --only, and what reads it", async () => {
  const text = spec(`{ uses: best, over: [lr], with: { of: $(stages.tune) } }
  after: { uses: best, with: { of: $(stages.best) } }`);
  const { requests, warnings } = await loadSpec(text, { only: ["lr=1", "seed=1"] });
  const used = new Set(requests.map(({ cell }) => cell.stage));
  assert.deepEqual([...used], ["world", "vocab", "shards", "tune", "start"]);
  assert.equal(
    shown(warnings).replaceAll(/\S*spec\.yaml/g, "spec.yaml"),
    `spec.yaml:${LINE}:30: --only leaves 1 of the 3 cells of "tune" that stage "best" takes all \
of: it is left out [experiment/only]
  mend: do not restrict lr to run it too`,
  );
  const whole = await loadSpec(text, { only: ["rows=8"] });
  assert.equal(whole.requests.filter(({ cell }) => cell.stage === "after").length, 2);
  assert.equal(whole.warnings.length, 0);
  for (const stage of ["best", "after"]) {
    assert.equal(
      await faultsOf(text, { kinds, only: ["lr=1", `stage=${stage}`] }),
      `spec.yaml:${LINE}:30: --only leaves 1 of the 3 cells of "tune" that stage "best" takes \
all of [experiment/only]
  mend: do not restrict lr`,
    );
  }
});

const FAULTS: readonly (readonly [name: string, stage: string, faults: string])[] = [
  [
    "an axis that is not there",
    "{ uses: best, over: [learningRate, rws], with: { of: $(stages.tune) } }",
    `30: there is no axis "learningRate" [experiment/unknown-name]
  mend: write one of lr, rows, seed
spec.yaml:${LINE}:44: there is no axis "rws" [experiment/unknown-name]
  mend: write rows`,
  ],
  [
    "an axis twice",
    "{ uses: best, over: [lr, lr], with: { of: $(stages.tune) } }",
    `34: axis "lr" is named twice [experiment/over]
  mend: name it once`,
  ],
  [
    "an axis that nothing read depends on",
    "{ uses: best, over: [lr], with: { of: $(stages.again) } }\n  again: { uses: best, over: [lr], " +
    "with: { of: $(stages.tune) } }",
    `30: stage "best" reads nothing that depends on axis "lr": its inputs are "again" [experiment/over]
  mend: write one of rows, seed`,
  ],
  [
    "an axis of which the stage itself names one value",
    "{ uses: best, over: [lr], with: { of: $(stages.tune), least: $(axis.lr) } }",
    `30: stage "best" takes all of axis "lr", but refers to a single value of it [experiment/over]
  mend: remove $(axis.lr) from the stage, or "lr" from its "over"`,
  ],
  [
    "an input that takes one reference",
    "{ uses: best, over: [seed], with: { of: $(stages.tune), text: $(stages.seeded) } }\n" +
    "  seeded: { uses: pieces, with: { corpus: $(stages.other.domain), vocab: $(stages.vocab) } }\n" +
    "  other: { uses: imaginary-world, with: { seed: $(axis.seed) } }",
    `73: input "text" takes one reference, but stage "seeded" is at all cells of seed [experiment/over]
  mend: refer to a stage that does not depend on seed, or shorten "over"`,
  ],
  [
    "no axis at all",
    "{ uses: best, over: [], with: { of: $(stages.tune) } }",
    `29: "stages.best.over" is an empty list, but must be a list of at least 1 value \
[experiment/value]
  mend: write a list of at least 1 value`,
  ],
  [
    "an axis that is no list",
    "{ uses: best, over: lr, with: { of: $(stages.tune) } }",
    `29: "stages.best.over" is "lr", but must be a list [experiment/wrong-type]
  mend: write [lr]`,
  ],
];

for (const [name, stage, faults] of FAULTS) {
  Deno.test(`over is told what is wrong: ${name}`, async () => {
    const told = await faultsOf(spec(stage), { kinds });
    assert.equal(told, `spec.yaml:${LINE}:${faults}`);
  });
}

Deno.test("over that finds one cell everywhere is told, as of axes that are zipped", async () => {
  const over = "{ uses: best, over: [lr], with: { of: $(stages.tune) } }";
  const { warnings } = await loadSpec(spec(over) + "zip: [[rows, seed]]\n");
  assert.equal(warnings.length, 0);
  const zipped = await loadSpec(
    spec(over, "lr: [1, 2], rows: [8, 16], seed: [1]") + "zip: [[lr, rows]]\n",
  );
  assert.equal(
    shown(zipped.warnings).replace(/^.*spec\.yaml/, "spec.yaml"),
    `spec.yaml:${LINE}:30: stage "best" takes just one cell wherever it stands [experiment/over]
  mend: name axes that vary together with lr too, or give it more values`,
  );
});
