import assert from "node:assert/strict";
import fc from "fast-check";
import { lawIntervals, type SharingPoint } from "../../lib/analysis/intervals.ts";
import { evaluate, fitPowerLaw, reach } from "../../lib/analysis/power_law.ts";
import { Stream } from "../../lib/base/rng.ts";

const XS = [100, 200, 400, 800, 1600, 3200];
const LAW = { limit: 2, amplitude: 40, exponent: 0.8 };

/** Points of a law with noise; each seed is off by an amount of its own. */
function study(
  { seeds, noise = 0.01, offset = 0, shared = false, xs = XS, law = LAW, unit = 1 }: {
    readonly seeds: number;
    readonly noise?: number;
    readonly offset?: number;
    readonly shared?: boolean;
    readonly xs?: readonly number[];
    readonly law?: typeof LAW;
    readonly unit?: number;
  },
): SharingPoint[] {
  return Array.from({ length: seeds }, (_, seed) => {
    const stream = new Stream(seed, "test/intervals");
    const own = offset * stream.normal();
    return xs.map((x, i) => ({
      x: unit * x,
      y: evaluate(law, x) + own + noise * stream.normal(),
      seed,
      trajectory: shared ? `${seed}` : `${seed}/${i}`,
    }));
  }).flat();
}

function widthOf(points: readonly SharingPoint[], name: "limit" | "exponent"): number {
  const { low, high } = lawIntervals(points).intervals![name];
  return high - low;
}

Deno.test("lawIntervals() hold what was fitted, whatever depends on what", () => {
  for (const seeds of [1, 2, 3, 5]) {
    for (const shared of seeds === 1 ? [false] : [false, true]) {
      const points = study({ seeds, shared });
      const fit = fitPowerLaw(points);
      const { intervals } = lawIntervals(points, { xs: [6400] });
      const values = [
        [fit.limit, intervals!.limit],
        [fit.amplitude, intervals!.amplitude],
        [fit.exponent, intervals!.exponent],
        [reach(fit, 100, 0.9), intervals!.ninetyPercentAt],
        [evaluate(fit, 6400), intervals!.values[0]!],
      ] as const;
      for (const [value, { low, high }] of values) {
        assert.ok(low < value && value < high, `${seeds} ${shared}: ${low} ${value} ${high}`);
      }
    }
  }
});

Deno.test("lawIntervals() do not depend on the unit of x, nor on the order of points", () => {
  for (const shared of [false, true]) {
    const one = lawIntervals(study({ seeds: 3, shared })).intervals!;
    const points = study({ seeds: 3, shared, unit: 1e6 });
    const other = lawIntervals([...points].reverse()).intervals!;
    for (const name of ["limit", "exponent"] as const) {
      for (const end of ["low", "high"] as const) {
        assert.ok(Math.abs(one[name][end] - other[name][end]) < 1e-4 * Math.abs(one[name][end]));
      }
    }
  }
});

Deno.test("lawIntervals() of independent points are those of the F test, by brute force", () => {
  const points = study({ seeds: 1, noise: 0.02 });
  const least = fitPowerLaw(points).rmse ** 2 * points.length;
  const allowed = least * (1 + 3.182446305284263 ** 2 / 3);
  const { limit } = lawIntervals(points).intervals!;
  const error = (value: number) => {
    let found = Infinity;
    for (let exponent = 0.2; exponent < 2; exponent += 0.0005) {
      let squares = 0, cross = 0, sum = 0;
      for (const { x, y } of points) {
        const power = (x / 500) ** -exponent;
        squares += power * power;
        cross += power * (y - value);
        sum += (y - value) ** 2;
      }
      found = Math.min(found, sum - cross * cross / squares);
    }
    return found;
  };
  for (const end of [limit.low, limit.high]) {
    assert.ok(Math.abs(error(end) / allowed - 1) < 1e-3, `${error(end)} ${allowed}`);
  }
});

Deno.test("lawIntervals() of points that depend on each other widen with what seeds differ by", () => {
  const calm = study({ seeds: 4, shared: true }),
    wild = study({ seeds: 4, shared: true, offset: 1 });
  assert.ok(widthOf(wild, "limit") > 10 * widthOf(calm, "limit"));
  // What is the same at every x moves the limit only.
  assert.ok(widthOf(wild, "exponent") < 1.5 * widthOf(calm, "exponent"));
});

Deno.test("lawIntervals() of three seeds and more are of any seed's curve, of fewer of these", () => {
  const calm = study({ seeds: 4 }), wild = study({ seeds: 4, offset: 1 });
  assert.ok(widthOf(wild, "limit") > 10 * widthOf(calm, "limit"));
  const two = study({ seeds: 2 }), apart = study({ seeds: 2, offset: 1 });
  assert.ok(Math.abs(widthOf(apart, "limit") / widthOf(two, "limit") - 1) < 1e-3);
});

Deno.test("lawIntervals() are not given where they would be untrue", () => {
  const whyNone = (points: readonly SharingPoint[]) => lawIntervals(points).whyNone;
  assert.match(whyNone(study({ seeds: 1, shared: true }))!, /of one training and depend/);
  assert.match(whyNone(study({ seeds: 1, xs: XS.slice(0, 3) }))!, /noise by$/);
  const many = study({ seeds: 1, shared: true });
  const few = study({ seeds: 2, shared: true }).filter(({ seed, x }) => seed === 1 && x === 100);
  assert.match(whyNone([...many, ...few])!, /nearly all points are of one training/);
  for (const shared of [false, true]) {
    const equal = study({ seeds: 3, shared }).map((point) => ({ ...point, y: 0.5 }));
    assert.match(whyNone(equal)!, /all points have one value/);
  }
});

Deno.test("lawIntervals() of points that vary about a flat law leave its amplitude open", () => {
  const points = [
    { x: 1, y: 0.25, seed: 1 },
    { x: 1e6, y: 0, seed: 1 },
    { x: 1, y: 0.25, seed: 2, trajectory: "b" },
    { x: 1e6, y: 0.5, seed: 2 },
    { x: 1e24, y: 0.25, seed: 2, trajectory: "b" },
  ];
  const { intervals } = lawIntervals(points);
  assert.equal(fitPowerLaw(points).amplitude, 0);
  assert.deepEqual(intervals!.amplitude, { low: -Infinity, high: Infinity });
});

Deno.test("lawIntervals() are numbers, whatever the points are", () => {
  const points = fc.array(
    fc.record({
      x: fc.constantFrom(1, 1e3, 1e6, 1e12, 1e24),
      y: fc.constantFrom(0, 0.25, 1 / 3, 0.5, 1),
      seed: fc.nat(3),
      trajectory: fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined }),
    }),
    { minLength: 3, maxLength: 16 },
  ).filter((some) => new Set(some.map(({ x }) => x)).size >= 3);
  fc.assert(fc.property(points, fc.boolean(), (drawn, areEqual) => {
    const some = areEqual ? drawn.map((point) => ({ ...point, y: 0.5 })) : drawn;
    const { intervals } = lawIntervals(some, { xs: [2, 2e24] });
    if (intervals === undefined) return;
    const { limit, amplitude, exponent, ninetyPercentAt, values } = intervals;
    for (const { low, high } of [limit, amplitude, exponent, ninetyPercentAt, ...values]) {
      assert.ok(low <= high, `${low} to ${high}`);
    }
  }));
});

Deno.test("lawIntervals() of dependent points that lead beyond the law are not of no width", () => {
  // Falls faster and faster: the best law is a straight line over log x, and still too slow.
  const points = [1, 2, 3].flatMap((seed) =>
    XS.map((x, i) => ({
      x,
      y: 9 - 0.1 * Math.log(x) ** 2 + 0.001 * ((seed * (i + 3)) % 5),
      seed,
      trajectory: `${seed}`,
    }))
  );
  assert.match(lawIntervals(points).whyNone!, /lead beyond what the law can be/);
});

Deno.test("lawIntervals() have no end where points do not tell saturation from none", () => {
  const points = XS.map((x, i) => ({ x, y: 3 - 0.2 * Math.log(x) + (i % 2 ? 0.01 : -0.01) }));
  const { limit, exponent, ninetyPercentAt } = lawIntervals(points).intervals!;
  assert.equal(exponent.low, 0);
  assert.equal(limit.low, -Infinity);
  assert.equal(ninetyPercentAt.high, Infinity);
});

Deno.test("lawIntervals() hold more with more confidence", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.boolean(), (seed, shared) => {
      const points = [0, 1, 2].flatMap((each) => {
        const stream = new Stream(seed, "test/confidence", each);
        return XS.map((x, i) => ({
          x,
          y: evaluate(LAW, x) + 0.02 * stream.normal(),
          seed: each,
          trajectory: shared ? `${each}` : `${each}/${i}`,
        }));
      });
      const [less, more] = [0.8, 0.95].map((confidence) =>
        lawIntervals(points, { confidence }).intervals!
      );
      for (const name of ["limit", "exponent"] as const) {
        assert.ok(more![name].low <= less![name].low && less![name].high <= more![name].high);
      }
    }),
    { numRuns: 20 },
  );
});
