import assert from "node:assert/strict";
import { computeOptimum } from "../../../lib/analysis/frontier.ts";
import { chinchilla } from "../../../lib/analysis/laws/loss_laws.ts";
import type { StudyFit } from "../../../lib/analysis/scaling.ts";
import type { Metric } from "../../../lib/base/measures.ts";
import { formatCount } from "../../../lib/base/count.ts";
import type { Ask } from "../../../lib/page/report/asked.ts";
import { optimumBlocks } from "../../../lib/page/report/compute_optimal.ts";
import { reportScores } from "../../../lib/page/report/scores.ts";

const LOSS: Metric = { unit: "nats", better: "lower", isHeadline: true, about: "A loss." };
/** Besiroglu et al., table 1. */
const LAW = { E: 1.8172, A: 482.01, alpha: 0.3478, B: 2085.43, beta: 0.3658 };
const name = { stage: "train", benchmark: "mlm", metric: "lossNats", split: "validation" };
const SCORES = reportScores([{ ...name, axes: {}, seed: 1, value: 2, declared: LOSS }]);

/** Runs of sizes around the best of each compute, as the query of results gives them. */
const runsAt = (sizes: readonly number[]) =>
  [1e18, 1e20].flatMap((flops) => {
    const best = computeOptimum(LAW, flops).parameters;
    return sizes.map((by) => {
      const parameters = by * best, tokens = flops / 6 / parameters;
      const loss = LAW.E + LAW.A * parameters ** -LAW.alpha + LAW.B * tokens ** -LAW.beta;
      return [flops, parameters, tokens, loss];
    });
  });

const asking = (sizes: readonly number[]): Ask => (sql) => {
  const isOfRuns = sql.includes("FROM results");
  const columns = isOfRuns ? ["flops", "parameters", "seen_tokens", "value"] : [];
  const rows = isOfRuns ? runsAt(sizes) : [];
  return Promise.resolve({ sql, columns, isNumber: columns.map(() => true), rows });
};

Deno.test("a report shows the best size of each compute where three sizes of it were trained", async () => {
  const of = { experiment: "study", fits: [] };
  assert.deepEqual(await optimumBlocks(asking([0.5, 1]), SCORES, of), []);
  const [block] = await optimumBlocks(asking([0.5, 1, 2]), SCORES, of);
  assert.deepEqual(block!.rows.map((row) => row.slice(0, 2)), [["1E", "3"], ["100E", "3"]]);
  assert.match(block!.notes[1]!, /parameters grow as FLOPs\^0\.51, tokens as FLOPs\^0\.49/);
});

Deno.test("a report says which size and corpus Chinchilla's law makes best of more compute", async () => {
  const fit: StudyFit = {
    ...name,
    fit: "law",
    cell: {},
    against: ["parameters", "seenTokens"],
    form: chinchilla.form,
    points: 9,
    parameters: LAW,
    next: { x: 2e9, at: [1e8, 2e9], value: 3 },
    warnings: [],
  };
  const { next: _, ...without } = fit;
  const of = { experiment: "study" };
  assert.deepEqual(await optimumBlocks(asking([]), SCORES, { ...of, fits: [without] }), []);
  const [block] = await optimumBlocks(asking([]), SCORES, { ...of, fits: [fit] });
  const best = computeOptimum(LAW, 1.2e18);
  assert.deepEqual(block!.rows.map((row) => row[1]), ["1.2E", "12E", "120E"]);
  assert.deepEqual(block!.rows[0]!.slice(0, 4), [
    "law",
    "1.2E",
    formatCount(best.parameters),
    formatCount(best.tokens),
  ]);
  assert.ok(
    Number(block!.rows[2]!.at(-1)!.split(" ")[0]) < Number(block!.rows[0]!.at(-1)!.split(" ")[0]),
  );
});
