import assert from "node:assert/strict";
import fc from "fast-check";
import type { TaskState } from "../../lib/base/task_state.ts";
import { buildGraph, type TaskGraph } from "../../lib/graph/build.ts";
import type { TaskCell } from "../../lib/graph/node.ts";
import { formatDifferences } from "../../lib/report/text/reasons.ts";
import { type Plan, planGraph, type PlanOptions } from "../../lib/graph/plan.ts";
import type { TaskKind } from "../../lib/graph/task.ts";
import {
  exam,
  graphOf,
  keyOfRequest,
  numerics,
  requestsOf,
  text,
  train,
  type Wish,
} from "./sample.ts";

/** A text; at each number of steps a training "t<steps>" and, if asked, its exam "e<steps>". */
function grid(
  steps: readonly number[],
  { params = {}, isExamined = true, questions = 20, language = "en" } = {},
): Record<string, Wish> {
  const wishes: Record<string, Wish> = { text: { kind: text, params: { language } } };
  for (const count of steps) {
    wishes[`t${count}`] = {
      kind: train,
      params: { steps: count, ...params },
      inputs: { text: ["text"] },
    };
    if (!isExamined) continue;
    wishes[`e${count}`] = {
      kind: exam,
      params: { questions },
      inputs: { model: [`t${count}`] },
    };
  }
  return wishes;
}

/** Plans with the artifacts of some requests, or of whatever `cached` says, there. */
function planWith(
  graph: TaskGraph,
  cached: readonly string[],
  options: Partial<PlanOptions> = {},
): Promise<Plan> {
  const keys = new Set(cached.map((id) => keyOfRequest(graph, id)));
  const lookup = (key: string) => keys.has(key) ? { code: "old", startedAt: "then" } : undefined;
  return planGraph(graph, { lookup, ...options });
}

/** Ids of requests by what the plan does with them. */
function idsByState(graph: TaskGraph, plan: Plan): Record<string, string[]> {
  const ids: Record<string, string[]> = { cached: [], run: [], unneeded: [] };
  for (const [id, key] of graph.ofRequest) ids[plan.tasks.get(key)!.state]!.push(id);
  return ids;
}

function startStep(graph: TaskGraph, plan: Plan, id: string): number | undefined {
  return plan.tasks.get(keyOfRequest(graph, id))!.start?.step;
}

Deno.test("planGraph() runs all of a new experiment", async () => {
  const graph = await graphOf(grid([10, 20]));
  const plan = await planWith(graph, []);
  assert.deepEqual(plan.counts, { cached: 0, run: 5, unneeded: 0 });
  assert.ok([...plan.tasks.values()].every(({ reason }) => reason?.type === "new"));
});

Deno.test("planGraph() runs nothing when all results are there", async () => {
  const graph = await graphOf(grid([10, 20]));
  const plan = await planWith(graph, [...graph.ofRequest.keys()]);
  assert.deepEqual(plan.counts, { cached: 5, run: 0, unneeded: 0 });
  assert.deepEqual(plan.costs.left, { steps: 0, tokens: 0, flops: 0 });
});

Deno.test("planGraph() does not make again what only cached tasks read", async () => {
  const graph = await graphOf(grid([10, 20]));
  const plan = await planWith(graph, ["e10", "e20"]);
  assert.deepEqual(idsByState(graph, plan), {
    cached: ["e10", "e20"],
    run: [],
    unneeded: ["text", "t10", "t20"],
  });
});

Deno.test("planGraph() makes again what a task that runs reads, and nothing else", async () => {
  const graph = await graphOf(grid([10, 20, 40]));
  const plan = await planWith(graph, ["e10", "e20"]);
  assert.deepEqual(idsByState(graph, plan), {
    cached: ["e10", "e20"],
    run: ["text", "t40", "e40"],
    unneeded: ["t10", "t20"],
  });
  assert.equal(startStep(graph, plan, "t40"), undefined);
});

Deno.test("planGraph() runs a task that others start from, though nobody reads it", async () => {
  const graph = await graphOf(grid([10, 20], { isExamined: false }));
  const plan = await planWith(graph, ["text", "t20"]);
  assert.deepEqual(idsByState(graph, plan).run, ["t10"]);
});

Deno.test("planGraph() starts from the nearest earlier point that will be there", async () => {
  const graph = await graphOf(grid([10, 20, 40, 80]));
  const cases: [string[], (number | undefined)[]][] = [
    [["text"], [undefined, 10, 20, 40]],
    [["text", "t20"], [undefined, undefined, 20, 40]],
    [["text", "t10", "e20"], [undefined, undefined, 10, 40]],
    [["text", "e10", "e20", "e40"], [undefined, undefined, undefined, undefined]],
    [["text", "t10", "e10", "e20", "e40"], [undefined, undefined, undefined, 10]],
  ];
  for (const [cached, starts] of cases) {
    const plan = await planWith(graph, cached);
    assert.deepEqual(["t10", "t20", "t40", "t80"].map((id) => startStep(graph, plan, id)), starts);
  }
});

Deno.test("planGraph() runs a trunk just where its annealed task runs", async () => {
  const graph = await graphOf(grid([100, 200], { params: { decaySteps: 10 } }));
  const all = await planWith(graph, []);
  assert.deepEqual(all.counts, { cached: 0, run: 7, unneeded: 0 });
  assert.equal(startStep(graph, all, "t200"), 190);
  const second = await planWith(graph, ["text", "t100", "e100"]);
  assert.deepEqual(second.counts, { cached: 3, run: 3, unneeded: 1 });
  const trunk = second.tasks.get(graph.tasks.get(keyOfRequest(graph, "t200"))!.start!)!;
  assert.equal(trunk.state, "run");
  assert.equal(trunk.start, undefined);
  assert.equal(trunk.cost.steps, 190);
});

Deno.test("planGraph() counts steps, tokens and operations with and without sharing", async () => {
  const graph = await graphOf(grid([100, 200, 400, 800], { isExamined: false }));
  const plan = await planWith(graph, ["text", "t100"]);
  const cost = (steps: number) => ({ steps, tokens: steps * 10, flops: steps * 1000 });
  assert.deepEqual(plan.costs, {
    left: cost(700),
    leftUnshared: cost(1400),
    total: cost(800),
    totalUnshared: cost(1500),
  });
  const annealed = await graphOf(
    grid([100, 200], { isExamined: false, params: { decaySteps: 10 } }),
  );
  assert.deepEqual((await planWith(annealed, [])).costs, {
    left: cost(90 + 10 + 100 + 10),
    leftUnshared: cost(300),
    total: cost(210),
    totalUnshared: cost(300),
  });
});

Deno.test("planGraph() recomputes damaged artifacts that running tasks would read", async () => {
  const graph = await graphOf(grid([10, 20]));
  const checked: string[] = [];
  const verify = (key: string) => {
    checked.push(key);
    return key === keyOfRequest(graph, "t20") ? undefined : { code: "old", startedAt: "then" };
  };
  const plan = await planWith(graph, ["text", "t10", "t20", "e10"], { verify });
  assert.deepEqual(idsByState(graph, plan).run, ["t20", "e20"]);
  assert.deepEqual(plan.tasks.get(keyOfRequest(graph, "t20"))!.reason, { type: "damaged" });
  // What cached tasks read is left alone; what the recomputed one reads is checked in turn.
  assert.deepEqual(checked, ["t20", "text", "t10"].map((id) => keyOfRequest(graph, id)));
});

Deno.test("planGraph() takes an artifact that a check calls damaged for one that it does not find", async () => {
  const graph = await graphOf(grid([10]));
  const verify = (key: string) =>
    key === keyOfRequest(graph, "t10") ? "damaged" as const : { code: "old", startedAt: "then" };
  const plan = await planWith(graph, ["text", "t10"], { verify });
  assert.deepEqual(idsByState(graph, plan).run, ["t10", "e10"]);
});

Deno.test("planGraph() makes a damaged artifact anew though all that read it are cached", async () => {
  const graph = await graphOf(grid([10, 20]));
  const damaged = keyOfRequest(graph, "t10");
  const plan = await planGraph(graph, {
    lookup: (key) => key === damaged ? "damaged" : { code: "old", startedAt: "then" },
  });
  assert.deepEqual(idsByState(graph, plan).run, ["t10"]);
  assert.deepEqual(plan.tasks.get(damaged)!.reason, { type: "damaged" });
});

Deno.test("planGraph() says what comes from other code, and runs it only when strict", async () => {
  const graph = await graphOf(grid([10]));
  const all = [...graph.ofRequest.keys()];
  const code = new Map([["text", "old"], ["train", "new"], ["exam", "old"]]);
  const lenient = await planWith(graph, all, { code });
  assert.deepEqual(Object.fromEntries(lenient.otherCode), { train: 1 });
  assert.equal(lenient.counts.run, 0);
  const checked: string[] = [];
  const verify = (key: string) => {
    checked.push(key);
    return { code: "old", startedAt: "then" };
  };
  const strict = await planWith(graph, all, { code, strictCode: true, verify });
  assert.deepEqual(checked, [keyOfRequest(graph, "text")], "what is made anew is not checked");
  assert.deepEqual(idsByState(graph, strict), {
    cached: ["text"],
    run: ["t10", "e10"],
    unneeded: [],
  });
  const reason = (id: string) => strict.tasks.get(keyOfRequest(graph, id))!.reason;
  assert.deepEqual(reason("t10"), { type: "code", where: "own" });
  assert.deepEqual(reason("e10"), { type: "code", where: "upstream" });
  const replaces = (id: string) => strict.tasks.get(keyOfRequest(graph, id))!.replaces;
  assert.deepEqual(["text", "t10", "e10"].map(replaces), [undefined, "then", "then"]);
});

Deno.test("planGraph() explains a run by the nearest earlier task of the same cell", async () => {
  const far = await graphOf(grid([10], { params: { seed: 7, learningRate: 1 }, questions: 9 }));
  const near = await graphOf(grid([10], { params: { seed: 7 } }));
  const now = await graphOf(grid([10, 20]));
  const history = {
    keysAt: ({ stage }: TaskCell) =>
      [far, near].flatMap((graph) => graph.ofRequest.get(stage) ?? []),
    identity: (key: string) => far.identities.get(key) ?? near.identities.get(key),
  };
  let asked = 0;
  const load = () => {
    asked++;
    return Promise.resolve(history);
  };
  await planWith(now, [...now.ofRequest.keys()], { history: load });
  assert.equal(asked, 0, "nothing runs, so nothing needs a reason");
  const past = () =>
    Promise.resolve(new Map([[keyOfRequest(now, "text"), { state: "done" as const, run: "r" }]]));
  const plan = await planWith(now, [], { history: load, past });
  assert.deepEqual(await planWith(now, [], { history, past }), plan);
  const reason = (id: string) => plan.tasks.get(keyOfRequest(now, id))!.reason!;
  assert.deepEqual(reason("text"), { type: "missing" });
  assert.deepEqual(reason("t20"), { type: "new" });
  const changed = reason("t10");
  assert.ok(changed.type === "changed");
  assert.equal(changed.previous, keyOfRequest(near, "t10"));
  assert.deepEqual(formatDifferences(changed.differences), ["seed: 7 -> (default)"]);
  const upstream = reason("e10");
  assert.ok(upstream.type === "upstream");
  assert.deepEqual(formatDifferences(upstream.differences), [
    "inputs.model[0], because of",
    "  seed: 7 -> (default)",
  ]);
});

Deno.test("planGraph() tells apart what was never made, failed, skipped, interrupted and is gone", async () => {
  const graph = await graphOf(grid([10, 20, 40, 80]));
  const key = (id: string) => keyOfRequest(graph, id);
  const states: readonly (readonly [id: string, state: TaskState, message?: string])[] = [
    ["text", "done"],
    ["t10", "failed", "no room"],
    ["e10", "skipped"],
    ["t20", "interrupted"],
    ["e20", "waiting"],
    ["t40", "running"],
    ["e40", "ready"],
  ];
  const past = new Map(states.map(([id, state, message]) => [
    key(id),
    { state, run: "then", ...(message === undefined ? {} : { message }) },
  ]));
  // All stood there in a run, as the history says: that makes none of them one that was made.
  const history = {
    keysAt: ({ stage }: TaskCell) => [key(stage)],
    identity: (each: string) => graph.identities.get(each),
  };
  const { tasks } = await planWith(graph, [], { history, past: () => Promise.resolve(past) });
  assert.deepEqual(
    Object.fromEntries([...graph.ofRequest].map(([id, each]) => [id, tasks.get(each)!.reason])),
    {
      text: { type: "missing" },
      t10: { type: "failed", message: "no room", run: "then" },
      e10: { type: "skipped", because: key("t10") },
      t20: { type: "interrupted" },
      e20: { type: "new" },
      t40: { type: "interrupted" },
      e40: { type: "new" },
      t80: { type: "new" },
      e80: { type: "new" },
    },
  );
});

Deno.test("planGraph() counts of an interrupted training the steps after its checkpoint", async () => {
  const graph = await graphOf(grid([100, 200], { isExamined: false }));
  const keys = new Map([[keyOfRequest(graph, "t100"), 60], [keyOfRequest(graph, "t200"), 80]]);
  const checkpointOf = ({ key }: { key: string }) => Promise.resolve(keys.get(key));
  const plan = await planWith(graph, ["text"], { checkpointOf });
  const of = (id: string) => plan.tasks.get(keyOfRequest(graph, id))!;
  assert.deepEqual([of("t100").resumesAt, of("t100").cost.steps], [60, 40]);
  // Its start is later than its own checkpoint.
  assert.deepEqual([of("t200").resumesAt, of("t200").cost.steps], [undefined, 100]);
  assert.equal(plan.costs.left.steps, 140);
  const strict = await planWith(graph, ["text"], { checkpointOf, strictCode: true });
  assert.equal(strict.costs.left.steps, 200);
});

Deno.test("planGraph() counts why trainings share nothing", async () => {
  const graph = await graphOf(grid([10, 20], { params: { shape: "linear" } }));
  assert.deepEqual((await planWith(graph, [])).unshared, [
    { whyNot: "a linear decay depends on the end", tasks: 2 },
  ]);
});

Deno.test("planGraph() looks up many tasks with bounded concurrency", async () => {
  const graph = await graphOf(grid(Array.from({ length: 500 }, (_, index) => index + 1)));
  let open = 0, most = 0, asked = 0;
  await planGraph(graph, {
    lookup: async () => {
      most = Math.max(most, ++open);
      asked++;
      await Promise.resolve();
      open--;
      return undefined;
    },
  });
  assert.equal(asked, 1001);
  assert.ok(most > 1 && most <= 64, `${most} at once`);
});

Deno.test("planGraph(): whatever is there, a running task finds all it reads", async () => {
  const graph = await graphOf({
    ...grid([10, 20, 40, 80]),
    ...Object.fromEntries(
      Object.entries(grid([15, 30], { params: { decaySteps: 5 }, language: "de" }))
        .map(([id, wish]) => [`de-${id}`, {
          ...wish,
          inputs: Object.fromEntries(
            Object.entries(wish.inputs ?? {}).map((
              [role, ids],
            ) => [role, ids.map((x) => `de-${x}`)]),
          ),
        }]),
    ),
  });
  const keys = [...graph.tasks.keys()];
  const artifact = { code: "", startedAt: "then" };
  await fc.assert(fc.asyncProperty(
    fc.subarray(keys),
    fc.subarray(keys),
    async (there, broken) => {
      const { tasks, counts } = await planGraph(graph, {
        lookup: (key) => there.includes(key) ? artifact : undefined,
        verify: (key) => broken.includes(key) ? undefined : artifact,
      });
      assert.equal(counts.run + counts.cached + counts.unneeded, keys.length);
      const read = new Set(
        [...tasks.values()].flatMap(({ task }) =>
          Object.values(task.inputs).flat().map((ref) => ref.key)
        ),
      );
      for (const { task, state, start } of tasks.values()) {
        if (state === "unneeded") assert.ok(read.has(task.key) || task.cells.length === 0);
        if (state !== "run") continue;
        const needs = Object.values(task.inputs).flat().map((ref) => ref.key);
        if (start !== undefined) needs.push(start.key);
        for (const need of needs) {
          const input = tasks.get(need)!;
          assert.notEqual(input.state, "unneeded");
          if (input.state === "cached") assert.ok(there.includes(need) && !broken.includes(need));
        }
      }
    },
  ));
});

Deno.test("planGraph() keeps the state of the points that are started from, and no other's", async () => {
  const graph = await graphOf(grid([10, 20, 40]));
  const keeping = (plan: Plan) =>
    [...graph.ofRequest].filter(([, key]) => plan.tasks.get(key)!.keepsState).map(([id]) => id);
  assert.deepEqual(keeping(await planWith(graph, [])), ["t10", "t20"]);
  assert.deepEqual(keeping(await planWith(graph, ["text", "t10", "e10"])), ["t10", "t20"]);
  const annealed = await graphOf(grid([10], { params: { decaySteps: 4 } }));
  const trunk = annealed.trunkOf.get(keyOfRequest(annealed, "t10"))!;
  assert.equal((await planWith(annealed, [])).tasks.get(trunk)!.keepsState, true);
  const all = await planWith(graph, [], { keepsState: true });
  assert.deepEqual(keeping(all), [...graph.ofRequest.keys()]);
});

Deno.test("planGraph() starts from the latest point that was kept with its state", async () => {
  const graph = await graphOf(grid([10, 20, 40, 80]));
  const there = ["text", "t10", "e10", "t20", "e20", "t40", "e40"];
  const without = (...ids: string[]) => {
    const dropped = new Set(ids.map((id) => keyOfRequest(graph, id)));
    const known = new Set(there.map((id) => keyOfRequest(graph, id)));
    return planWith(graph, there, {
      lookup: (key) =>
        known.has(key)
          ? {
            code: "old",
            startedAt: "then",
            outcome: dropped.has(key) ? { canGoOn: false } : {},
          }
          : undefined,
    });
  };
  for (
    const [dropped, step, left] of [
      [[], 40, 40],
      [["t40"], 20, 60],
      [["t40", "t20"], 10, 70],
      [["t40", "t20", "t10"], undefined, 80],
    ] as const
  ) {
    const plan = await without(...dropped);
    assert.equal(startStep(graph, plan, "t80"), step);
    assert.equal(plan.costs.left.steps, left);
    // A point that is there is not made again for want of its state.
    assert.deepEqual(idsByState(graph, plan)["run"], ["t80", "e80"]);
  }
});

Deno.test("planGraph() makes anew what was kept without the model that a running task reads", async () => {
  const tune: TaskKind = {
    ...train,
    kind: "tune",
    dropsModel: true,
    trajectory: () => ({ whyNot: "-" }),
  };
  const reader: TaskKind = {
    ...exam,
    inputs: { model: { ...exam.inputs["model"]!, readsModel: true } },
  };
  const wishes = {
    text: { kind: text },
    tuned: { kind: tune, params: { steps: 1 }, inputs: { text: ["text"] } },
    exam: { kind: reader, inputs: { model: ["tuned"] } },
  };
  const graph = await graphOf(wishes);
  const statesWith = async (cached: readonly string[], hasModel?: boolean) => {
    const keys = new Set(cached.map((id) => keyOfRequest(graph, id)));
    const outcome = hasModel === undefined ? {} : { hasModel };
    const plan = await planGraph(graph, {
      lookup: (key) => keys.has(key) ? { code: "", startedAt: "then", outcome } : undefined,
    });
    const of = (id: string) => plan.tasks.get(keyOfRequest(graph, id))!;
    return {
      state: of("tuned").state,
      reason: of("tuned").reason?.type,
      replaces: of("tuned").replaces,
    };
  };
  const kept = { state: "cached", reason: undefined, replaces: undefined };
  assert.deepEqual(await statesWith(["text", "tuned"], true), kept);
  assert.deepEqual(await statesWith(["text", "tuned", "exam"], false), kept);
  const anew = { state: "run", reason: "model", replaces: "then" };
  assert.deepEqual(await statesWith(["text", "tuned"], false), anew);
  // Made before models were kept at all.
  assert.deepEqual(await statesWith(["text", "tuned"]), anew);
});

Deno.test("planGraph() makes anew what is asked to keep its model and has none, though its readers are done", async () => {
  const tune: TaskKind = {
    ...train,
    kind: "tune",
    dropsModel: true,
    trajectory: () => ({ whyNot: "-" }),
  };
  const requests = requestsOf({
    text: { kind: text },
    tuned: { kind: tune, params: { steps: 1 }, inputs: { text: ["text"] } },
    exam: { kind: exam, inputs: { model: ["tuned"] } },
  }).map((each) => each.id === "tuned" ? { ...each, keepsModel: "asked" as const } : each);
  const graph = await buildGraph(requests, { numerics });
  const plan = await planGraph(graph, {
    lookup: () => ({ code: "", startedAt: "then", outcome: { hasModel: false } }),
  });
  const { state, keepsModel } = plan.tasks.get(keyOfRequest(graph, "tuned"))!;
  assert.deepEqual([state, keepsModel], ["run", true]);
  assert.deepEqual(plan.counts, { cached: 2, run: 1, unneeded: 0 });
});

Deno.test("planGraph() makes anew what was kept without the state that a running task goes on with", async () => {
  const carrying: TaskKind = { ...train, readsState: ({ seed }) => seed === 1 ? ["init"] : [] };
  const stateWith = async (
    seed: number,
    { cached, canGoOn }: { readonly cached: readonly string[]; readonly canGoOn?: boolean },
  ) => {
    const graph = await graphOf({
      text: { kind: text },
      short: { kind: carrying, params: { steps: 10 }, inputs: { text: ["text"] } },
      long: {
        kind: carrying,
        params: { steps: 5, seed },
        inputs: { text: ["text"], init: ["short"] },
      },
    });
    const keys = new Set(cached.map((id) => keyOfRequest(graph, id)));
    const outcome = canGoOn === undefined ? {} : { canGoOn };
    const plan = await planGraph(graph, {
      lookup: (key) => keys.has(key) ? { code: "", startedAt: "then", outcome } : undefined,
    });
    const { state, reason, keepsState } = plan.tasks.get(keyOfRequest(graph, "short"))!;
    return { state, reason: reason?.type, keepsState };
  };
  const dropped = { cached: ["text", "short"], canGoOn: false };
  assert.deepEqual(await stateWith(0, dropped), {
    state: "cached",
    reason: undefined,
    keepsState: false,
  });
  assert.deepEqual(await stateWith(1, dropped), {
    state: "run",
    reason: "state",
    keepsState: true,
  });
  const kept = { state: "cached", reason: undefined, keepsState: true };
  assert.deepEqual(await stateWith(1, { cached: ["text", "short"] }), kept);
  // Nothing that runs reads it.
  const done = { cached: ["text", "short", "long"], canGoOn: false };
  assert.deepEqual(await stateWith(1, done), { ...kept, keepsState: false });
  assert.deepEqual(await stateWith(1, { cached: ["text"] }), {
    state: "run",
    reason: "new",
    keepsState: true,
  });
});
