import assert from "node:assert/strict";
import { Seeds } from "../../lib/graph/seeds.ts";
import type { TaskKind } from "../../lib/graph/task.ts";
import { exam, graphOf, keyOfRequest, train } from "./sample.ts";

const [role] = Object.values(exam.inputs);
const graded: TaskKind<{ readonly questions: number }> = {
  ...exam,
  kind: "graded",
  inputs: { model: { ...role!, types: ["model", "scores"], givesSeed: true } },
};
const seeded: TaskKind = {
  ...train as TaskKind,
  seed: (params) => (params as { readonly seed: number }).seed,
};

Deno.test("a task without a seed is of the one that all have whose result it takes over", async () => {
  const graph = await graphOf({
    one: { kind: seeded, params: { steps: 1, seed: 1 } },
    again: { kind: seeded, params: { steps: 2, seed: 1 } },
    two: { kind: seeded, params: { steps: 1, seed: 2 } },
    unsaid: { kind: exam as TaskKind, inputs: { model: ["one"] } },
    alone: { kind: graded as TaskKind, inputs: { model: ["one"] } },
    folds: { kind: graded as TaskKind, inputs: { model: ["one", "again"] } },
    ofFolds: { kind: graded as TaskKind, inputs: { model: ["folds", "alone"] } },
    seeds: { kind: graded as TaskKind, inputs: { model: ["one", "two"] } },
    ofSeeds: { kind: graded as TaskKind, inputs: { model: ["seeds"] } },
    nothing: { kind: graded as TaskKind, inputs: { model: [] } },
  });
  const seeds = new Seeds(graph);
  const wanted = {
    one: 1,
    two: 2,
    unsaid: undefined,
    alone: 1,
    folds: 1,
    ofFolds: 1,
    seeds: undefined,
    ofSeeds: undefined,
    nothing: undefined,
  };
  for (const [id, seed] of Object.entries(wanted)) {
    assert.equal(seeds.of(keyOfRequest(graph, id)), seed, id);
  }
});
