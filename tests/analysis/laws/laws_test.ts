import assert from "node:assert/strict";
import { fitLaw, type LawData, objectiveOf } from "../../../lib/analysis/fit_law.ts";
import type { Law } from "../../../lib/analysis/laws/law.ts";
import { chinchilla, domainShare, kaplan } from "../../../lib/analysis/laws/loss_laws.ts";
import { repeatedData } from "../../../lib/analysis/laws/repeated_data.ts";
import { lossToTask, transfer } from "../../../lib/analysis/laws/task_laws.ts";
import { Stream } from "../../../lib/base/rng.ts";
import { oneVariableLaw } from "../one_variable_law.ts";
import { repeatedDataGiven } from "./held_law.ts";

const HELD = { E: 1.87, A: 521, alpha: 0.353, B: 1488, beta: 0.353 };

/** Every law, what its parameters truly are, and the ranges of its variables, in decades. */
const CASES: readonly {
  readonly law: Law;
  readonly truth: readonly number[];
  readonly ranges: readonly (readonly [number, number])[];
}[] = [
  { law: oneVariableLaw, truth: [2, 40, 0.4], ranges: [[2, 7]] },
  { law: chinchilla, truth: [1.82, 482, 0.348, 2085, 0.366], ranges: [[7, 10], [9, 12]] },
  { law: kaplan, truth: [6.4e13, 0.076, 1.8e13, 0.103], ranges: [[5, 9], [7, 10]] },
  {
    law: domainShare,
    truth: [1.2, 300, 0.3, 900, 0.25, 0.35, 0.05, 0.4],
    ranges: [[7, 10], [9, 12], [-2, 0]],
  },
  {
    law: repeatedData,
    truth: [1.87, 521, 0.353, 1488, 0.36, 15.4, 5.3],
    ranges: [[7, 10], [9, 12], [8, 11]],
  },
  { law: repeatedDataGiven(HELD), truth: [15.4, 5.3], ranges: [[7, 10], [9, 12], [8, 11]] },
  { law: lossToTask, truth: [-0.7, 6, 1.1, 0.95], ranges: [[-0.2, 0.25]] },
  { law: transfer, truth: [1.9e4, 0.18, 0.38], ranges: [[5, 9], [6, 9]] },
];

/** Points all over the ranges; tokens are never fewer than distinct ones. */
function pointsOf({ law, truth, ranges }: (typeof CASES)[number], noise = 0, count = 160): LawData {
  const stream = new Stream(1, "test/laws");
  const columns = ranges.map(([low, high]) =>
    Float64Array.from({ length: count }, () => 10 ** (low + (high - low) * stream.float()))
  );
  const unique = columns[law.variables.indexOf("uniqueTokens")];
  if (unique !== undefined) {
    for (let i = 0; i < count; i++) unique[i] = Math.min(unique[i]!, columns[1]![i]!);
  }
  const at = law.at(columns);
  const ys = at.evaluate(at.inward(truth), columns);
  return { columns, ys: ys.map((y) => y * Math.exp(noise * stream.normal())) };
}

Deno.test("every law's gradient is that of finite differences", () => {
  for (const each of CASES) {
    const { law, truth } = each;
    const data = pointsOf(each, 0, 24);
    const at = law.at(data.columns);
    const inner = at.inward(truth), gradient = new Float64Array(inner.length);
    const ignored = new Float64Array(inner.length);
    for (let point = 0; point < data.ys.length; point++) {
      at.predict(inner, point, gradient);
      for (let i = 0; i < inner.length; i++) {
        const step = 1e-6 * Math.max(1, Math.abs(inner[i]!));
        const [more, less] = [inner.slice(), inner.slice()];
        more[i]! += step;
        less[i]! -= step;
        const slope = (at.predict(more, point, ignored) - at.predict(less, point, ignored)) /
          (2 * step);
        const error = Math.abs(slope - gradient[i]!);
        const allowed = 1e-5 * Math.max(1, Math.abs(slope));
        assert.ok(error < allowed, `${law.name} ${law.parameters[i]}: ${gradient[i]}, ${slope}`);
      }
    }
  }
});

Deno.test("every law's parameters go inward and come out as they were", () => {
  for (const each of CASES) {
    const at = each.law.at(pointsOf(each, 0, 12).columns);
    at.outward(at.inward(each.truth)).forEach((value, i) => {
      const truth = each.truth[i]!;
      assert.ok(Math.abs(value - truth) < 1e-9 * Math.abs(truth), `${each.law.name} ${value}`);
    });
  }
});

Deno.test("fitLaw() recovers every law from points without noise", () => {
  for (const each of CASES) {
    const data = pointsOf(each);
    const fit = fitLaw(each.law, data);
    assert.ok(fit.rmse < 1e-4, `${each.law.name}: ${fit.rmse} ${JSON.stringify(fit.parameters)}`);
    const said = fit.predict(data.columns);
    for (let i = 0; i < said.length; i++) {
      assert.ok(Math.abs(said[i]! / data.ys[i]! - 1) < 1e-3, each.law.name);
    }
  }
});

Deno.test("fitLaw() recovers the parameters of laws whose points tell them", () => {
  for (const each of CASES.filter(({ law }) => law !== domainShare)) {
    const { parameters } = fitLaw(each.law, pointsOf(each));
    each.law.parameters.forEach((name, i) => {
      const error = Math.abs(parameters[name]! / each.truth[i]! - 1);
      assert.ok(error < 0.02, `${each.law.name} ${name}: ${parameters[name]} for ${each.truth[i]}`);
    });
  }
});

Deno.test("fitLaw() is not led astray by a few points that are far off", () => {
  const each = CASES.find(({ law }) => law === chinchilla)!;
  const { columns, ys } = pointsOf(each, 0.002);
  const spoilt = ys.map((y, i) => i % 20 === 0 ? 1.5 * y : y);
  const { parameters } = fitLaw(chinchilla, { columns, ys: spoilt });
  assert.ok(Math.abs(parameters["alpha"]! - 0.348) < 0.03, `${parameters["alpha"]}`);
  assert.ok(Math.abs(parameters["E"]! - 1.82) < 0.06, `${parameters["E"]}`);
});

Deno.test("fitLaw() minimises the sum and says what it is", () => {
  const each = CASES.find(({ law }) => law === chinchilla)!;
  const data = pointsOf(each, 0.01);
  const fit = fitLaw(chinchilla, data);
  const residuals = Array.from(
    fit.predict(data.columns),
    (said, i) => Math.log(said / data.ys[i]!),
  );
  const sum = residuals.reduce((total, each) => {
    const size = Math.abs(each);
    return total + (size <= 1e-3 ? size ** 2 / 2 : 1e-3 * (size - 5e-4));
  }, 0);
  assert.ok(Math.abs(fit.objective / sum - 1) < 1e-9);
  const at = chinchilla.at(data.columns);
  const gradient = new Float64Array(5);
  const least = objectiveOf(chinchilla, at, { ...data, delta: 1e-3 })(fit.inner, gradient);
  for (const by of [-1e-4, 1e-4]) {
    for (let i = 0; i < 5; i++) {
      const moved = fit.inner.map((value, j) => j === i ? value + by : value);
      const there = objectiveOf(chinchilla, at, { ...data, delta: 1e-3 })(moved, gradient);
      assert.ok(there >= least);
    }
  }
});
