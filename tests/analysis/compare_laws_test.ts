import assert from "node:assert/strict";
import { compareLaws } from "../../lib/analysis/compare_laws.ts";
import { fitLaw } from "../../lib/analysis/fit_law.ts";
import { beyond, extrapolation, unidentified } from "../../lib/analysis/identify.ts";
import { chinchilla, kaplan } from "../../lib/analysis/laws/loss_laws.ts";
import { chinchillaData } from "../bench/law_bootstrap.ts";
import { oneVariableLaw } from "./one_variable_law.ts";

Deno.test("compareLaws() finds the form that the points are of by the largest runs", () => {
  const data = chinchillaData(120);
  const [parameters, tokens] = data.columns as [Float64Array, Float64Array];
  const sizes = parameters.map((each, i) => 6 * each * tokens[i]!);
  const { heldOut, laws } = compareLaws(
    [
      { law: kaplan, columns: data.columns },
      { law: chinchilla, columns: data.columns },
      { law: oneVariableLaw, columns: [tokens] },
    ],
    data.ys,
    { sizes },
  )!;
  assert.equal(heldOut.length, 24);
  const least = Math.min(...heldOut.map((i) => sizes[i]!));
  assert.ok(sizes.every((size, i) => heldOut.includes(i) || size < least));
  assert.equal(laws[0]!.law, chinchilla);
  assert.equal(laws[2]!.law, oneVariableLaw);
  assert.ok(laws[0]!.heldOutError < 0.015, `${laws[0]!.heldOutError}`);
  assert.ok(laws[2]!.heldOutError > 3 * laws[0]!.heldOutError);
});

Deno.test("compareLaws() holds out all runs of one size together, and compares nothing of one size", () => {
  const xs = Float64Array.from([1, 2, 4, 8, 8, 8].map((x) => 100 * x));
  const data = { columns: [xs], ys: xs.map((x) => 2 + 40 * x ** -0.5) };
  const laws = [{ law: oneVariableLaw, columns: data.columns }];
  assert.deepEqual(compareLaws(laws, data.ys, { sizes: xs })!.heldOut, [3, 4, 5]);
  // Three points are left for three parameters: that is no comparison.
  assert.deepEqual(compareLaws(laws, data.ys, { sizes: xs })!.laws, []);
  assert.equal(compareLaws(laws, data.ys, { sizes: xs.map(() => 1) }), undefined);
});

Deno.test("unidentified() says which variable did not vary and which parameters move together", () => {
  const { columns: [parameters, tokens], ys } = chinchillaData(60);
  const same = parameters!.map(() => 1e8);
  const flat = { columns: [same, tokens!], ys: tokens!.map((d) => 3 + 2085 * d ** -0.366) };
  assert.deepEqual(unidentified(fitLaw(chinchilla, flat), flat).slice(0, 1), [
    "all points have the same parameters: what depends on it cannot be told from the limit",
  ]);
  const narrow = {
    columns: [parameters!, tokens!.map((_, i) => 1e10 * (1 + i / 1000))],
    ys,
  };
  const fit = fitLaw(chinchilla, narrow);
  assert.ok(unidentified(fit, narrow).length > 0);
  const sound = chinchillaData(240);
  assert.deepEqual(unidentified(fitLaw(chinchilla, sound), sound), []);
  const few = { columns: sound.columns.map((each) => each.slice(0, 4)), ys: sound.ys.slice(0, 4) };
  assert.deepEqual(unidentified(fitLaw(chinchilla, few), few), [
    "4 points cannot tell 5 parameters",
  ]);
});

Deno.test("extrapolation() says how far beyond the points one asks, and nothing among them", () => {
  const data = {
    columns: [Float64Array.of(10, 100, 1000, 500)],
    ys: Float64Array.of(4, 3, 2.5, 2.6),
  };
  const fit = fitLaw(oneVariableLaw, data);
  assert.equal(extrapolation(fit, data, [500]), undefined);
  assert.match(
    extrapolation(fit, data, [8000])!,
    /^an extrapolation beyond the points by 8 times in x: /,
  );
  assert.deepEqual(beyond(fit, data, [2]), [{ variable: "x", factor: 5 }]);
});
