import assert from "node:assert/strict";
import fc from "fast-check";
import type { TaskState } from "../../lib/base/task_state.ts";
import type { Plan } from "../../lib/graph/plan.ts";
import {
  type Cancel,
  runPlan,
  type ScheduleOptions,
  type StateDetail,
} from "../../lib/graph/schedule.ts";
import { planOf } from "../_support/plan.ts";

/** Runs a plan; tasks of `failing` throw. Returns what was told, and what started in what order. */
async function run(
  plan: Plan,
  { failing = [], onState, ...options }: Partial<ScheduleOptions> & {
    failing?: readonly string[];
  } = {},
) {
  const started: string[] = [];
  const states: Record<string, TaskState> = {};
  const failures = new Map<string, unknown>();
  const because = new Map<string, string>();
  await runPlan(plan, {
    jobs: 1,
    execute: async ({ task }) => {
      started.push(task.key);
      await Promise.resolve();
      if (failing.includes(task.key)) throw new Error(`${task.key} fails`);
      return "done";
    },
    ...options,
    onState: (planned, state, detail) => {
      const { key } = planned.task;
      states[key] = state;
      if (state === "failed") failures.set(key, detail.error);
      if (detail.because !== undefined) because.set(key, detail.because);
      onState?.(planned, state, detail);
    },
  });
  const count = (state: TaskState) => Object.values(states).filter((each) => each === state).length;
  return { started, states, failures, because, count };
}

const diamond = {
  a: {},
  b: { inputs: ["a"] },
  c: { inputs: ["a"] },
  d: { inputs: ["b", "c"] },
  alone: {},
};

Deno.test("runPlan() fails only the cone of a failed task", async () => {
  const { states, because, failures } = await run(planOf(diamond), { failing: ["b"] });
  assert.deepEqual(states, { a: "done", b: "failed", c: "done", d: "skipped", alone: "done" });
  assert.deepEqual([...because], [["d", "b"]]);
  assert.deepEqual([...failures], [["b", new Error("b fails")]]);
});

Deno.test("runPlan() skips a task once, though two of its inputs fail", async () => {
  const skips: TaskState[] = [];
  const { because, states } = await run(planOf(diamond), {
    failing: ["b", "c"],
    onState: ({ task }, state) => task.key === "d" && skips.push(state),
  });
  assert.deepEqual(skips, ["waiting", "skipped"]);
  assert.equal(states.d, "skipped");
  assert.deepEqual([...because], [["d", "b"]]);
});

Deno.test("runPlan() skips a deep cone with the first failure as its cause", async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`t${i}`, i === 0 ? {} : { inputs: [`t${i - 1}`] }]),
  );
  const { count, because } = await run(planOf(chain), { failing: ["t3"] });
  assert.equal(count("done"), 3);
  assert.equal(count("skipped"), 46);
  assert.deepEqual(new Set(because.values()), new Set(["t3"]));
});

Deno.test("runPlan() starts nothing more after a failure when told not to go on", async () => {
  const { states, started } = await run(planOf(diamond), {
    failing: ["a"],
    keepGoing: false,
  });
  assert.deepEqual(started, ["a"]);
  assert.deepEqual(states, {
    a: "failed",
    b: "skipped",
    c: "skipped",
    d: "skipped",
    alone: "ready",
  });
});

Deno.test("runPlan() aborts the running tasks when told not to go on", async () => {
  const { states } = await run(planOf({ bad: {}, slow: {} }), {
    jobs: 2,
    keepGoing: false,
    execute: async ({ task }, signal) => {
      if (task.key === "bad") throw new Error("bad fails");
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      );
      return "done";
    },
  });
  assert.deepEqual(states, { bad: "failed", slow: "interrupted" });
});

Deno.test("runPlan() waits for a start that runs, not for a cached one", async () => {
  const { started } = await run(
    planOf({
      early: {},
      there: { state: "cached" },
      last: { start: "there" },
      late: { start: "early", flops: 100 },
      gone: { state: "unneeded" },
    }),
    { jobs: 1 },
  );
  assert.deepEqual(started, ["early", "late", "last"]);
});

Deno.test("runPlan() starts first what the longest way depends on", async () => {
  const { started } = await run(planOf({
    big: { flops: 50 },
    short: { flops: 10 },
    head: { flops: 1 },
    tail: { inputs: ["head"], flops: 100 },
  }));
  assert.deepEqual(started, ["head", "tail", "big", "short"]);
});

Deno.test("runPlan() keeps the plan's order where all else is equal", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `t${index}`);
  const { started } = await run(planOf(Object.fromEntries(names.map((name) => [name, {}]))));
  assert.deepEqual(started, names);
});

Deno.test("runPlan() tells every state, in order", async () => {
  const told: string[] = [];
  await run(planOf({ a: {}, b: { inputs: ["a"] }, c: { state: "cached" } }), {
    failing: ["a"],
    onState: ({ task }, state, { error, because }) =>
      told.push([task.key, state, error ?? because ?? ""].join(" ").trim()),
  });
  assert.deepEqual(told, [
    "a ready",
    "b waiting",
    "c cached",
    "a running",
    "a failed Error: a fails",
    "b skipped a",
  ]);
});

Deno.test("runPlan() on abort starts nothing more and lets running tasks end", async () => {
  const abort = new AbortController();
  const reason = new Error("Ctrl-C");
  const { failures, states, started } = await run(
    planOf({ quick: {}, slow: {}, next: { inputs: ["quick"] }, more: {} }),
    {
      jobs: 2,
      signal: abort.signal,
      execute: async ({ task }, signal) => {
        if (task.key === "quick") {
          abort.abort(reason);
          return "done";
        }
        await new Promise((_, reject) => {
          if (signal.aborted) reject(signal.reason);
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
        return "done";
      },
    },
  );
  assert.deepEqual(started, []);
  assert.deepEqual(states, { quick: "done", slow: "ready", next: "ready", more: "ready" });
  assert.equal(failures.size, 0);
});

Deno.test("runPlan() runs nothing for a signal that is aborted already", async () => {
  const { started, states } = await run(planOf(diamond), { signal: AbortSignal.abort() });
  assert.deepEqual(started, []);
  assert.deepEqual(new Set(Object.values(states)), new Set(["ready", "waiting"]));
});

Deno.test("runPlan() keeps a real failure that comes while it stops", async () => {
  const abort = new AbortController();
  const { states } = await run(planOf({ a: {} }), {
    signal: abort.signal,
    execute: () => {
      abort.abort(new Error("Ctrl-C"));
      return Promise.reject(new Error("the disk is full"));
    },
  });
  assert.deepEqual(states, { a: "failed" });
});

Deno.test("runPlan() rejects with what its listener throws, after running tasks ended", async () => {
  let ended = 0;
  const listening = run(planOf({ a: {}, b: {} }), {
    jobs: 2,
    execute: async () => {
      await Promise.resolve();
      ended++;
      return "done";
    },
    onState: ({ task }, state) => {
      if (task.key === "b" && state === "done") throw new Error("the listener is broken");
    },
  });
  await assert.rejects(listening, { message: "the listener is broken" });
  assert.equal(ended, 2);
});

Deno.test("runPlan() of nothing is done at once", async () => {
  assert.deepEqual((await run(planOf({}))).states, {});
  const { states } = await run(planOf({ a: { state: "cached" }, b: { state: "unneeded" } }));
  assert.deepEqual(states, { a: "cached", b: "unneeded" });
});

Deno.test("runPlan() tells of a task that another run has done meanwhile as cached", async () => {
  const { states } = await run(planOf({ a: {}, b: { inputs: ["a"] } }), {
    execute: ({ task }) => Promise.resolve(task.key === "a" ? "cached" : "done"),
  });
  assert.deepEqual(states, { a: "cached", b: "done" });
});

Deno.test("runPlan() gives a device one training at a time, and lets other tasks go on beside", async () => {
  const nodes = { train1: {}, train2: {}, train3: {}, read1: {}, read2: {} };
  const running = new Set<string>(), seen = new Set<string>();
  const { states } = await run(planOf(nodes), {
    jobs: 3,
    device: { slots: 1, takes: ({ task }) => task.key.startsWith("train") ? 1 : 0 },
    execute: async ({ task }) => {
      running.add(task.key);
      seen.add([...running].sort().join());
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      running.delete(task.key);
      return "done";
    },
  });
  assert.deepEqual(new Set(Object.values(states)), new Set(["done"]));
  assert.ok(seen.has("read1,read2,train1"), [...seen].join("; "));
  assert.ok(![...seen].some((each) => each.split("train").length > 2), [...seen].join("; "));
});

Deno.test("runPlan() lets small tasks share a device, and gives all of it to one that takes all", async () => {
  const small = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`small${i}`, { flops: 1 }]),
  );
  const running = new Set<string>(), seen = new Set<string>(), started: string[] = [];
  await run(planOf({ ...small, big: { flops: 1, inputs: ["small0"] }, read: {} }), {
    jobs: 6,
    device: {
      slots: 4,
      takes: ({ task: { key } }) => key === "big" ? 4 : key === "read" ? 0 : 1,
    },
    execute: async ({ task }) => {
      started.push(task.key);
      running.add(task.key);
      seen.add([...running].sort().join());
      // The first is done while others are under way, so that the big one has to wait for them.
      const turns = task.key === "small0" ? 1 : 20 + started.length;
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      running.delete(task.key);
      return "done";
    },
  });
  const sizes = [...seen].map((each) => each.split("small").length - 1);
  assert.equal(Math.max(...sizes), 4);
  const beside = [...seen].filter((each) => each.includes("big"));
  assert.ok(
    beside.length > 0 && beside.every((each) => !each.includes("small")),
    beside.join("; "),
  );
});

Deno.test("runPlan() does not let small tasks pass a more urgent one that waits for all places", async () => {
  const small = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`small${i}`, {}]));
  const { started } = await run(
    planOf({ first: { flops: 100 }, big: { flops: 50 }, ...small }),
    {
      jobs: 5,
      device: { slots: 4, takes: ({ task: { key } }) => key === "big" ? 4 : 1 },
    },
  );
  assert.deepEqual(started.slice(0, 2), ["first", "big"]);
});

/** A random graph: each task reads some of those before it; some are cached, some fail. */
const graphs = fc.array(
  fc.record({
    inputs: fc.array(fc.nat(), { maxLength: 3 }),
    flops: fc.nat(9),
    isCached: fc.boolean(),
    /** How many places of the device it takes, as far as that has so many. */
    takes: fc.nat(5),
    fails: fc.nat(5).map((die) => die === 0),
    turns: fc.nat(4),
  }),
  { maxLength: 40 },
);

Deno.test("runPlan(): any graph, any failures: order, limit and cones hold", async () => {
  const some = fc.integer({ min: 1, max: 5 });
  await fc.assert(fc.asyncProperty(graphs, some, some, async (nodes, jobs, slots) => {
    const inputsOf = nodes.map((node, index) =>
      index === 0 ? [] : [...new Set(node.inputs.map((each) => each % index))]
    );
    const plan = planOf(Object.fromEntries(nodes.map((node, index) => [`t${index}`, {
      inputs: inputsOf[index]!.map((each) => `t${each}`),
      flops: node.flops,
      state: node.isCached ? "cached" as const : "run" as const,
    }])));
    const indexOf = (key: string) => Number(key.slice(1));
    const takenBy = (key: string) => Math.min(slots, nodes[indexOf(key)]!.takes);
    const done = new Set(nodes.flatMap((node, index) => node.isCached ? [index] : []));
    let running = 0, computing = 0;
    const history = new Map<string, TaskState[]>();
    await runPlan(plan, {
      jobs,
      device: { slots, takes: ({ task }) => takenBy(task.key) },
      execute: async ({ task }) => {
        const index = indexOf(task.key);
        computing += takenBy(task.key);
        assert.ok(computing <= slots, "the device takes no more");
        assert.ok(inputsOf[index]!.every((input) => done.has(input)), "an input is not done");
        assert.ok(++running <= jobs, "too many at once");
        for (let turn = 0; turn < nodes[index]!.turns; turn++) await Promise.resolve();
        running--;
        computing -= takenBy(task.key);
        if (nodes[index]!.fails) throw new Error("fails");
        done.add(index);
        return "done";
      },
      onState: ({ task }, state) => {
        history.set(task.key, [...history.get(task.key) ?? [], state]);
      },
    });
    const expected: TaskState[] = [];
    for (const [index, node] of nodes.entries()) {
      const isBlocked = inputsOf[index]!.some((input) =>
        ["failed", "skipped"].includes(expected[input]!)
      );
      expected.push(
        node.isCached ? "cached" : isBlocked ? "skipped" : node.fails ? "failed" : "done",
      );
    }
    const last = nodes.map((_, index) => history.get(`t${index}`)!.at(-1));
    assert.deepEqual(last, expected);
    const orders = /^(cached|(waiting,)?ready,running,(done|failed)|waiting,skipped)$/;
    for (const states of history.values()) assert.match(states.join(), orders);
  }));
});

Deno.test("runPlan() stops a running task that is cancelled, and only its cone with it", async () => {
  let cancel: Cancel = () => {};
  const details: Record<string, StateDetail> = {};
  const { states, because } = await run(planOf(diamond), {
    jobs: 2,
    onStart: (given) => cancel = given,
    onState: ({ task }, _state, detail) => details[task.key] = detail,
    execute: async ({ task }, signal) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (task.key === "b") cancel("b");
      signal.throwIfAborted();
      return "done";
    },
  });
  assert.deepEqual(states, { a: "done", b: "interrupted", c: "done", d: "skipped", alone: "done" });
  assert.deepEqual([...because], [["d", "b"]]);
  assert.deepEqual(details["b"], { isCancelled: true });
});

Deno.test("runPlan() never starts a waiting or ready task that is cancelled", async () => {
  for (const key of ["alone", "b"]) {
    let cancel: Cancel = () => {};
    const { started, states, count } = await run(planOf(diamond), {
      onStart: (given) => cancel = given,
      onState: ({ task }, state) => task.key === "a" && state === "running" && cancel(key),
    });
    assert.equal(states[key], "interrupted");
    assert.equal(started.includes(key), false);
    assert.equal(count("done"), key === "b" ? 3 : 4);
  }
});

Deno.test("runPlan() leaves a task alone that is over, cached or unknown when it is cancelled", async () => {
  let cancel: Cancel = () => {};
  const { states } = await run(planOf({ ...diamond, a: "cached" }), {
    onStart: (given) => cancel = given,
    onState: ({ task }, state) => {
      if (state === "done") { for (const key of ["a", "nobody", task.key]) cancel(key); }
    },
  });
  assert.deepEqual(states, { a: "cached", b: "done", c: "done", d: "done", alone: "done" });
});

Deno.test("runPlan() ends, with every task in one last state, whatever is cancelled when", async () => {
  const keys = Object.keys(diamond);
  const plans = fc.array(fc.tuple(fc.constantFrom(...keys), fc.constantFrom(...keys)));
  await fc.assert(fc.asyncProperty(plans, fc.integer({ min: 1, max: 3 }), async (asked, jobs) => {
    let cancel: Cancel = () => {};
    const cancelled = new Set<string>();
    const { states, because } = await run(planOf(diamond), {
      jobs,
      onStart: (given) => cancel = given,
      onState: ({ task }, state, { isCancelled }) => {
        if (isCancelled === true) cancelled.add(task.key);
        if (state !== "running") return;
        for (const [when, which] of asked) if (when === task.key) cancel(which);
      },
      execute: async (_, signal) => {
        await Promise.resolve();
        signal.throwIfAborted();
        return "done";
      },
    });
    for (const key of keys) {
      assert.ok(["done", "interrupted", "skipped"].includes(states[key]!), `${key} ${states[key]}`);
      assert.equal(states[key] === "interrupted", cancelled.has(key));
      if (states[key] === "skipped") assert.ok(cancelled.has(because.get(key)!));
    }
  }));
});
