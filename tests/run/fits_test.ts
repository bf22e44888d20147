import assert from "node:assert/strict";
import type { Task } from "../../lib/graph/node.ts";
import { fitCurves } from "../../lib/run/fits.ts";
import type { ResultRow } from "../../lib/run/results.ts";
import { Trajectories } from "../../lib/run/trajectories.ts";
import type { FitSpec } from "../../lib/experiment/experiment.ts";

const measure = { stage: "ner", benchmark: "ner", metric: "f1", split: "test" } as const;
const spec: FitSpec = { ...measure, name: "by_steps", against: "steps", position: { file: "a" } };

/** Scores that rise with steps, more so with more tokens; one a seed. */
const rows: readonly ResultRow[] = [1000, 2000].flatMap((tokens) =>
  [50, 100, 200, 400].flatMap((steps) =>
    [1, 2].map((seed) => ({
      ...measure,
      key: `${tokens}-${steps}-${seed}`,
      axes: { tokens, steps, seed },
      seed,
      value: 0.6 + tokens / 10_000 - 3 * steps ** -0.8 + seed / 1000,
      x: {
        steps,
        uniqueTokens: tokens,
        seenTokens: undefined,
        epochs: undefined,
        parameters: undefined,
        flops: undefined,
      },
    }))
  )
);

const cells = rows.map(({ stage, axes }) => ({ stage, axes }));

const MIXED = 'mixes values of tokens: hold one with "at", or name it in "by"';

Deno.test("fitCurves() warns of a curve through cells that differ in more than x and seed", async () => {
  const [mixed, ...others] = await fitCurves([spec], { rows, cells });
  assert.deepEqual(others, []);
  assert.equal(mixed!.points, 16);
  assert.ok(mixed!.warnings.includes(MIXED), mixed!.warnings.join());
  const [held] = await fitCurves([{ ...spec, at: { tokens: 2000 } }], { rows, cells });
  assert.equal(held!.points, 8);
  assert.ok(!held!.warnings.some((each) => each.startsWith("mixes")), held!.warnings.join());
});

Deno.test("fitCurves() fits a curve for every value of a by axis, of its own cells alone", async () => {
  const curves = await fitCurves([{ ...spec, by: ["tokens"] }], { rows, cells });
  assert.deepEqual(curves.map(({ cell, points }) => ({ cell, points })), [
    { cell: { tokens: 1000 }, points: 8 },
    { cell: { tokens: 2000 }, points: 8 },
  ]);
  for (const { warnings } of curves) assert.ok(!warnings.includes(MIXED));
  const [less, more] = curves.map(({ parameters }) => parameters!);
  assert.ok(Math.abs(more!["limit"]! - less!["limit"]! - 0.1) < 1e-4);
});

Deno.test("a fit that matches nothing, or not all that it could, says so", async () => {
  const by = { ...spec, at: { tokens: 2000 } };
  const cases: [FitSpec, readonly ResultRow[], string | undefined][] = [
    [by, rows, undefined],
    [{ ...spec, stage: "re" }, rows, "no cell of stage re is meant"],
    [{ ...by, metric: "f2" }, rows, "none of 8 cells of stage ner has a score ner test f2"],
    [{ ...by, split: "tset" }, rows, "none of 8 cells of stage ner has a score ner tset f1"],
    [by, [], "none of 8 cells of stage ner has a score ner test f1"],
    [
      by,
      rows.filter(({ axes }) => axes["steps"] !== 400),
      "2 of 8 cells have no score ner test f1 yet",
    ],
    [{ ...by, against: "flops" }, rows, "8 of 8 scores have no known flops"],
  ];
  for (const [asked, found, says] of cases) {
    const [fit] = await fitCurves([asked], { rows: found, cells });
    const said = fit!.warnings.filter((each) => /score|meant/.test(each));
    assert.deepEqual(said, says === undefined ? [] : [says]);
    if (fit!.points === 0) assert.equal(fit!.warnings.length, 1);
  }
  const split = await fitCurves([{ ...spec, by: ["tokens"] }], {
    rows: rows.filter(({ axes }) => axes["tokens"] === 1000),
    cells,
  });
  assert.deepEqual(split.map(({ cell, points }) => ({ cell, points })), [
    { cell: { tokens: 1000 }, points: 8 },
    { cell: { tokens: 2000 }, points: 0 },
  ]);
});

Deno.test("fitCurves() tells of points that are of one training", async () => {
  const SHARED = /^no intervals: the points are of one training and depend on each other/;
  const at = { tokens: 2000, seed: 1 };
  const warningsOf = async (trajectoryOf: (key: string) => string | undefined) =>
    (await fitCurves([{ ...spec, at }], { rows, cells, trajectoryOf }))[0]!.warnings;
  assert.ok((await warningsOf((key) => key.split("-").at(-1))).some((each) => SHARED.test(each)));
  assert.ok(!(await warningsOf((key) => key)).some((each) => SHARED.test(each)));
  assert.ok(!(await warningsOf(() => undefined)).some((each) => SHARED.test(each)));
});

Deno.test("Trajectories finds the training behind a task, its own or that of its model", () => {
  const task = (key: string, inputs: Record<string, string[]>, id?: string) => ({
    key,
    inputs: Object.fromEntries(
      Object.entries(inputs).map((
        [role, keys],
      ) => [role, keys.map((key) => ({ key, output: "" }))]),
    ),
    ...(id === undefined ? {} : { trajectory: { id, step: 1 } }),
  } as unknown as Task);
  const tasks = [
    task("corpus", {}),
    task("general", { corpus: ["corpus"] }, "first"),
    task("further", { init: ["general"], corpus: ["corpus"] }, "second"),
    task("alone", { corpus: ["corpus"] }),
    task("ner", { data: ["corpus"], model: ["further"] }),
    task("ner of alone", { model: ["alone"] }),
  ];
  const { of } = new Trajectories({ tasks: new Map(tasks.map((each) => [each.key, each])) });
  assert.deepEqual([...tasks.map(({ key }) => key), "unknown"].map(of), [
    undefined,
    "first",
    "second",
    undefined,
    "second",
    undefined,
    undefined,
  ]);
});
