import assert from "node:assert/strict";
import fc from "fast-check";
import { NO_COST } from "../../lib/graph/cost.ts";
import { durationOf, type FinishedTask, Forecast } from "../../lib/graph/forecast.ts";
import { planOf } from "../_support/plan.ts";

const sample = (
  steps: number,
  elapsedMs: number,
  more: Partial<FinishedTask> = {},
): FinishedTask => ({
  kind: "train",
  elapsedMs,
  cost: { ...NO_COST, steps },
  ...more,
});
const steps = (count: number) => ({ ...NO_COST, steps: count });

Deno.test("Forecast knows nothing of a kind that was never done", () => {
  const forecast = new Forecast([sample(100, 1000)]);
  assert.equal(forecast.msOf("exam", steps(100)), undefined);
  assert.equal(forecast.msOf("train", { steps: 0, tokens: 0, flops: 1e9 }), undefined);
  assert.equal(forecast.bytesOf("train"), undefined);
});

Deno.test("Forecast goes by the size of a task, with what every task of the kind takes first", () => {
  const forecast = new Forecast([sample(100, 1500), sample(200, 2500), sample(400, 4500)]);
  assert.equal(forecast.msOf("train", steps(800)), 8500);
  assert.equal(forecast.msOf("train", steps(0)), 2500, "of unknown size: as the median");
  const single = new Forecast([sample(100, 1500), sample(100, 1700)]);
  assert.equal(single.msOf("train", steps(1000)), 16_000);
  assert.equal(single.msOf("train", steps(1001)), undefined, "too far from what was done");
});

Deno.test("Forecast goes by bytes where a task trains nothing: a large corpus takes longer", () => {
  const corpus = (bytes: number, elapsedMs: number) => ({
    kind: "corpus",
    elapsedMs,
    bytes,
    cost: NO_COST,
  });
  const one = new Forecast([corpus(1_000_000, 2000)]);
  assert.equal(one.msOf("corpus", NO_COST, 5_000_000), 10_000);
  assert.equal(one.msOf("corpus", NO_COST, 11_000_000), undefined, "too far from what was done");
  assert.equal(one.msOf("corpus", NO_COST), 2000, "of unknown size: as the median");
  const several = new Forecast([corpus(1e6, 1100), corpus(2e6, 2100), corpus(4e6, 4100)]);
  assert.equal(several.msOf("corpus", NO_COST, 8_000_000), 8100);
  const unsized = new Forecast([{ kind: "corpus", elapsedMs: 700, cost: NO_COST }]);
  assert.equal(unsized.msOf("corpus", NO_COST, 5_000_000), 700, "none is recorded with its size");
});

Deno.test("Forecast is not misled by a few odd samples", () => {
  const usual = [100, 200, 300, 400, 500, 600, 700].map((count) => sample(count, 500 + count * 10));
  const forecast = new Forecast([...usual, sample(100, 3_600_000)]);
  const ms = forecast.msOf("train", steps(1000))!;
  assert.ok(Math.abs(ms - 10_500) < 2000, String(ms));
});

Deno.test("Forecast prefers FLOPs to steps, and takes in what is done meanwhile", () => {
  const forecast = new Forecast([
    sample(100, 1000, { cost: { steps: 100, tokens: 0, flops: 1e9 } }),
  ]);
  const twice = { steps: 100, tokens: 0, flops: 2e9 };
  assert.equal(forecast.msOf("train", twice), 2000);
  forecast.add(sample(100, 3000, { cost: twice, bytes: 7 }));
  assert.equal(forecast.msOf("train", twice), 2500, "a line would begin below nothing");
  assert.equal(forecast.bytesOf("train"), 7);
});

Deno.test("Forecast: never less than nothing, and never less for more", () => {
  const points = fc.array(fc.tuple(fc.nat(1000), fc.nat(100_000)), { minLength: 1 });
  fc.assert(fc.property(points, fc.nat(2000), fc.nat(2000), (all, a, b) => {
    const forecast = new Forecast(all.map(([count, ms]) => sample(count + 1, ms)));
    const [less, more] = [Math.min(a, b), Math.max(a, b)].map((count) =>
      forecast.msOf("train", steps(count + 1))
    );
    assert.ok(less === undefined || less >= 0);
    if (more !== undefined) assert.ok(more >= less! - 1e-6, `${less} ${more}`);
  }));
});

Deno.test("durationOf() is the longest chain, or an even share where that is more", () => {
  const { tasks } = planOf({ a: "run", b: "run", c: "run", d: "run" });
  const chained = [...tasks.values()].map((planned, index, all) =>
    index === 0 || index === 3
      ? planned
      : { ...planned, start: { key: all[index - 1]!.task.key, step: 1 } }
  );
  const msOf = ({ task }: { task: { key: string } }) => task.key === "d" ? undefined : 1000;
  assert.deepEqual(durationOf(chained, { msOf, slots: 4 }), {
    wallMs: 3000,
    workMs: 3000,
    unknown: 1,
  });
  assert.equal(durationOf(tasks.values(), { msOf, slots: 2 }).wallMs, 1500);
});

Deno.test("durationOf() thinks of no more tasks on a device than it takes at a time", () => {
  const { tasks } = planOf({ a: "run", b: "run", c: "run", light: "run" });
  const options = { msOf: () => 1000, slots: 4 };
  const on = (slots: number, each = 1) => {
    const takes = ({ task }: { task: { key: string } }) => task.key === "light" ? 0 : each;
    return durationOf(tasks.values(), { ...options, device: { slots, takes } }).wallMs;
  };
  assert.deepEqual([on(1), on(2), on(4)], [3000, 1500, 1000]);
  assert.deepEqual([on(4, 4), on(4, 2)], [3000, 1500]);
});
