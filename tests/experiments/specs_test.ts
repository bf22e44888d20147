import assert from "node:assert/strict";
import { buildGraph } from "../../lib/graph/build.ts";
import { planGraph } from "../../lib/graph/plan.ts";
import { loadExperiment } from "../../lib/experiment/experiment.ts";
import { kinds } from "../../lib/tasks/registry.ts";
import { DATA_DIR } from "../_support/data.ts";
import { BIOBERT_SMALL } from "../gpu/corners.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

async function planOf(name: string, only: readonly string[] = []) {
  const { requests, warnings } = await loadExperiment(`${ROOT}experiments/${name}`, {
    kinds,
    env: { TITRATE_DATA: DATA_DIR },
    only,
  });
  assert.deepEqual(warnings, []);
  const graph = await buildGraph(requests, {
    numerics: { engine: "onnx-cpu", precision: "float32" },
  });
  return await planGraph(graph, { lookup: () => undefined });
}

Deno.test("ablation.yaml: four sizes, four step counts, two seeds, one trajectory a size", async () => {
  const { tasks, costs, unshared } = await planOf("ablation.yaml");
  const cells = [...tasks.values()].flatMap(({ task }) => task.cells);
  const at = (stage: string) => cells.filter((cell) => cell.stage === stage).length;
  assert.deepEqual(
    ["pretrain", "ner", "relations", "questions"].map(at),
    Array(4).fill(4 * 4 * 2),
  );
  for (const stage of ["ner", "relations", "questions"]) {
    assert.deepEqual([`${stage}_start`, `${stage}_control`].map(at), [2, 2]);
  }
  // A general model and a control of 600 steps a seed; each size trains to 600 once.
  // 15 epochs of 200 sentences and 8 of 400 in rows of 16, 12 of 400 in rows of 8, of each model
  // that is scored.
  const finetuning = (4 * 4 + 1 + 1) * (188 + 200 + 600);
  assert.equal(costs.total.steps, 2 * (600 + 600 + 4 * 600 + finetuning));
  const alone = 600 + 600 + 4 * (75 + 150 + 300 + 600) + finetuning;
  assert.equal(costs.totalUnshared.steps, 2 * alone);
  assert.deepEqual(unshared, []);
});

Deno.test({
  name: "pmc_ncbi.yaml: plans on the real data (reads ../shared/data or TITRATE_DATA)",
  ignore: !isThere(DATA_DIR),
  async fn() {
    const { tasks, costs } = await planOf("pmc_ncbi.yaml");
    assert.equal(tasks.size, 36);
    // 5 epochs of 1,000 sentences in rows of 16, of each model that is scored.
    const finetuning = (3 * 4 + 1 + 1) * 313;
    assert.equal(costs.total.steps, 1600 + 3 * 1600 + 1600 + finetuning);
  },
});

Deno.test({
  name:
    "biobert_small.yaml: the corner of its header is small, and no corner names what is not there",
  ignore: !isThere(DATA_DIR),
  async fn() {
    const name = "biobert_small.yaml";
    const onlyIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((m) => m[1]!);
    const header = Deno.readTextFileSync(`${ROOT}experiments/${name}`).split("\nabout:")[0]!;
    const only = onlyIn(header, /--only (\S+)/g);
    const whole = await planOf(name), corner = await planOf(name, only);
    assert.match(header, new RegExp(` ${whole.tasks.size} tasks, 2.5 hours\n`));
    assert.match(header, new RegExp(` a corner: ${corner.tasks.size} tasks\n`));
    assert.deepEqual(
      [...corner.tasks.values()].flatMap(({ task }) => task.kind === "ner" ? task.cells : []),
      [
        { stage: "ner", axes: { tokens: 4_000_000, steps: 150, seed: 1 } },
        { stage: "ner_start", axes: { seed: 1 } },
      ],
    );
    // A quarter of an hour where the whole takes three.
    assert(corner.costs.total.flops < whole.costs.total.flops / 12);
    assert.deepEqual(BIOBERT_SMALL(false).only, only);
  },
});

Deno.test("bert_recipe.yaml: two phases of length as two stages, the second from the first", async () => {
  const { tasks, costs } = await planOf("bert_recipe.yaml");
  const of = (stage: string) =>
    [...tasks.values()].filter(({ task }) => task.cells.some((cell) => cell.stage === stage));
  const [short] = of("short"), [long] = of("long");
  assert.deepEqual([of("short").length, of("long").length], [2, 2]);
  assert.deepEqual(long!.task.inputs["init"], [{ key: short!.task.key, output: "" }]);
  // Moments are not carried on, so those of the short rows need not be kept.
  assert.equal(short!.keepsState, false);
  // Pieces of pairs at most; a long row costs more than four short ones.
  assert.equal(short!.cost.tokens, 720 * 64 * 29);
  assert.equal(long!.cost.tokens, 80 * 16 * 125);
  const flopsOf = ({ cost }: typeof short & object, rows: number) =>
    cost.flops / (cost.steps * rows);
  assert(flopsOf(long!, 16) > 4 * flopsOf(short!, 64));
  const finetuning = 3 * 200;
  assert.equal(costs.total.steps, 2 * (720 + 80 + finetuning));
});
