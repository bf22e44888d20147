import assert from "node:assert/strict";
import type { PowerLaw } from "../../lib/analysis/power_law.ts";
import type { SharingPoint } from "../../lib/analysis/intervals.ts";
import { type CurveShape, fitScaling, type ScalingOptions } from "../../lib/analysis/scaling.ts";
import { Stream } from "../../lib/base/rng.ts";

const XS = [100, 200, 400, 800, 1600, 3200];

/** Points of a function, three seeds at each x, with a little noise. */
function pointsOf(f: (x: number) => number, noise = 0.01): SharingPoint[] {
  return [1, 2, 3].flatMap((seed) => {
    const stream = new Stream(seed, "test/scaling");
    return XS.map((x) => ({ x, y: f(x) + noise * stream.normal(), seed }));
  });
}

const LOSS: ScalingOptions = { better: "lower", range: [0, Infinity] };
const SCORE: ScalingOptions = { better: "higher", range: [0, 1] };

/** What a curve of known shape is called, and what is said of it; nothing else is. */
const SHAPES: readonly {
  name: string;
  f: (x: number) => number;
  noise?: number;
  options: ScalingOptions;
  shape: CurveShape;
  says: readonly RegExp[];
}[] = [
  {
    name: "a saturating loss",
    f: (x) => 2 + 40 * x ** -0.8,
    options: LOSS,
    shape: "saturating",
    says: [],
  },
  {
    name: "a curve that saturates at once",
    f: (x) => x < 150 ? 3 : 2,
    options: LOSS,
    shape: "saturated",
    says: [/^saturated at once: the change lies between the two smallest x/],
  },
  {
    name: "a curve without saturation",
    f: (x) => 3 - 0.2 * Math.log(x) - 0.02 * Math.log(x) ** 2,
    options: { better: "lower" },
    shape: "unsaturated",
    says: [
      /^no saturation seen in this range: the limit is an extrapolation$/,
      /^no intervals: .* lead beyond what the law can be, no saturation at all/,
    ],
  },
  {
    name: "a loss that rises",
    f: (x) => 4 - 20 * x ** -0.8,
    options: LOSS,
    shape: "saturating",
    says: [/^the metric gets worse with x: 3.\d+ at 100, 3.9\d at 3200; lower is better$/],
  },
  {
    name: "a score that falls",
    f: (x) => 0.5 + 20 * x ** -0.9,
    options: SCORE,
    shape: "saturating",
    says: [/^the metric gets worse with x: 0.8\d+ at 100, 0.5\d+ at 3200; higher is better$/],
  },
  {
    name: "a U",
    f: (x) => 2 + 0.1 * Math.log2(x / 800) ** 2,
    options: LOSS,
    shape: "turning",
    says: [/^the metric falls up to x = 800 and rises beyond: the law can go one way only/],
  },
  {
    name: "a U on its head",
    f: (x) => 0.8 - 0.03 * Math.log2(x / 400) ** 2,
    options: SCORE,
    shape: "turning",
    says: [/^the metric rises up to x = 400 and falls beyond: the law can go one way only/],
  },
  {
    name: "a flat curve",
    f: () => 2,
    options: LOSS,
    shape: "flat",
    says: [/^no dependence on x is shown: R² 0\.\d\d, and \d+ percent of studies in which x does/],
  },
  {
    name: "noise",
    f: () => 0.5,
    noise: 0.2,
    options: SCORE,
    shape: "flat",
    says: [/^no dependence on x is shown: R² 0\.\d\d, and \d+ percent of studies in which x does/],
  },
  {
    name: "a curve in much noise",
    f: (x) => 2 + 40 * x ** -0.8,
    noise: 0.25,
    options: LOSS,
    shape: "saturating",
    says: [/^R² 0\.\d\d: the curve leaves \d+ percent of the variance unexplained$/],
  },
  {
    name: "a loss whose limit lies below nought, in a range that has no upper end",
    f: (x) => 5 * x ** -0.1 - 1,
    noise: 0.001,
    options: LOSS,
    shape: "unbounded",
    says: [/^there is no limit: the curve heads for -.*, and the metric is never below 0$/],
  },
  {
    name: "a score whose limit lies outside its range",
    f: (x) => 1.3 - 4 * x ** -0.3,
    noise: 0.001,
    options: SCORE,
    shape: "unbounded",
    says: [/^there is no limit: the curve heads for 1\.\d+, and the metric lies between 0 and 1$/],
  },
  {
    name: "a loss that heads below 0",
    f: (x) => 6 * x ** -0.1 - 1,
    noise: 0.001,
    options: LOSS,
    shape: "unbounded",
    says: [/^there is no limit: the curve heads for -\d/],
  },
];

Deno.test("fitScaling() calls curves of known shape what they are", async (t) => {
  for (const { name, f, noise, options, shape, says } of SHAPES) {
    await t.step(name, () => {
      const fit = fitScaling(pointsOf(f, noise), options);
      const text = fit.warnings.join("\n");
      assert.equal(fit.shape, shape, text);
      const isSaid = (said: string) => says.some((each) => each.test(said));
      assert.ok(
        fit.warnings.every((said) => !said.startsWith("no intervals") || isSaid(said)),
        text,
      );
      for (const each of says) assert.ok(fit.warnings.some((said) => each.test(said)), text);
      if (noise === undefined) assert.equal(fit.warnings.length, says.length, text);
    });
  }
});

Deno.test("fitScaling() says nothing of a metric without a better way or a range", () => {
  assert.deepEqual(fitScaling(pointsOf((x) => 4 - 20 * x ** -0.8)).warnings, []);
});

Deno.test("fitScaling() says in words what cannot be fitted", () => {
  assert.deepEqual(fitScaling([{ x: 0, y: 1 }, { x: 5, y: 2 }]), {
    form: "limit + amplitude * x^-exponent",
    points: 1,
    warnings: [
      "1 of 2 points left out: at x = 0, or no number",
      "not fitted: 1 point at 1 distinct x; " +
      "a curve of 3 parameters needs at least 3 distinct x and 4 points",
    ],
  });
  assert.deepEqual(fitScaling(XS.map((x) => ({ x, y: 7 }))).warnings, [
    "not fitted: the metric is the same at every x",
  ]);
});

/** Points of a steep law; of each seed one training, or one for each point. */
function studyOf(xs: readonly number[], seeds: number, shared = false): SharingPoint[] {
  return Array.from({ length: seeds }, (_, seed) => {
    const stream = new Stream(seed, "test/intervals");
    const trajectory = shared ? `of seed ${seed}` : undefined;
    return xs.map((x) => (
      { x, y: 2 + 4000 * x ** -1.5 + 0.002 * stream.normal(), seed, trajectory }
    ));
  }).flat();
}

Deno.test("fitScaling() says what its intervals do not hold, and gives none that would be untrue", () => {
  const of = (...study: Parameters<typeof studyOf>) => fitScaling(studyOf(...study));
  const oneSeed = "one seed: the intervals hold no difference between seeds";
  const two = "2 seeds: the intervals are of the curve of these two; from 3 on, of any seed's";
  const three = "3 distinct x determine the curve exactly: that it is such a curve is not seen";
  const one = "no intervals: the points are of one training and depend on each other; " +
    "only further seeds can tell how far off it is";
  const cases: [ReturnType<typeof of>, string[], boolean][] = [
    [of(XS, 4), [], true],
    [of(XS, 2), [two], true],
    [of(XS, 1), [oneSeed], true],
    [of([100, 800, 3200], 4), [three], true],
    [of(XS, 1, true), [one], false],
    [of(XS, 2, true), [], true],
    [of(XS, 4, true), [], true],
  ];
  for (const [fit, warnings, hasIntervals] of cases) {
    assert.deepEqual(fit.warnings, warnings);
    assert.equal(fit.intervals !== undefined, hasIntervals);
    assert.equal(fit.next!.interval !== undefined, hasIntervals);
  }
});

Deno.test("fitScaling() says what the next doubling brings, within the metric's range", () => {
  const { next, parameters } = fitScaling(studyOf(XS, 4), LOSS);
  assert.equal(next!.x, 6400);
  const { limit, amplitude, exponent } = parameters as unknown as PowerLaw;
  assert.ok(Math.abs(next!.value - (limit + amplitude * 6400 ** -exponent)) < 1e-9);
  assert.ok(next!.interval!.low < next!.value && next!.value < next!.interval!.high);
  const rising = pointsOf((x) => 0.98 - 4 * x ** -0.5, 0.02);
  const { intervals } = fitScaling(rising, SCORE);
  assert.equal(intervals!["limit"]!.high, 1);
});
