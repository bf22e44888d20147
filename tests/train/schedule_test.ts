import assert from "node:assert/strict";
import fc from "fast-check";
import {
  learningRateAt,
  type Schedule,
  scheduleFaults,
  trunkOf,
  whyNotShared,
} from "../../lib/train/schedule.ts";

const rate = { learningRate: 1, warmup: 0 };

const TABLE: readonly [string, Schedule, number, readonly number[]][] = [
  ["constant", { kind: "constant", ...rate }, 3, [1, 1, 1]],
  ["constant, warm-up", { kind: "constant", ...rate, warmup: 2 }, 4, [1 / 2, 1, 1, 1]],
  ["linear", { kind: "linear", ...rate }, 4, [4 / 5, 3 / 5, 2 / 5, 1 / 5]],
  ["linear, warm-up", { kind: "linear", ...rate, warmup: 2 }, 4, [1 / 2, 1, 2 / 3, 1 / 3]],
  ["linear, horizon", { kind: "linear", ...rate, horizon: 4 }, 2, [4 / 5, 3 / 5]],
  ["linear, all warm-up", { kind: "linear", ...rate, warmup: 4 }, 2, [1 / 4, 2 / 4]],
  [
    "trapezoid, steps",
    { kind: "trapezoid", ...rate, warmup: 2, cooldown: { steps: 2 } },
    5,
    [1 / 2, 1, 1, 2 / 3, 1 / 3],
  ],
  [
    "trapezoid, fraction",
    { kind: "trapezoid", ...rate, cooldown: { fraction: 0.5 } },
    4,
    [1, 1, 2 / 3, 1 / 3],
  ],
  [
    "trapezoid, all cooldown",
    { kind: "trapezoid", ...rate, cooldown: { steps: 9 } },
    2,
    [2 / 3, 1 / 3],
  ],
];

for (const [what, schedule, steps, expected] of TABLE) {
  Deno.test(`learningRateAt() follows the table: ${what}`, () => {
    expected.forEach((value, i) => {
      const actual = learningRateAt(schedule, { step: i + 1, steps });
      assert(Math.abs(actual - value) < 1e-12, `step ${i + 1}: ${actual}, not ${value}`);
    });
  });
}

const anySchedule: fc.Arbitrary<Schedule> = fc.record({
  learningRate: fc.constant(0.5),
  warmup: fc.nat(30),
}).chain((common) =>
  fc.oneof(
    fc.constant({ kind: "constant" as const, ...common }),
    fc.constant({ kind: "linear" as const, ...common }),
    fc.integer({ min: 100, max: 200 }).map((horizon) => ({
      kind: "linear" as const,
      ...common,
      horizon,
    })),
    fc.nat(40).map((steps) => ({ kind: "trapezoid" as const, ...common, cooldown: { steps } })),
  )
);

Deno.test("learningRateAt() is above 0 and at most the full rate at every step", () => {
  fc.assert(fc.property(anySchedule, fc.integer({ min: 1, max: 100 }), (schedule, steps) => {
    for (let step = 1; step <= steps; step++) {
      const value = learningRateAt(schedule, { step, steps });
      assert(value > 0 && value <= 0.5, `step ${step} of ${steps}: ${value}`);
    }
  }));
});

Deno.test("a schedule is shared only if its rates do not depend on the last step", () => {
  fc.assert(fc.property(anySchedule, fc.nat(99), fc.nat(99), (schedule, a, b) => {
    const rates = (steps: number) =>
      Array.from(
        { length: 1 + Math.min(a, b) },
        (_, i) => learningRateAt(schedule, { step: i + 1, steps }),
      );
    if (whyNotShared(schedule) === undefined) assert.deepEqual(rates(1 + a), rates(1 + b));
  }));
  assert.match(whyNotShared({ kind: "linear", ...rate })!, /falls to 0 at its own last step/);
  assert.equal(whyNotShared({ kind: "linear", ...rate, horizon: 9 }), undefined);
});

Deno.test("trunkOf() has the rates of the trapezoid before its cooldown", () => {
  fc.assert(fc.property(anySchedule, fc.integer({ min: 1, max: 100 }), (schedule, steps) => {
    const trunk = trunkOf(schedule, steps);
    if (trunk === undefined) return;
    assert.equal(schedule.kind, "trapezoid");
    assert.equal(whyNotShared(trunk.schedule), undefined);
    for (let step = 1; step <= trunk.steps; step++) {
      assert.equal(
        learningRateAt(trunk.schedule, { step, steps: trunk.steps }),
        learningRateAt(schedule, { step, steps }),
      );
    }
  }));
  const all: Schedule = { kind: "trapezoid", ...rate, cooldown: { fraction: 1 } };
  assert.equal(trunkOf(all, 10), undefined);
});

Deno.test("trunkOf() leaves a step to measure after when a cooldown rounds to nothing", () => {
  const schedule: Schedule = { kind: "trapezoid", ...rate, cooldown: { fraction: 0.2 } };
  assert.equal(trunkOf(schedule, 2), undefined);
  assert.equal(trunkOf(schedule, 3)?.steps, 2);
  fc.assert(fc.property(anySchedule, fc.integer({ min: 1, max: 100 }), (schedule, steps) => {
    assert((trunkOf(schedule, steps)?.steps ?? 0) < steps);
  }));
});

Deno.test("scheduleFaults() finds a horizon that is too near", () => {
  const schedule: Schedule = { kind: "linear", learningRate: 1, warmup: 50, horizon: 50 };
  assert.deepEqual(scheduleFaults(schedule, 60).map((each) => [each.path, each.message]), [
    ["schedule.horizon", "the learning rate is 0 from step 51 on, of 60 steps"],
    ["schedule.warmup", "the warm-up of 50 steps leaves none of the horizon of 50"],
  ]);
  assert.deepEqual(scheduleFaults({ ...schedule, warmup: 9 }, 50), []);
});

Deno.test("a warm-up longer than the training is told, whatever the schedule", () => {
  const told = (schedule: Schedule, steps: number) =>
    scheduleFaults(schedule, steps).map(({ path, message, isWarning }) => [
      path,
      message.split(",")[0],
      isWarning,
    ]);
  const schedules: readonly Schedule[] = [
    { kind: "constant", ...rate, warmup: 50 },
    { kind: "linear", ...rate, warmup: 50 },
    { kind: "linear", ...rate, warmup: 50, horizon: 100 },
  ];
  for (const schedule of schedules) {
    const message = "the warm-up of 50 steps is longer than the training of 20";
    assert.deepEqual(told(schedule, 20), [["schedule.warmup", message, true]]);
    assert.deepEqual(told(schedule, 50), []);
    assert.deepEqual(told(schedule, 0), [], "a measurement is no training");
  }
  const trapezoid: Schedule = { kind: "trapezoid", ...rate, warmup: 50, cooldown: { steps: 20 } };
  assert.deepEqual(told(trapezoid, 60), [[
    "schedule.warmup",
    "the warm-up of 50 steps is longer than the training of 40 but for a cooldown",
    true,
  ]]);
  assert.deepEqual(told(trapezoid, 70), []);
});
