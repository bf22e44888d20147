/** What is odd in a spec and does no harm: told at its line, and the experiment loads. */
import assert from "node:assert/strict";
import { load, shown, STAGES, type TestOptions } from "./_load.ts";

const GRID = `axes: { steps: [7, 8, 100], seed: [1, 2] }\n`;
const FIT = (stage: string, more = "") =>
  `  ${stage}_by_steps: { stage: ${stage}, benchmark: mlm, metric: lossNats, split: validation, \
against: steps${more} }\n`;

async function warningsOf(spec: string, options: TestOptions = {}): Promise<string> {
  const { warnings } = await load(spec, options);
  return shown(warnings).replaceAll(/\/\S*\/(?=spec\.yaml)/g, "");
}

Deno.test("a seed forgotten in one of two trainings is told with stage and axis, before or after", async () => {
  const spec = (general: string, ner: string) =>
    `${GRID}${STAGES}  general: { uses: practise, with: { corpus: $(stages.shards), steps: 9${general} } }
  train:
    uses: practise
    with: { corpus: $(stages.shards), init: $(stages.general), steps: $(axis.steps), seed: $(axis.seed) }
  ner: { uses: tag, with: { model: $(stages.train), data: $(stages.world.ner)${ner} } }
  aside: { uses: practise, with: { corpus: $(stages.shards), steps: 5 } }
`;
  const general =
    'stage "general" leaves its seed at the default, while stage "train" on its path ' +
    'sweeps it over axis "seed" [experiment/seed]\n  mend: write "seed: $(axis.seed)" under ' +
    '"with", or the one seed that is meant';
  assert.equal(
    await warningsOf(spec("", "")),
    `spec.yaml:6:30: ${general}\nspec.yaml:10:21: ${general.replace('"general"', '"ner"')}`,
  );
  assert.equal(await warningsOf(spec(", seed: $(axis.seed)", ", seed: $(axis.seed)")), "");
  assert.equal(await warningsOf(spec(", seed: 1", ", seed: 1")), "", "one that is meant");
});

Deno.test("a training odd in itself is told once, with stage and axis values, and runs", async () => {
  const spec = `${GRID}${STAGES}  train:
    uses: practise
    with: { corpus: $(stages.shards), steps: $(axis.steps), warmup: 8, seed: $(axis.seed) }
`;
  assert.equal(
    await warningsOf(spec),
    `spec.yaml:8:69: stage "train" at steps=7, seed=1: warmup is 8, more than steps (7) \
[experiment/params]\n  mend: give at most as many as steps`,
  );
  assert.equal((await load(spec)).requests.filter(({ cell }) => cell.stage === "train").length, 6);
});

Deno.test("fits that --only leaves no cell are told, and left out", async () => {
  const spec = `${GRID}${STAGES}  train:
    uses: practise
    with: { corpus: $(stages.shards), steps: $(axis.steps), seed: $(axis.seed) }
  other: { uses: practise, with: { corpus: $(stages.shards), steps: 4 } }
fits:\n${FIT("train", ", at: { seed: 2 }")}${FIT("other")}`;
  const fitsOf = async (...only: string[]) =>
    (await load(spec, { only })).fits.map(({ name }) => name);
  assert.deepEqual(await fitsOf(), ["train_by_steps", "other_by_steps"]);
  assert.deepEqual(await fitsOf("seed=1"), ["other_by_steps"]);
  assert.equal(
    await warningsOf(spec, { only: ["seed=1", "stage=train"] }),
    `spec.yaml:11:3: the fit train_by_steps is left out: --only leaves it no cell [experiment/only]
  mend: keep cells of train{seed=2} to fit it
spec.yaml:12:3: the fit other_by_steps is left out: --only leaves it no cell [experiment/only]
  mend: keep cells of other to fit it`,
  );
});

Deno.test("a fit through fewer cells than its form needs is told before anything runs", async () => {
  const train = `${GRID}${STAGES}  train:
    uses: practise
    with: { corpus: $(stages.shards), steps: $(axis.steps), seed: $(axis.seed) }
fits:
`;
  // Three steps and two seeds.
  assert.equal(await warningsOf(train + FIT("train")), "");
  const short = train + FIT("train", ", by: [seed]");
  assert.equal(
    await warningsOf(short),
    `spec.yaml:10:3: 2 of 2 curves of the fit train_by_steps go through 3 cells; the form \
saturating needs 4 points at the least, so that nothing will be fitted [experiment/fit]
  mend: give its axis more values, or leave the fit out`,
  );
  const uneven = (cells: string) => warningsOf(short.replace(GRID, `${GRID}exclude: [${cells}]\n`));
  assert.match(
    await uneven("{ seed: 1, steps: 7 }"),
    /: 2 of 2 curves of the fit train_by_steps go through 2 to 3 cells; the form/,
  );
  assert.match(
    await uneven("{ seed: 1 }"),
    /: the fit train_by_steps goes through 3 cells; the form/,
  );
  const some = short.replace(
    GRID,
    GRID.replace("8,", "8, 9,") + "exclude: [{ seed: 1, steps: 7 }]\n",
  );
  assert.match(
    await warningsOf(some),
    /: 1 of 2 curves of the fit train_by_steps goes through 3 cells;.*so that this one will not be/,
  );
  const one = train + FIT("train", ", at: { seed: 2 }");
  assert.match(await warningsOf(one), /: the fit train_by_steps goes through 3 cells; the form/);
  assert.equal(await warningsOf(short, { only: ["steps=7"] }), "", "--only is no fault of a spec");
});
