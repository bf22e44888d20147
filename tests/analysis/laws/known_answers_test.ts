/** Fits to data that others have published, and what they found. */
import assert from "node:assert/strict";
import { fitLaw, objectiveOf } from "../../../lib/analysis/fit_law.ts";
import { extrapolation, unidentified } from "../../../lib/analysis/identify.ts";
import { chinchilla } from "../../../lib/analysis/laws/loss_laws.ts";
import { lossToTask } from "../../../lib/analysis/laws/task_laws.ts";
import { DATA_DIR, testOnData } from "../../_support/data.ts";
import { repeatedDataGiven } from "./held_law.ts";

const FOLDER = `${DATA_DIR}/scaling`;

/** A table with a header; empty cells are NaN. */
async function readTable(name: string): Promise<Record<string, string>[]> {
  const file = await Deno.open(`${FOLDER}/${name}`);
  const bytes = name.endsWith(".gz")
    ? file.readable.pipeThrough(new DecompressionStream("gzip"))
    : file.readable;
  const [head = "", ...lines] = (await new Response(bytes).text()).trim().split(/\r?\n/);
  const names = head.split(",");
  return lines.map((line) => {
    const values = line.split(",");
    return Object.fromEntries(names.map((each, i) => [each, values[i]!]));
  });
}

function near(value: number, expected: number, relative: number, what: string): void {
  assert.ok(Math.abs(value / expected - 1) <= relative, `${what}: ${value}, expected ${expected}`);
}

testOnData(
  "repeated data on C4: the published R*_D and R*_N are found, and a better minimum besides",
  {
    needs: "scaling",
    run: async () => {
      const rows = await readTable("datablations-repeated-data-c4-fit182.csv");
      const column = (name: string) => Float64Array.from(rows, (row) => Number(row[name]));
      const data = {
        columns: ["params", "tokens", "unique_tokens"].map(column),
        ys: column("val_loss"),
      };
      assert.equal(data.ys.length, 182);
      const alpha = 0.3526596;
      const law = repeatedDataGiven({
        E: Math.exp(0.6254804),
        A: Math.exp(6.255414),
        alpha,
        B: Math.exp(7.3049974),
        beta: alpha,
      });
      const at = law.at(data.columns);
      const published = at.inward([15.3878, 5.3097]);
      const objective = objectiveOf(law, at, { ...data, delta: 1e-3 });
      near(objective(published, new Float64Array(2)) * 1e-6, 0.0158259, 5e-6, "objective");
      const there = fitLaw(law, data, { starts: [published] });
      near(there.parameters["R*_D"]!, 15.3878, 2e-3, "R*_D");
      near(there.parameters["R*_N"]!, 5.3097, 2e-3, "R*_N");
      near(there.objective, 0.0158259, 5e-6, "objective at the minimum");
      // From many starts: 0.1 percent lower, and far away. The points do not tell the two apart.
      const best = fitLaw(law, data);
      assert.ok(best.objective < 0.99885 * there.objective, `${best.objective}`);
      near(best.parameters["R*_D"]!, 46.99, 1e-3, "R*_D of the best");
      assert.ok(best.others.some((each) => Math.abs(each.objective / there.objective - 1) < 1e-6));
      assert.deepEqual(unidentified(best, data), [
        "other parameters describe the points as well: R*_D 15.4 to 52.2, R*_N 2.2 to 5.32",
      ]);
    },
  },
);

/** The mean of a column over the last evaluations of every run, and its size and tokens. */
async function ladder(column: string) {
  const rows = await readTable("olmo-ladder-runs-by-step.csv.gz");
  return [...Map.groupBy(rows, ({ run }) => run!)].flatMap(([run, all]) => {
    const some = all.filter((row) => row["n_params"] !== "" && row[column] !== "")
      .sort((a, b) => Number(a["_step"]) - Number(b["_step"]));
    if (some.length === 0) return [];
    const last = some.slice(-5).map((row) => Number(row[column]));
    return [{
      run,
      parameters: Number(some[0]!["n_params"]),
      tokens: Number(some.at(-1)!["throughput/total_tokens"]),
      value: last.reduce((sum, each) => sum + each, 0) / last.length,
    }];
  });
}

const C4 = "eval/c4_en-validation/CrossEntropyLoss";

testOnData(
  "OLMo's ladder: C4 loss of 16 small runs foretells 2.34439 for the 13B run, 3.8 percent off",
  {
    needs: "scaling",
    run: async () => {
      const runs = await ladder(C4);
      const small = runs.filter(({ run }) => /^(190M|370M|760M|1B)-(1|2|5|10)xC$/.test(run));
      assert.equal(small.length, 16);
      const data = {
        columns: [
          Float64Array.from(small, ({ parameters }) => parameters),
          Float64Array.from(small, ({ tokens }) => tokens),
        ],
        ys: Float64Array.from(small, ({ value }) => value),
      };
      const fit = fitLaw(chinchilla, data);
      const large = runs.find(({ run }) => run === "peteish13_eval_final")!;
      const tokens = 5_000_080_130_048;
      const [said] = fit.predict([Float64Array.of(large.parameters), Float64Array.of(tokens)]);
      near(said!, 2.34439, 2e-6, "13B");
      near(large.value, 2.43788, 2e-6, "actual");
      const [published] = await readTable("olmo-ladder-published-step1_c4_main.csv");
      near(said!, Number(published!["Pred"]), 1e-6, "published");
      const errors = Array.from(
        fit.predict(data.columns),
        (each, i) => Math.abs(each / data.ys[i]! - 1),
      );
      const error = errors.reduce((sum, each) => sum + each, 0) / errors.length;
      near(error, Number(published!["Fit Error"]), 1e-3, "error of the fit");
      assert.match(
        extrapolation(fit, data, [large.parameters, tokens])!,
        /^an extrapolation beyond the points by 10\.3 times in parameters and 19\.5 times in tokens: /,
      );
    },
  },
);

testOnData("OLMo's ladder: a task's accuracy is a sigmoid of its loss", {
  needs: "scaling",
  run: async () => {
    const rows = await readTable("olmo-ladder-runs-by-step.csv.gz");
    const loss = "eval/downstream_bpb/hellaswag_val_rc_5shot_bpb";
    const score = "eval/downstream/hellaswag_val_rc_5shot_len_norm";
    const points = rows.filter((row) =>
      row["n_params"] !== "" && row[loss] !== "" && row[score] !== ""
    ).map((row) => ({ x: Number(row[loss]), y: Number(row[score]) }));
    assert.ok(points.length > 100);
    const fit = fitLaw(lossToTask, {
      columns: [Float64Array.from(points, ({ x }) => x)],
      ys: Float64Array.from(points, ({ y }) => y),
    });
    assert.ok(fit.rmse < 0.01, `${fit.rmse}`);
    // From the ceiling down to the level of chance among four answers.
    const { a, b } = fit.parameters;
    assert.ok(a! < 0 && a! + b! > 0.2 && a! + b! < 0.32, JSON.stringify(fit.parameters));
  },
});
