import assert from "node:assert/strict";
import { FIT_FORMS, leastPoints, variablesOf } from "../../lib/analysis/fit_forms.ts";
import { type FitPoint, fitPoints } from "../../lib/analysis/fit_points.ts";
import { fitScaling } from "../../lib/analysis/scaling.ts";
import { chinchillaData } from "../bench/law_bootstrap.ts";

/** Runs of Chinchilla's sizes; each a training of its own. */
function runs(count: number): FitPoint[] {
  const { columns: [parameters, tokens], ys } = chinchillaData(count);
  return Array.from(ys, (y, i) => (
    { xs: [parameters![i]!, tokens![i]!], y, seed: 1, trajectory: `run ${i}` }
  ));
}

Deno.test("fitPoints() knows every form that specs can name, by its variables", () => {
  for (const form of FIT_FORMS.slice(1)) {
    const { parameters } = fitPoints(
      // Too few for intervals, which take long.
      runs(19).map(({ xs, ...point }, i) => ({
        ...point,
        xs: variablesOf(form).map((name) =>
          name === "parameters" ? xs[0]! : name === "share" ? (i % 5) / 5 : xs[1]!
        ),
      })),
      { form },
    );
    assert.ok(parameters !== undefined, form);
  }
});

Deno.test("fitPoints() fits the saturating law unless told otherwise", () => {
  const points = [100, 200, 400, 800, 1600].map((x) => ({ x, y: 2 + 40 * x ** -0.6 }));
  const options = { better: "lower" } as const;
  assert.deepEqual(
    fitPoints(points.map(({ x, y }) => ({ xs: [x], y })), options),
    fitScaling(points, options),
  );
});

Deno.test("fitPoints() gives a law of two variables its intervals, and what it foretells", () => {
  const fit = fitPoints(runs(120), { form: "chinchilla" });
  assert.equal(fit.form, "E + A / N^alpha + B / D^beta");
  assert.equal(fit.points, 120);
  const { low, high } = fit.intervals!["alpha"]!;
  assert.ok(low < 0.348 && 0.348 < high && high - low < 0.15, `${low} to ${high}`);
  assert.ok(fit.goodness!.heldOutRmse! > 0 && fit.goodness!.heldOutRmse! < 0.1);
  assert.equal(fit.warnings.length, 1);
  assert.match(fit.warnings[0]!, /^an extrapolation beyond the points by [\d.]+ times in tokens: /);
  const { x, at, value, interval } = fit.next!;
  assert.equal(x, at![1]);
  const largest = runs(120).reduce((a, b) => b.xs[0]! * b.xs[1]! > a.xs[0]! * a.xs[1]! ? b : a);
  assert.deepEqual(at, [largest.xs[0], 2 * largest.xs[1]!]);
  assert.ok(interval!.low < value && value < interval!.high);
  assert.ok(value < largest.y, "twice the tokens are better");
});

Deno.test("fitPoints() keeps a share of 0 on domain-share, and a score of 0 on loss-to-task", () => {
  // Too few for intervals, which take long.
  const share = runs(19).map((run, i) => ({ ...run, xs: [...run.xs, (i % 4) / 4] }));
  assert.equal(fitPoints(share, { form: "domain-share" }).points, 19);
  const beyond = share.map((run) => ({ ...run, xs: [run.xs[0]!, run.xs[1]!, 1.5] }));
  assert.equal(fitPoints(beyond, { form: "domain-share" }).points, 0);
  const losses = Array.from({ length: 24 }, (_, i) => 0.6 + 0.05 * i);
  const fit = fitPoints(
    losses.map((loss) => (
      { xs: [loss], y: loss > 1.7 ? 0 : 0.95 - 0.95 / (1 + Math.exp(-8 * (loss - 1.1))) }
    )),
    { form: "loss-to-task", better: "higher" },
  );
  assert.equal(fit.points, 24);
  assert.equal(fit.next, undefined);
  assert.ok(Math.abs(fit.parameters!["L0"]! - 1.1) < 0.02, JSON.stringify(fit.parameters));
  assert.ok(fit.goodness!.heldOutRmse! < 0.2, JSON.stringify(fit.goodness));
});

Deno.test("fitPoints() says in words what a law of several variables lacks", () => {
  const few = fitPoints(runs(5), { form: "chinchilla" });
  assert.deepEqual(few.warnings, [
    "not fitted: 5 points; a law of 5 parameters needs at least 6",
  ]);
  assert.equal(few.parameters, undefined);
  const some = fitPoints([...runs(12), { xs: [0, 5], y: 3 }], { form: "chinchilla" });
  assert.equal(some.intervals, undefined);
  assert.equal(some.warnings[0], "1 of 13 points left out: at 0, or no number");
  assert.equal(
    some.warnings.at(-1),
    "no intervals: fewer than 20 points that vary by themselves",
  );
  // Sixty points, but of six trainings.
  const dependent = runs(60).map((point, i) => ({ ...point, trajectory: `${i % 6}` }));
  assert.equal(fitPoints(dependent, { form: "chinchilla" }).intervals, undefined);
  // Kaplan's form of what is Chinchilla's: the other one is named.
  assert.match(
    fitPoints(runs(120), { form: "kaplan" }).warnings.join("\n"),
    /^fitted without the largest 24 runs, chinchilla is off there by [\d.]+ percent and kaplan by /m,
  );
  const same = runs(60).map(({ xs, ...point }) => ({ ...point, xs: [1e8, xs[1]!] }));
  assert.match(
    fitPoints(same, { form: "chinchilla" }).warnings.join("\n"),
    /^all points have the same parameters: what depends on it cannot be told from the limit$/m,
  );
});

Deno.test("leastPoints() is one more than the parameters of each form's law", () => {
  for (const form of FIT_FORMS) {
    const least = leastPoints(form);
    const points = Array.from({ length: least - 1 }, (_, i): FitPoint => ({
      xs: variablesOf(form).map((_, j) => 1 / (2 + i + j)),
      y: 1 + 1 / (1 + i),
    }));
    const said = fitPoints(points, { form }).warnings.join();
    assert.match(said, new RegExp(`of ${least - 1} parameters needs at least .*\\b${least}\\b`));
  }
});
