/** What metrics are measured in: one rule for all of them. */
import assert from "node:assert/strict";
import { loadKinds } from "../../lib/graph/kinds.ts";
import { kinds } from "../../lib/tasks/registry.ts";

/** The units that a metric can have. */
const UNITS = ["nats", "fraction", "count"];

/** What reductions call theirs, after the metric's own name. */
const SUFFIX = /(Best|Deviation)$/;

const RATE =
  /^(f1|macroF1|exactMatch|lenient|mrr|precision|recall|strict|yesNo\w*)$|accuracy$|share$/i;

Deno.test("every metric says its unit: rates are fractions from 0 to 1, none is in percent", async () => {
  let rates = 0;
  for (const [name, { metrics = {} }] of await loadKinds(kinds)) {
    for (const [metric, { unit, range, about }] of Object.entries(metrics)) {
      const at = `${name}: ${metric}`, own = metric.replace(SUFFIX, "");
      assert.ok(UNITS.includes(unit), `${at} is in ${unit}`);
      assert.doesNotMatch(about, /percent/i, at);
      assert.equal(unit === "nats", own.endsWith("Nats"), at);
      if (RATE.test(own)) assert.equal(unit, "fraction", at);
      if (unit !== "fraction") continue;
      rates++;
      // A deviation has no bounds that would tell anything.
      if (!metric.endsWith("Deviation")) assert.deepEqual(range, [0, 1], at);
    }
  }
  assert.ok(rates > 20);
});
