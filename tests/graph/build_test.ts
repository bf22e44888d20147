import assert from "node:assert/strict";
import fc from "fast-check";
import { buildGraph } from "../../lib/graph/build.ts";
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

/** One training at each number of steps, and an exam of each. */
function grid(steps: readonly number[], params = {}): Record<string, Wish> {
  return {
    text: { kind: text },
    ...Object.fromEntries(steps.flatMap((count): [string, Wish][] => [
      [`train-${count}`, {
        kind: train,
        params: { steps: count, ...params },
        inputs: { text: ["text"] },
        axes: { steps: count },
      }],
      [`exam-${count}`, { kind: exam, inputs: { model: [`train-${count}`] } }],
    ])),
  };
}

Deno.test("buildGraph() merges tasks of equal content and joins their cells", async () => {
  const graph = await graphOf({
    "a{seed=1}": { kind: text, params: { language: "de" }, stage: "a", axes: { seed: 1 } },
    "a{seed=2}": { kind: text, params: { language: "de" }, stage: "a", axes: { seed: 2 } },
    other: { kind: text, stage: "other" },
    same: { kind: text, params: { language: "en" }, stage: "same" },
  });
  const cells = [...graph.tasks.values()].map((task) => task.cells);
  assert.deepEqual(cells, [
    [{ stage: "a", axes: { seed: 1 } }, { stage: "a", axes: { seed: 2 } }],
    [{ stage: "other", axes: {} }, { stage: "same", axes: {} }],
  ]);
});

Deno.test("buildGraph() gives the same keys whatever the order of the requests", async () => {
  const requests = requestsOf(grid([100, 200, 400]));
  const inOrder = await buildGraph(requests, { numerics });
  await fc.assert(fc.asyncProperty(
    fc.shuffledSubarray(requests, { minLength: requests.length }),
    async (shuffled) => {
      const graph = await buildGraph(shuffled, { numerics });
      assert.deepEqual(
        Object.fromEntries(graph.ofRequest),
        Object.fromEntries(inOrder.ofRequest),
      );
      assert.deepEqual(
        new Map([...graph.tasks].sort()),
        new Map([...inOrder.tasks].sort()),
      );
    },
  ));
});

Deno.test("buildGraph() puts every task after its inputs and its start", async () => {
  const requests = requestsOf(grid([800, 100, 400], { decaySteps: 20 }));
  await fc.assert(fc.asyncProperty(
    fc.shuffledSubarray(requests, { minLength: requests.length }),
    async (shuffled) => {
      const { tasks } = await buildGraph(shuffled, { numerics });
      const order = [...tasks.keys()];
      for (const [key, task] of tasks) {
        const needs = Object.values(task.inputs).flat().map((ref) => ref.key);
        if (task.start !== undefined) needs.push(task.start);
        for (const need of needs) assert.ok(order.indexOf(need) < order.indexOf(key));
      }
    },
  ));
});

Deno.test("buildGraph() lets each point of a trajectory start from the one before", async () => {
  const graph = await graphOf(grid([400, 100, 800, 200]));
  const start = (steps: number) => graph.tasks.get(keyOfRequest(graph, `train-${steps}`))!.start;
  const key = (steps: number) => keyOfRequest(graph, `train-${steps}`);
  assert.deepEqual([100, 200, 400, 800].map(start), [undefined, key(100), key(200), key(400)]);
  assert.deepEqual([...graph.chains.values()], [[100, 200, 400, 800].map(key)]);
});

Deno.test("buildGraph() gives a fifth step count without changing another key", async () => {
  const four = await graphOf(grid([100, 200, 400, 800]));
  const five = await graphOf(grid([100, 200, 300, 400, 800]));
  for (const [id, key] of four.ofRequest) assert.equal(five.ofRequest.get(id), key);
  assert.equal(five.tasks.size, four.tasks.size + 2);
});

Deno.test("buildGraph() puts different inputs and settings on different trajectories", async () => {
  const graph = await graphOf({
    one: { kind: text },
    two: { kind: text, params: { language: "de" } },
    a: { kind: train, params: { steps: 1 }, inputs: { text: ["one"] } },
    b: { kind: train, params: { steps: 2 }, inputs: { text: ["two"] } },
    c: { kind: train, params: { steps: 3, seed: 1 }, inputs: { text: ["one"] } },
    d: { kind: train, params: { steps: 4 }, inputs: { text: ["one#dev"] } },
  });
  assert.equal(graph.chains.size, 4);
  assert.ok([...graph.tasks.values()].every((task) => task.start === undefined));
});

Deno.test("buildGraph() adds the trunk of an annealed task and chains the trunks", async () => {
  const graph = await graphOf(grid([100, 200], { decaySteps: 10 }));
  const trunks = [...graph.tasks.values()].filter((task) => task.cells.length === 0);
  assert.deepEqual(trunks.map((task) => task.params.steps), [90, 190]);
  assert.equal(trunks[1]!.start, trunks[0]!.key);
  for (const [index, steps] of [100, 200].entries()) {
    const annealed = graph.tasks.get(keyOfRequest(graph, `train-${steps}`))!;
    assert.equal(annealed.start, trunks[index]!.key);
    assert.equal(annealed.trajectory, undefined);
    assert.deepEqual(annealed.inputs, trunks[index]!.inputs);
  }
});

Deno.test("buildGraph() takes a requested task as the trunk where it is one", async () => {
  const wishes = grid([90]);
  const graph = await graphOf({ ...wishes, ...grid([100], { decaySteps: 10 }) });
  const annealed = graph.tasks.get(keyOfRequest(graph, "train-100"))!;
  assert.equal(annealed.start, keyOfRequest(graph, "train-90"));
  assert.equal(graph.tasks.size, 5);
});

Deno.test("buildGraph() keeps why a training cannot be shared", async () => {
  const graph = await graphOf(grid([100, 200], { shape: "linear" }));
  assert.deepEqual([...graph.unshared], [
    [keyOfRequest(graph, "train-100"), "a linear decay depends on the end"],
    [keyOfRequest(graph, "train-200"), "a linear decay depends on the end"],
  ]);
  assert.ok([...graph.tasks.values()].every((task) => task.start === undefined));
});

Deno.test("buildGraph() hashes what files hold and not how they are called", async () => {
  const keysOf = async (path: string, digest: string) => {
    const requests = requestsOf({ text: { kind: text, params: { sources: [{ path }] } } });
    const readFileDigest = () => Promise.resolve(digest);
    return [...(await buildGraph(requests, { numerics, readFileDigest })).tasks.keys()];
  };
  assert.deepEqual(await keysOf("a.txt", "x"), await keysOf("b.txt", "x"));
  assert.notDeepEqual(await keysOf("a.txt", "x"), await keysOf("a.txt", "y"));
});

Deno.test("buildGraph() refuses what a checked spec cannot contain", async () => {
  const needs = (input: string): Wish => ({
    kind: train,
    params: { steps: 1 },
    inputs: { text: [input] },
  });
  await assert.rejects(graphOf({ a: needs("b") }), { message: 'nothing is called "b"' });
  await assert.rejects(graphOf({ a: needs("b"), b: needs("c"), c: needs("a") }), {
    message: 'these need each other: "a", "b", "c"',
  });
  const twice = requestsOf({ a: { kind: text } });
  await assert.rejects(buildGraph([...twice, ...twice], { numerics }), {
    message: "two requests have one id",
  });
});

Deno.test("buildGraph() makes nothing of nothing", async () => {
  assert.equal((await graphOf({})).tasks.size, 0);
});
