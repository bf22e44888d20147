/** Choices: what follows one is keyed by what was chosen, and not by how it was found. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import type { Json } from "../../lib/base/canonical.ts";
import { ExperimentError } from "../../lib/base/errors.ts";
import type { TaskState } from "../../lib/base/task_state.ts";
import { buildGraph, type TaskGraph } from "../../lib/graph/build.ts";
import type { CachedArtifact } from "../../lib/graph/decide.ts";
import { Late } from "../../lib/graph/late.ts";
import type { Task } from "../../lib/graph/node.ts";
import { placeOf, type Plan, planGraph, type PlannedTask } from "../../lib/graph/plan.ts";
import { runPlan } from "../../lib/graph/schedule.ts";
import type { Chosen, TaskKind } from "../../lib/graph/task.ts";
import { keyOfRequest, numerics, requestsOf, type Wish } from "./sample.ts";

const idle = {
  version: 1,
  about: "for tests",
  entry: "none.ts",
  isNumeric: false,
  run: () => Promise.reject(new Error("a graph never runs a task")),
} as const;

/** Trained at a rate, or at the one that a choice gives; a point of a trajectory. */
const trained: TaskKind<{ rate: number; steps: number }> = {
  ...idle,
  kind: "trained",
  params: z.strictObject({ rate: z.number().default(0), steps: z.number().default(1) }),
  inputs: {
    from: {
      types: ["model", "choice"],
      about: "where it begins",
      optional: true,
      readsModel: true,
    },
    choice: { types: ["choice"], about: "its rate", optional: true, givesParams: true },
  },
  produces: { "": "model" },
  dropsModel: true,
  trajectory: ({ rate, steps }) => ({ shared: { rate }, step: steps }),
  withChosen: (params, { kind, recipe }, taken) => {
    if (kind !== "trained") throw new ExperimentError("tasks/params", "of another kind", {});
    return { ...params, ...Object.fromEntries(taken.map((name) => [name, recipe[name]])) };
  },
};

/** Takes the candidate whose rate has the best score. */
const pick: TaskKind = {
  ...idle,
  kind: "pick",
  params: z.strictObject({}),
  inputs: { of: { types: ["model"], about: "candidates", many: true, isSet: true } },
  produces: { "": "choice" },
  chooses: true,
};

const exam: TaskKind = {
  ...idle,
  kind: "exam",
  params: z.strictObject({ questions: z.number().default(1) }),
  inputs: {
    models: { types: ["model", "choice"], about: "who", many: true, isSet: true, readsModel: true },
  },
  produces: { "": "scores" },
};

/** Only looks on, as a fit does. */
const curve: TaskKind = {
  ...idle,
  kind: "curve",
  params: z.strictObject({}),
  inputs: {
    of: { types: ["scores", "choice"], about: "cells", many: true, isSet: true, looksOn: true },
  },
  produces: { "": "curve" },
};

type Scores = Readonly<Record<number, number>>;

/** A store in memory, and a worker that knows how good a rate is. */
class World {
  readonly store = new Map<string, CachedArtifact & { outcome: { chosen?: Chosen } }>();
  readonly tasks = new Map<string, Task>();

  constructor(readonly scores: Scores) {}

  readonly chosenOf = (key: string) => Promise.resolve(this.store.get(key)?.outcome.chosen);

  async graph(wishes: Readonly<Record<string, Wish>>): Promise<TaskGraph> {
    const requests = requestsOf(wishes).map((each) =>
      each.inputs["choice"] === undefined ? each : { ...each, taken: ["rate"] }
    );
    return await buildGraph(requests, { numerics, chosenOf: this.chosenOf });
  }

  /** Runs a spec; what ran by its cells, and how each task ended. */
  async run(
    wishes: Readonly<Record<string, Wish>>,
    { failing = [], jobs = 2, strictCode = false, code = "1" } = {} as {
      readonly failing?: readonly string[];
      readonly jobs?: number;
      readonly strictCode?: boolean;
      readonly code?: string;
    },
  ) {
    const graph = await this.graph(wishes);
    const options = {
      lookup: (key: string) => this.store.get(key),
      strictCode,
      code: new Map([...graph.kinds.keys()].map((kind) => [kind, code])),
    };
    const plan = await planGraph(graph, options);
    const late = new Late(graph, plan, { ...options, chosenOf: this.chosenOf });
    const ran: string[] = [], states = new Map<string, TaskState>(), errors: unknown[] = [];
    await runPlan(plan, {
      jobs,
      late: { isAwaited: (key) => late.isAwaited(key), settle: (key) => late.settle(key) },
      execute: async (planned) => {
        const { task } = planned;
        const name = task.cells.map(({ stage }) => stage).join("=");
        for (const { key } of Object.values(task.inputs).flat()) {
          assert(this.store.has(key), `${name} reads what is not there`);
        }
        if (planned.start !== undefined) assert(this.store.has(planned.start.key), name);
        await Promise.resolve();
        if (failing.includes(name)) throw new Error(`${name} fails`);
        if (this.store.has(task.key) && planned.replaces === undefined) return "cached";
        ran.push(name);
        this.#commit(planned, code);
        return "done";
      },
      onState: (planned, state, { error }) => {
        states.set(placeOf(planned), state);
        if (error !== undefined) errors.push(error);
      },
    });
    const stateOf = (id: string) => states.get(keyOfRequest(graph, id));
    return { graph, plan, late, ran: ran.toSorted(), stateOf, errors };
  }

  #commit({ task, keepsModel }: PlannedTask, code: string): void {
    this.tasks.set(task.key, task);
    const startedAt = String(this.store.size);
    const outcome = { hasModel: keepsModel, ...this.#chosen(task) };
    this.store.set(task.key, { code, startedAt, outcome });
  }

  #chosen({ kind, inputs }: Task): { chosen?: Chosen } {
    if (kind !== "pick") return {};
    const candidates = inputs["of"]!.map(({ key }) => this.tasks.get(key)!);
    const score = ({ params }: Task) => this.scores[Number(params["rate"])]!;
    const [best] = candidates.toSorted((a, b) => score(b) - score(a)) as [Task, ...Task[]];
    const recipe = best.params as Record<string, Json>;
    return { chosen: { key: best.key, kind: "trained", recipe, params: recipe } };
  }
}

/** Candidates at rates, their choice, and all that may follow one. */
function spec(rates: readonly number[]): Record<string, Wish> {
  const tuned = rates.map((rate) => `tune${rate}`);
  return {
    ...Object.fromEntries(rates.map((rate): [string, Wish] => [
      `tune${rate}`,
      { kind: trained, params: { rate } },
    ])),
    best: { kind: pick, inputs: { of: tuned } },
    // Retrained with the chosen rate, at two points of one training, and examined.
    short: { kind: trained, params: { steps: 2 }, inputs: { choice: ["best"] } },
    long: { kind: trained, params: { steps: 3 }, inputs: { choice: ["best"] } },
    tested: { kind: exam, inputs: { models: ["long"] } },
    // The chosen one itself.
    itself: { kind: exam, params: { questions: 2 }, inputs: { models: ["best"] } },
    onward: { kind: trained, params: { rate: 50, steps: 9 }, inputs: { from: ["best"] } },
    // A choice among what follows one.
    again: { kind: pick, inputs: { of: ["short", "long"] } },
    last: { kind: exam, params: { questions: 3 }, inputs: { models: ["again", "best"] } },
    curve: { kind: curve, inputs: { of: ["tested", "itself"] } },
    overview: { kind: curve, inputs: { of: ["best"] } },
  };
}

const FOLLOWING = ["again", "curve", "itself", "last", "long", "onward", "short", "tested"];

Deno.test("candidates that do not win run alone, with the choice and what looks on; for any scores", async () => {
  const rates = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 7 });
  const value = fc.integer({ min: 0, max: 1000 });
  await fc.assert(
    fc.asyncProperty(
      rates,
      fc.array(value, { minLength: 9, maxLength: 9 }),
      fc.integer({ min: 1, max: 6 }),
      async (rates, values, cut) => {
        // No two are alike.
        const scores = Object.fromEntries(values.map((each, i) => [i + 1, 10 * each + i]));
        const first = rates.slice(0, Math.min(cut, rates.length - 1));
        const added = rates.slice(first.length);
        const bestOf = (some: readonly number[]) =>
          some.toSorted((a, b) => scores[b]! - scores[a]!)[0]!;
        const world = new World(scores);
        const before = await world.run(spec(first));
        assert.equal(before.ran.length, first.length + 2 + FOLLOWING.length);
        const { ran, plan, graph, late, stateOf } = await world.run(spec(rates));
        const candidates = added.map((rate) => `tune${rate}`);
        const always = [...candidates, "best", "overview"];
        const hasWon = bestOf(first) === bestOf(rates);
        assert.deepEqual(ran, (hasWon ? always : [...always, ...FOLLOWING]).toSorted());
        for (const id of FOLLOWING) assert.equal(stateOf(id), hasWon ? "cached" : "done", id);
        // What was planned as following is what the spec asks for once the choice is there.
        assert.equal(graph.waiting.size, FOLLOWING.length);
        assert.equal(plan.counts.run, always.length + FOLLOWING.length);
        const after = await world.run(spec(rates));
        assert.deepEqual(after.ran, []);
        assert.equal(after.graph.waiting.size, 0);
        for (const [id, place] of graph.ofRequest) {
          assert.equal(late.keyOf(place), keyOfRequest(after.graph, id), id);
        }
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("what follows a choice is the very task that a person would have written", async () => {
  const world = new World({ 1: 1, 2: 2 });
  await world.run(spec([1, 2]));
  const graph = await world.graph({
    ...spec([1, 2]),
    written: { kind: trained, params: { steps: 3, rate: 2 } },
    asked: { kind: exam, params: { questions: 2 }, inputs: { models: ["tune2"] } },
  });
  assert.equal(keyOfRequest(graph, "long"), keyOfRequest(graph, "written"));
  assert.equal(keyOfRequest(graph, "itself"), keyOfRequest(graph, "asked"));
  assert.deepEqual(graph.follows.get(keyOfRequest(graph, "long")), [keyOfRequest(graph, "best")]);
});

Deno.test("an artifact that is gone is not made again where those that follow the choice are there", async () => {
  const world = new World({ 1: 1, 2: 2, 3: 0 });
  const { late, graph } = await world.run(spec([1, 2]));
  // A reader of it is there, and one of the other is not.
  for (const id of ["short", "long", "tested"]) {
    if (id !== "short") world.store.delete(late.keyOf(keyOfRequest(graph, id)));
  }
  const { ran, stateOf } = await world.run(spec([1, 2, 3]));
  assert.deepEqual(ran, ["best", "long", "overview", "tested", "tune3"]);
  assert.deepEqual([stateOf("short"), stateOf("curve")], ["cached", "cached"]);
});

Deno.test("a retraining starts from an earlier point that is there, or is on its way", async () => {
  const world = new World({ 1: 1, 2: 2, 3: 0 });
  const { late, graph } = await world.run(spec([1, 2]));
  world.store.delete(late.keyOf(keyOfRequest(graph, "short")));
  world.store.delete(late.keyOf(keyOfRequest(graph, "long")));
  world.store.delete(late.keyOf(keyOfRequest(graph, "again")));
  world.store.delete(late.keyOf(keyOfRequest(graph, "last")));
  const { ran } = await world.run(spec([1, 2, 3]), { jobs: 4 });
  assert.deepEqual(ran, ["again", "best", "last", "long", "overview", "short", "tune3"]);
});

Deno.test("a retraining that was kept without its model is made anew for what waits for another choice too", async () => {
  const world = new World({ 1: 1, 2: 2, 3: 0, 72: 1, 73: 2 });
  const choosing = (rates: readonly number[]): Record<string, Wish> => {
    const { best, long, ...all } = spec(rates);
    const tuned = rates.map((rate) => [`tune${rate}`, all[`tune${rate}`]!] as const);
    return { ...Object.fromEntries(tuned), best: best!, long: long! };
  };
  await world.run(choosing([1, 2]));
  // The other choice comes later: a row of trainings is before it.
  const then = (rate: number, before: readonly string[]): Wish => (
    { kind: trained, params: { rate }, inputs: { from: before } }
  );
  const { ran, stateOf } = await world.run({
    ...choosing([1, 2, 3]),
    row0: then(70, []),
    row1: then(71, ["row0"]),
    row2: then(72, ["row1"]),
    row3: then(73, ["row2"]),
    other: { kind: pick, inputs: { of: ["row2", "row3"] } },
    both: { kind: exam, inputs: { models: ["long", "other"] } },
  });
  const anew = ["best", "both", "long", "other", "row0", "row1", "row2", "row3", "tune3"];
  assert.deepEqual(ran, anew);
  assert.equal(stateOf("long"), "done");
});

Deno.test("a choice that fails takes what follows it with it, and nothing else", async () => {
  const world = new World({ 1: 1, 2: 2 });
  const { stateOf, ran } = await world.run(spec([1, 2]), { failing: ["best"] });
  assert.deepEqual(ran, ["tune1", "tune2"]);
  assert.equal(stateOf("best"), "failed");
  for (const id of [...FOLLOWING, "overview"]) assert.equal(stateOf(id), "skipped", id);
});

Deno.test("what cannot take over what was chosen fails with it, also where the choice was there", async () => {
  const world = new World({ 1: 1, 2: 2 });
  const wishes = {
    ...spec([1, 2]),
    odd: { kind: { ...trained, kind: "odd" }, inputs: { choice: ["best"] } },
    after: { kind: exam, params: { questions: 9 }, inputs: { models: ["odd"] } },
  };
  const refusing = {
    ...trained,
    kind: "odd",
    withChosen: () => {
      throw new ExperimentError("tasks/params", "of another kind", {});
    },
  };
  wishes.odd = { ...wishes.odd, kind: refusing };
  for (const known of [false, true]) {
    const { stateOf, errors } = await world.run(wishes);
    assert.deepEqual([stateOf("odd"), stateOf("after"), stateOf("tested")], [
      "failed",
      "skipped",
      known ? "cached" : "done",
    ]);
    assert.equal((errors[0] as Error).message, "of another kind");
  }
});

Deno.test("under strict code what follows a choice is made anew with it", async () => {
  const world = new World({ 1: 1, 2: 2 });
  const first = await world.run(spec([1, 2]));
  assert.deepEqual((await world.run(spec([1, 2]), { strictCode: true })).ran, []);
  const other = await world.run(spec([1, 2]), { strictCode: true, code: "2" });
  assert.deepEqual(other.ran, first.ran);
  assert.deepEqual((await world.run(spec([1, 2]), { strictCode: true, code: "2" })).ran, []);
});

Deno.test("under strict code what reads a task that got its key before, and is made anew, is too", async () => {
  const world = new World({ 1: 1, 2: 2, 81: 1, 82: 2 });
  const drawn: TaskKind = { ...trained, kind: "drawn" };
  const wishes: Record<string, Wish> = {
    tune1: { kind: trained, params: { rate: 1 } },
    tune2: { kind: trained, params: { rate: 2 } },
    best: { kind: pick, inputs: { of: ["tune1", "tune2"] } },
    long: { kind: trained, params: { steps: 3 }, inputs: { choice: ["best"] } },
    drawn1: { kind: drawn, params: { rate: 81 } },
    drawn2: { kind: drawn, params: { rate: 82 } },
    other: { kind: pick, inputs: { of: ["drawn1", "drawn2"] } },
    both: { kind: exam, inputs: { models: ["long", "other"] } },
  };
  await world.run(wishes);
  // No choice is known when it is planned, and of one kind alone the code is other.
  const graph = await new World({}).graph(wishes);
  const code = new Map(
    [...graph.kinds.keys()].map((kind) => [kind, kind === "trained" ? "2" : "1"]),
  );
  const options = { lookup: (key: string) => world.store.get(key), strictCode: true, code };
  const plan = await planGraph(graph, options);
  const late = new Late(graph, plan, { ...options, chosenOf: world.chosenOf });
  const stateAfter = async (choice: string, id: string) => {
    const settled = (await late.settle(keyOfRequest(graph, choice))).get(keyOfRequest(graph, id));
    return settled !== undefined && "planned" in settled ? settled.planned.state : settled;
  };
  assert.equal(await stateAfter("best", "long"), "run");
  assert.equal(await stateAfter("other", "both"), "run");
});

Deno.test("no key of what does not follow a choice depends on whether it is made", async () => {
  const world = new World({ 1: 1, 2: 2 });
  const before = await world.graph(spec([1, 2]));
  await world.run(spec([1, 2]));
  const after = await world.graph(spec([1, 2]));
  for (const id of ["tune1", "tune2", "best", "overview"]) {
    assert.equal(keyOfRequest(before, id), keyOfRequest(after, id), id);
    assert(!before.waiting.has(keyOfRequest(before, id)), id);
  }
  const reasons = (plan: Plan) => [...plan.tasks.values()].map(({ reason }) => reason?.type);
  const plan = await planGraph(before, { lookup: () => undefined });
  assert.equal(reasons(plan).filter((type) => type === "choice").length, FOLLOWING.length);
});
