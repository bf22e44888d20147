/** Stages that take over what another has chosen, and what is wrong with them in a spec. */
import assert from "node:assert/strict";
import { z } from "zod";
import type { TaskKind } from "../../lib/graph/task.ts";
import { kinds as shapes } from "./_kinds.ts";
import { faultsOf, load, shown, STAGES } from "./_load.ts";

const idle = { version: 1, isNumeric: false, entry: "tests/experiment/choices_test.ts" } as const;
const run = () => Promise.resolve({ facts: {}, scores: [] });

const reducing = (kind: string): TaskKind => ({
  ...idle,
  kind,
  about: "Takes many.",
  params: z.strictObject({ metric: z.string().default("f1") }),
  inputs: { of: { types: ["scores", "some"], about: "cells", many: true, isSet: true } },
  produces: { "": "some" },
  scores: (_, given) => given!["of"]!.flat(),
  checkScores: ({ metric }, { of = [] }) =>
    of.flat().some((each) => each.metric === metric)
      ? []
      : [{ path: "metric", message: `there is no ${metric}`, mend: "choose by another" }],
  run,
});

const ner = shapes.get("tag")!;
const tune: TaskKind = {
  ...ner,
  kind: "tune",
  inputs: {
    ...ner.inputs,
    choice: { types: ["some"], about: "params", optional: true, givesParams: true },
  },
};

const kinds = new Map([
  ...shapes,
  ...[reducing("pick"), reducing("average"), tune].map((each) => [each.kind, each] as const),
]);

const HEAD = `axes: { epochs: [1, 2], seed: [1, 2], steps: [5, 6] }
${STAGES}  start: { uses: practise, with: { corpus: $(stages.shards), steps: 5, seed: 1 } }
`;

/** The line that \`final\` stands in. */
const LINE = HEAD.split("\n").length + 3;

const spec = (
  { with: final = "choice: $(stages.best)", uses = "tune", model = "start", over = "epochs" } = {},
) =>
  `${HEAD}  tuned: { uses: tune, with: { model: $(stages.${model}), data: $(stages.world.ner), \
epochs: $(axis.epochs), seed: $(axis.seed) } }
  seeds: { uses: average, over: [seed], with: { of: $(stages.tuned) } }
  best: { uses: pick, over: [${over}], with: { of: $(stages.seeds) } }
  final: { uses: ${uses}, with: { model: $(stages.start), data: $(stages.world.ner), ${final} } }
  grown: { uses: practise, with: { corpus: $(stages.shards), steps: $(axis.steps), seed: 1 } }
`;

Deno.test("a stage that is given a choice may leave open just what is chosen", async () => {
  const { requests } = await load(spec({ with: "choice: $(stages.best), seed: 3" }), { kinds });
  assert.equal(requests.filter(({ cell }) => cell.stage === "final").length, 1);
});

const FAULTS: readonly (readonly [string, Parameters<typeof spec>[0], string])[] = [
  [
    "a param that is chosen, written too",
    { with: "epochs: 4, choice: $(stages.best)" },
    `"epochs" is chosen by stage "best" [experiment/params]
  mend: remove it here, or its axis from what is chosen over`,
  ],
  [
    "a choice among another kind",
    { uses: "other" },
    `"best" chooses params of tune, but stage "final" is other [experiment/reference]
  mend: give it to a stage that uses tune`,
  ],
  [
    "a choice among what differs before it too",
    { model: "grown", over: "epochs, steps" },
    `what "best" chooses from differs in stage "grown" too, which no param of "final" can take over \
[experiment/reference]
  mend: choose over axes of params of tune alone`,
  ],
];

for (const [name, parts, fault] of FAULTS) {
  Deno.test(`a choice is told what is wrong: ${name}`, async () => {
    const other = new Map([...kinds, ["other", { ...tune, kind: "other" }] as const]);
    const told = await faultsOf(spec(parts), { kinds: other });
    assert.equal(
      told.replace(/^spec\.yaml:(\d+):\d+: /, (_, line) => `${line}: `),
      `${LINE}: ${fault}`,
    );
  });
}

Deno.test("a choice that is read as what was chosen is among what can be read so", async () => {
  const choosing: TaskKind = { ...reducing("pick"), produces: { "": "picked" }, chooses: true };
  const { model } = tune.inputs;
  const going: TaskKind = {
    ...tune,
    inputs: { ...tune.inputs, model: { ...model!, types: [...model!.types, "picked"] } },
  };
  const with_ = new Map([...kinds, ["pick", choosing], ["tune", going]]);
  const text = spec({ with: "epochs: 1" }).replace(
    "final: { uses: tune, with: { model: $(stages.start)",
    "final: { uses: tune, with: { model: $(stages.best)",
  );
  assert.equal(
    (await faultsOf(text, { kinds: with_ })).replace(/^spec\.yaml:(\d+):\d+: /, "$1: "),
    `${LINE}: "best" chooses among "seeds", which makes some, but input "model" takes model \
[experiment/reference]
  mend: choose among stages that make it, or take over what is chosen with \`choice:\``,
  );
});

Deno.test("a stage is told which params a choice gives it, one candidate or many", async () => {
  for (const epochs of ["[1, 2]", "[1]"]) {
    const text = spec({ with: "choice: $(stages.best), seed: 3" }).replace(
      "epochs: [1, 2]",
      `epochs: ${epochs}`,
    );
    const { requests } = await load(text, { kinds });
    const taken = requests.map(({ cell, taken }) => [cell.stage, taken] as const);
    assert.deepEqual(taken.find(([stage]) => stage === "final"), ["final", ["epochs"]]);
    assert.deepEqual(taken.find(([stage]) => stage === "best"), ["best", undefined]);
  }
});

Deno.test("the scores of a reduction are known from what it reads, and checked by it", async () => {
  const fit = (metric: string) =>
    `fits:
  f: { stage: best, benchmark: ner, metric: ${metric}, split: test, against: steps }
`;
  const { fits } = await load(spec() + fit("recall"), { kinds });
  assert.equal(fits.length, 1);
  assert.match(
    await faultsOf(spec() + fit("accuracy"), { kinds }),
    /stage "best" has no metric "accuracy"/,
  );
  const wrong = spec().replace("{ of: $(stages.seeds) }", "{ of: $(stages.seeds), metric: wer }");
  assert.match(
    await faultsOf(wrong, { kinds }),
    /^spec\.yaml:9:\d+: stage "best": there is no wer \[experiment\/params\]\n {2}mend: choose by another$/,
  );
});

Deno.test("keepModel of a choice among means is refused when the spec is read, not when it runs", async () => {
  const choosing: TaskKind = { ...reducing("pick"), chooses: true, dropsModel: true };
  const with_ = new Map([
    ...kinds,
    ["pick", choosing],
    ["tune", { ...tune, dropsModel: true } as TaskKind],
  ]);
  const kept = (of: string) =>
    spec({ with: "choice: $(stages.best), seed: 1" }).replace(
      "{ uses: pick, over: [epochs], with: { of: $(stages.seeds) } }",
      `{ uses: pick, keepModel: true, over: [epochs, seed], with: { of: $(stages.${of}) } }`,
    );
  const over = (text: string) => text.replace("over: [epochs, seed]", "over: [epochs]");
  assert.equal(
    await faultsOf(over(kept("seeds")), { kinds: with_ }),
    `spec.yaml:9:23: "best" has no model to keep: it chooses among "seeds", which stands for \
several [experiment/params]
  mend: remove it, and write keepModel: true in a stage that is given choice: $(stages.best)`,
  );
  // One among trainings has one, the chosen one's.
  const { requests } = await load(over(kept("tuned")), { kinds: with_ });
  assert.equal(requests.find(({ cell }) => cell.stage === "best")!.keepsModel, "asked");
});

Deno.test("keepModel of a stage that drops no model is said to change nothing", async () => {
  const { warnings } = await load(STAGES.replace("uses: words,", "uses: words, keepModel: true,"));
  assert.equal(
    shown(warnings).replace(/^.*spec\.yaml/, "spec.yaml"),
    `spec.yaml:3:25: keepModel changes nothing of words [experiment/unused]
  mend: remove it: what it makes is kept whole`,
  );
});
