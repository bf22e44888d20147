import assert from "node:assert/strict";
import fc from "fast-check";
import { evaluate, fitPowerLaw as fitted, reach } from "../../lib/analysis/power_law.ts";
import { Stream } from "../../lib/base/rng.ts";

const XS = [100, 200, 400, 800, 1600, 3200];

function near(actual: number, expected: number, relative: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= relative * Math.abs(expected),
    `${what}: ${actual} is not within ${relative} of ${expected}`,
  );
}

const laws = fc.record({
  limit: fc.double({ min: -5, max: 100, noNaN: true }),
  gap: fc.double({ min: 1, max: 50, noNaN: true }),
  rises: fc.boolean(),
  exponent: fc.double({ min: 0.05, max: 3, noNaN: true }),
}).map(({ limit, gap, rises, exponent }) => ({
  limit,
  amplitude: (rises ? -gap : gap) * 100 ** exponent,
  exponent,
}));

Deno.test("fitPowerLaw() recovers every law from points without noise", () => {
  fc.assert(fc.property(laws, (law) => {
    const fit = fitted(XS.map((x) => ({ x, y: evaluate(law, x) })));
    near(fit.exponent, law.exponent, 1e-4, "exponent");
    near(evaluate(fit, 150), evaluate(law, 150), 1e-4, "value between points");
    assert.equal(fit.atBound, undefined);
  }));
});

Deno.test("fitPowerLaw() does not depend on the unit of x", () => {
  const noise = new Stream(3, "test/unit");
  const points = XS.map((x) => ({ x, y: 4 + 30 * x ** -0.5 + 0.01 * noise.normal() }));
  const fit = fitted(points);
  const scaled = fitted(points.map(({ x, y }) => ({ x: x * 1e9, y })));
  near(scaled.exponent, fit.exponent, 1e-6, "exponent");
  near(scaled.limit, fit.limit, 1e-6, "limit");
  near(evaluate(scaled, 500e9), evaluate(fit, 500), 1e-9, "value");
});

Deno.test("fitPowerLaw() says when there is no saturation to be seen", () => {
  const fit = fitted(XS.map((x) => ({ x, y: 3 * Math.log(x) + 0.2 * (Math.log(x) ** 2) })));
  assert.equal(fit.atBound, "least");
});

Deno.test("fitPowerLaw() tells a curve that saturates at once from one that does not", () => {
  const fit = fitted(XS.map((x, i) => ({ x, y: i === 0 ? 3 : 2 })));
  assert.equal(fit.atBound, "most");
  near(fit.limit, 2, 1e-3, "limit");
});

Deno.test("fitPowerLaw() refuses too few distinct x and x at 0", () => {
  assert.throws(() => fitted([{ x: 1, y: 1 }, { x: 2, y: 2 }]), /three distinct x/);
  assert.throws(() => fitted([0, 1, 2, 3].map((x) => ({ x, y: x }))), /x above 0/);
});

Deno.test("reach() is where the share of the way to the limit is gone", () => {
  const law = { limit: 80, amplitude: -500, exponent: 0.7 };
  const x = reach(law, 100, 0.9);
  const gone = (evaluate(law, x) - evaluate(law, 100)) / (law.limit - evaluate(law, 100));
  near(gone, 0.9, 1e-12, "share");
});
