/**
 * What a GPU's text and several replicas compute, run on a CPU plugin where there is one.
 *
 * Every operation as the device xla-cpu computes it is in `ops_test.ts`; here is what that
 * device does not write: sums of rows as whole numbers, products of bfloat16, replicas.
 */
import assert from "node:assert/strict";
import { Stream } from "../../../../lib/base/rng.ts";
import { fillDropoutMask } from "../../../../lib/engine/dropout_bits.ts";
import type { Tensors } from "../../../../lib/engine/engine.ts";
import { Graph } from "../../../../lib/engine/ir/graph.ts";
import type { ModuleOptions } from "../../../../lib/engine/xla/module.ts";
import type { PjrtBuffer } from "../../../../lib/engine/xla/pjrt/buffer.ts";
import { PjrtClient } from "../../../../lib/engine/xla/pjrt/client.ts";
import { openPlugin } from "../../../../lib/engine/xla/pjrt/plugin.ts";
import { emitModule } from "../../../../lib/engine/xla/stablehlo/emit.ts";
import { CASES } from "../../cases.ts";
import { assertClose, graphOf, tensorsOf } from "../../check_case.ts";
import { interpret } from "../../reference.ts";
import { testOnCpuPlugin } from "../cpu_plugin.ts";

const REPLICAS = 4;

/** Cases of products, scaled, transposed and within fused operations. */
const PRODUCTS = [
  "matmul of both transposed, scaled",
  "matmul of batches, right transposed",
  "projections",
  "attention with padding",
  "attentionGrad under a mask",
];

/** Runs a graph with the inputs of each replica; gives the outputs of each. */
type RunGraph = (
  graph: Graph,
  options: Pick<ModuleOptions, "precision" | "platform">,
  inputs: readonly Tensors[],
) => Promise<Tensors[]>;

function testNumerics(name: string, body: (run: RunGraph) => Promise<void>): void {
  testOnCpuPlugin(name, async (plugin) => {
    const client = await PjrtClient.create(openPlugin(plugin), {
      cpu_device_count: BigInt(REPLICAS),
    });
    try {
      await body((graph, options, inputs) => runGraph(client, graph, { options, inputs }));
    } finally {
      client.destroy();
    }
  });
}

async function runGraph(
  client: PjrtClient,
  graph: Graph,
  { options, inputs }: {
    readonly options: Pick<ModuleOptions, "precision" | "platform">;
    readonly inputs: readonly Tensors[];
  },
): Promise<Tensors[]> {
  const replicas = inputs.length;
  const module = emitModule(graph, { ...options, replicas });
  const executable = await client.compile(module.text, { replicas });
  const held: PjrtBuffer[] = [];
  try {
    const given = await Promise.all(
      inputs.map((each, i) =>
        Promise.all(module.inputs.map(async ({ name, dtype, shape }) => {
          const device = client.devices[i]!;
          const buffer = await client.upload({ data: each[name]!, dtype, shape, device });
          held.push(buffer);
          return buffer;
        }))
      ),
    );
    const begun = await executable.run(given, { outputs: module.outputs });
    held.push(...begun.outputs.flat());
    await begun.done;
    return await Promise.all(begun.outputs.map(async (buffers) =>
      Object.fromEntries(
        await Promise.all(
          buffers.map(async (each, i) => [module.outputs[i]!.name, await each.download()] as const),
        ),
      )
    ));
  } finally {
    for (const each of held) each.dispose();
    executable.dispose();
  }
}

testNumerics("a GPU's text adds rows and their gradients as the reference does", async (run) => {
  for (const each of CASES.filter(({ op }) => op === "scatterAddRows" || op === "gatherRows")) {
    const { graph, inputs } = graphOf(each);
    const expected = interpret(graph, inputs);
    const options = { precision: "float32", platform: "cuda" } as const;
    const [actual] = await run(graph, options, [tensorsOf(graph, inputs)]);
    for (const name of graph.outputs.keys()) {
      assertClose(actual![name]!, expected[name]!, { what: `${each.name}: ${name}` });
    }
  }
});

testNumerics(
  "a GPU's text adds rows to the same bits in any order, and keeps small ones",
  async (run) => {
    const count = 300, width = 3;
    const stream = new Stream(5, "tests/rows");
    const rows = Array.from({ length: count }, (_, i) => ({
      id: stream.below(4),
      // From 1 down to 2^-20 of it, as gradients are.
      values: Array.from({ length: width }, () => stream.normal() * 2 ** -(i % 21)),
    }));
    const graph = new Graph();
    const ids = graph.input("ids", [count], "i32"),
      updates = graph.input("updates", [count, width]);
    graph.output("sum", graph.scatterAddRows(graph.splat(0, [4, width]), ids, updates));
    const sumOf = async (order: typeof rows) => {
      const inputs = {
        ids: Int32Array.from(order, ({ id }) => id),
        updates: Float32Array.from(order.flatMap(({ values }) => values)),
      };
      const [made] = await run(graph, { precision: "float32", platform: "cuda" }, [inputs]);
      return made!["sum"] as Float32Array;
    };
    const sum = await sumOf(rows);
    assert.deepEqual(await sumOf(rows.toReversed()), sum);
    assert.deepEqual(await sumOf(stream.shuffle([...rows])), sum);
    const exact = new Float64Array(4 * width);
    for (const { id, values } of rows) {
      values.forEach((each, i) => exact[id * width + i]! += Math.fround(each));
    }
    assertClose(sum, exact, { what: "sum", tolerance: 1e-7 });
    const small = rows.map((each) => ({ ...each, values: each.values.map((x) => x * 1e-20) }));
    const least = await sumOf(small);
    assert.ok(
      least.every((each, i) => each === 0 || Math.abs(each / (exact[i]! * 1e-20) - 1) < 1e-3),
    );
    for (const fault of [NaN, Infinity, -Infinity]) {
      const broken = rows.with(7, { id: 2, values: [fault, 0, 0] });
      assert.ok((await sumOf(broken)).some((each) => Number.isNaN(each)), `${fault}`);
    }
  },
);

testNumerics("products of bfloat16 are within the rounding of their operands", async (run) => {
  const cases = CASES.filter(({ name }) => PRODUCTS.includes(name));
  assert.equal(cases.length, PRODUCTS.length);
  for (const each of cases) {
    const { graph, inputs } = graphOf(each);
    const expected = interpret(graph, inputs);
    const options = { precision: "bfloat16", platform: "cpu" } as const;
    const [actual] = await run(graph, options, [tensorsOf(graph, inputs)]);
    for (const name of graph.outputs.keys()) {
      // Eight bits of mantissa in each operand, and some sums of several products.
      assertClose(actual![name]!, expected[name]!, {
        what: `${each.name}: ${name}`,
        tolerance: 2 ** -5,
      });
    }
  }
});

testNumerics("replicas sum to the same bits, each with a dropout of its own", async (run) => {
  const size = 7;
  const graph = new Graph();
  const mask = graph.dropoutMask(graph.input("seed", [2], "i32"), [size], {
    rate: 0.5,
    site: "site",
  });
  graph.output("mask", mask);
  graph.output("sum", graph.replicaSum(graph.mul(mask, graph.input("x", []))));
  const seeds = Array.from({ length: REPLICAS }, (_, i) => [-5, 9 + i] as const);
  const inputs = seeds.map((seed, i) => ({
    seed: Int32Array.from(seed),
    x: Float32Array.of(0.1 * (i + 1)),
  }));
  const made = await run(graph, { precision: "float32", platform: "cpu" }, inputs);
  const total = new Float64Array(size);
  for (const [i, seed] of seeds.entries()) {
    const expected = new Float32Array(size);
    fillDropoutMask(expected, { rate: 0.5, site: "site", seed });
    assert.deepEqual(made[i]!["mask"], expected);
    expected.forEach((each, j) => total[j]! += each * inputs[i]!.x[0]!);
    assert.deepEqual(made[i]!["sum"], made[0]!["sum"]);
  }
  assertClose(made[0]!["sum"]!, total, { what: "sum" });
});
