/** PlanRunner: what goes in, what comes out, and whose memory it is. */
import assert from "node:assert/strict";
import { Graph } from "../../../lib/engine/ir/graph.ts";
import { prepare } from "../../../lib/engine/onnx/executable.ts";
import { allocate } from "../../../lib/engine/onnx/kernels/linear_memory.ts";
import { lowerGraph } from "../../../lib/engine/onnx/lower/lower.ts";
import { planMemory } from "../../../lib/engine/onnx/memory_plan.ts";
import { PlanRunner, type RunnerOptions } from "../../../lib/engine/onnx/plan_runner.ts";

/** x + dy + b: a kernel and a model after it; `odd` is not read. */
function exampleGraph(): Graph {
  const graph = new Graph();
  const [x, dy, b] = ["x", "dy", "b"].map((name) => graph.input(name, [4]));
  const ids = graph.input("ids", [4], "i32");
  graph.input("odd", [4]);
  graph.output("y", graph.add(graph.scatterAddRows(x!, ids, dy!), b!));
  graph.output("ones", graph.splat(1, [4]));
  return graph;
}

/** A runner of the example; `shared` tensors and places that are `kept` can be given. */
async function exampleRunner(given: Pick<RunnerOptions, "shared" | "kept"> = {}) {
  const plan = lowerGraph(prepare(exampleGraph()));
  const { addresses, end } = planMemory(plan, { start: 0 });
  const memory = allocate(end, "a test");
  return await PlanRunner.load(plan, { memory, addresses, threads: 1, ...given });
}

const ids = Int32Array.of(3, 2, 1, 0);
const ZEROS = new Float32Array(4), ONES = new Float32Array(4).fill(1);

Deno.test("PlanRunner runs kernels and models on what was written last", async () => {
  const runner = await exampleRunner();
  for (const b of [ZEROS, ONES]) {
    runner.write({ ids, x: ZEROS, dy: ONES, b });
    await runner.run();
    assert.deepEqual([...runner.view("y")], [1, 1, 1, 1].map((each) => each + b[0]!));
  }
  assert.deepEqual(runner.copies(["ones"]), { ones: ONES });
  await runner.dispose();
});

Deno.test("PlanRunner.copies() are the caller's, view() is overwritten by the next run", async () => {
  const runner = await exampleRunner();
  runner.write({ ids, x: ZEROS, dy: ONES, b: ZEROS });
  await runner.run();
  const view = runner.view("y"), { y } = runner.copies(["y"]);
  runner.write({ ids, x: ZEROS, dy: ZEROS, b: ZEROS });
  await runner.run();
  assert.deepEqual(view, ZEROS);
  assert.deepEqual(y, ONES);
  assert.throws(() => runner.view("z"), { message: 'the graph has no output "z"' });
  await runner.dispose();
});

Deno.test("PlanRunner.write() refuses what is missing or does not fit, and writes nothing then", async () => {
  const runner = await exampleRunner();
  runner.write({ ids, x: ZEROS, dy: ONES, b: ONES, odd: new Float32Array(99) });
  const cases = [
    [{ ids, x: ONES, dy: ZEROS }, 'the input "b" is missing'],
    [
      { ids, x: ONES, dy: ZEROS, b: ONES.slice(1) },
      'input "b" is a Float32Array of 3, not a Float32Array of 4',
    ],
    [
      { ids, x: ONES, dy: ZEROS, b: new Int32Array(4) },
      'input "b" is a Int32Array of 4, not a Float32Array of 4',
    ],
  ] as const;
  for (const [inputs, message] of cases) {
    assert.throws(() => runner.write(inputs as never), { message });
  }
  await runner.run();
  assert.deepEqual([...runner.view("y")], [2, 2, 2, 2]);
  await runner.dispose();
});

Deno.test("PlanRunner reads shared inputs where they lie, and keeps kept ones", async () => {
  const b = ONES.slice();
  const runner = await exampleRunner({ shared: { b }, kept: new Set(["x"]) });
  runner.write({ ids, dy: ONES });
  await runner.run();
  assert.deepEqual([...runner.view("y")], [2, 2, 2, 2]);
  b.fill(3);
  await runner.run();
  assert.deepEqual([...runner.view("y")], [4, 4, 4, 4]);
  await runner.dispose();
});
