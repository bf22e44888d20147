/** TfjsEngine: memory, results, and what it says of wrong calls. */
import assert from "node:assert/strict";
import { Graph } from "../../lib/engine/ir/graph.ts";
import { TfjsEngine } from "../../lib/engine/tfjs/engine.ts";
import { PLAIN, tinyBatch, tinyForward, tinyProgram, tinyState } from "./tiny_program.ts";

const engine = await TfjsEngine.open("cpu");

Deno.test("TfjsEngine keeps no tensor beyond its state, and none after dispose()", async () => {
  const tensors = () => engine.tf.memory().numTensors;
  const before = tensors();
  const session = await engine.train(tinyProgram({ ...PLAIN, clipNorm: 1 }));
  await session.load(tinyState());
  const loaded = tensors();
  assert.equal(loaded - before, 3 * tinyProgram(PLAIN).params.length);
  const executable = await session.forward(tinyForward());
  for (let step = 1; step <= 3; step++) {
    await session.step(tinyBatch(step), { learningRate: 0.01, step });
    await executable.run({ factor: Float32Array.of(1) });
    await session.load(await session.save());
    assert.equal(tensors(), loaded);
  }
  await session.dispose();
  assert.equal(tensors(), before);
});

Deno.test("TfjsEngine leaks nothing when an input is wrong", async () => {
  const graph = new Graph();
  const a = graph.input("a", [2]), ids = graph.input("ids", [2], "i32");
  graph.output("y", graph.gatherRows(a, ids));
  const executable = await engine.compile(graph);
  const before = engine.tf.memory().numTensors;
  const good = Float32Array.of(1, 2);
  await assert.rejects(executable.run({ a: good }), {
    message: 'the input "ids" needs i32 [2], not undefined',
  });
  await assert.rejects(executable.run({ a: good, ids: good }), {
    message: 'the input "ids" needs i32 [2], not Float32Array of 2',
  });
  await assert.rejects(executable.run({ a: good, ids: Int32Array.of(0) }), {
    message: 'the input "ids" needs i32 [2], not Int32Array of 1',
  });
  assert.equal(engine.tf.memory().numTensors, before);
});

Deno.test("TfjsEngine leaks nothing when a computation fails midway", async () => {
  const graph = new Graph();
  const a = graph.input("a", [2]), ids = graph.input("ids", [1], "i32");
  const negated = graph.neg(a);
  graph.output("y", graph.gatherRows(negated, ids));
  graph.output("negated", negated);
  const executable = await engine.compile(graph);
  const before = engine.tf.memory().numTensors;
  const inputs = { a: Float32Array.of(1, 2), ids: Int32Array.of(5) };
  await assert.rejects(executable.run(inputs), /index value 5 is not in/);
  assert.equal(engine.tf.memory().numTensors, before);
});

Deno.test("TfjsEngine returns an input as output, and one value under two names", async () => {
  const graph = new Graph();
  const x = graph.input("x", [2]), y = graph.neg(x);
  graph.output("same", x);
  graph.output("one", y);
  graph.output("two", y);
  const before = engine.tf.memory().numTensors;
  const given = Float32Array.of(1, -2);
  const results = await (await engine.compile(graph)).run({ x: given });
  const negated = Float32Array.of(-1, 2);
  assert.deepEqual(results, { same: given, one: negated, two: negated });
  assert.notEqual(results["same"], given);
  assert.equal(engine.tf.memory().numTensors, before);
});

Deno.test("TfjsEngine returns a parameter as output and keeps it", async () => {
  const session = await engine.train(tinyProgram(PLAIN));
  await session.load(tinyState());
  const graph = new Graph();
  graph.output("same", graph.param("beta", [4]));
  const executable = await session.forward(graph);
  const { beta } = tinyState().params;
  for (let run = 0; run < 2; run++) assert.deepEqual((await executable.run({})).same, beta);
  await session.dispose();
});

Deno.test("TfjsEngine refuses a step before load(), and a program with other params", async () => {
  const session = await engine.train(tinyProgram(PLAIN));
  await assert.rejects(session.step(tinyBatch(1), { learningRate: 1, step: 1 }), {
    message: "load a state before the first step",
  });
  const program = tinyProgram(PLAIN);
  await assert.rejects(engine.train({ ...program, loss: "lost" }), {
    message: 'the graph has no output "lost"',
  });
  await assert.rejects(engine.train({ ...program, params: program.params.slice(0, 5) }), {
    message: /^the graph has params table \[7,4\],.*beta \[4\], the program table/,
  });
});

Deno.test("TfjsEngine.train() does not change the program's graph", async () => {
  const program = tinyProgram(PLAIN);
  const nodes = program.graph.nodes.length;
  await engine.train(program);
  await engine.train(program);
  assert.equal(program.graph.nodes.length, nodes);
  assert.deepEqual([...program.graph.outputs.keys()], ["loss"]);
});
