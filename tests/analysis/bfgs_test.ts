import assert from "node:assert/strict";
import fc from "fast-check";
import { minimiseFrom, type Objective } from "../../lib/analysis/bfgs.ts";

Deno.test("minimiseFrom() finds the end of Rosenbrock's bent valley", () => {
  const valley: Objective = ([x, y], gradient) => {
    gradient[0] = -2 * (1 - x!) - 400 * x! * (y! - x! ** 2);
    gradient[1] = 200 * (y! - x! ** 2);
    return (1 - x!) ** 2 + 100 * (y! - x! ** 2) ** 2;
  };
  const { at, value, hasConverged } = minimiseFrom(Float64Array.of(-1.2, 1), valley);
  assert.ok(hasConverged && value < 1e-18, `${value}`);
  assert.ok(at.every((each) => Math.abs(each - 1) < 1e-8));
});

Deno.test("minimiseFrom() finds the minimum of every bowl, and leaves the start as it was", () => {
  const numbers = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(fc.property(numbers, numbers, (centre, from) => {
    const start = Float64Array.from(centre, (_, i) => from[i % from.length]!);
    const before = start.slice();
    const { at } = minimiseFrom(start, (there, gradient) =>
      there.reduce((sum, each, i) => {
        const off = each - centre[i]!, weight = 10 ** i;
        gradient[i] = 2 * weight * off;
        return sum + weight * off * off;
      }, 0));
    assert.deepEqual(start, before);
    at.forEach((each, i) => assert.ok(Math.abs(each - centre[i]!) < 1e-5, `${each}`));
  }));
});

Deno.test("minimiseFrom() ends at a kink, and where the function is no number", () => {
  const kink: Objective = ([x, y], gradient) => {
    gradient[0] = Math.sign(x! - 3);
    gradient[1] = 0.2 * y!;
    return Math.abs(x! - 3) + 0.1 * y! ** 2;
  };
  const { at } = minimiseFrom(Float64Array.of(-20, 7), kink);
  assert.ok(Math.abs(at[0]! - 3) < 1e-4 && Math.abs(at[1]!) < 1e-2, at.join());
  const log: Objective = ([x], gradient) => {
    gradient[0] = 1 - 1 / x!;
    return x! > 0 ? x! - Math.log(x!) : NaN;
  };
  assert.ok(Math.abs(minimiseFrom(Float64Array.of(30), log).at[0]! - 1) < 1e-6);
});
