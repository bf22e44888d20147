import assert from "node:assert/strict";
import { ExperimentError, formatFault } from "../../lib/base/errors.ts";
import type { JsonObject } from "../../lib/base/canonical.ts";
import { buildGraph } from "../../lib/graph/build.ts";
import { planGraph } from "../../lib/graph/plan.ts";
import type { TaskRequest } from "../../lib/graph/request.ts";
import { runPlan } from "../../lib/graph/schedule.ts";
import { kinds } from "./fixtures/kinds.ts";
import { type Bench, linesOf, withExecutor } from "./harness.ts";

function request(
  id: string,
  kind: string,
  { params = {}, inputs = [] }: { params?: JsonObject; inputs?: string[] } = {},
): TaskRequest {
  const found = kinds.find((each) => each.kind === kind)!;
  const at = { file: "spec.yaml" };
  return {
    id,
    kind: found,
    cell: { stage: id, axes: {} },
    params: found.params.parse(params) as JsonObject,
    inputs: { addends: inputs.map((each) => ({ request: each, output: "" })) },
    at,
    positionOf: () => at,
  };
}

/** Builds, plans and runs the requests, as the command line does. Returns states by id. */
async function run(
  requests: readonly TaskRequest[],
  { store, executor, beforeTasks }: Bench & { readonly beforeTasks?: () => Promise<void> },
) {
  const numerics = { engine: "none", precision: "float64" };
  const graph = await buildGraph(requests, {
    numerics,
  });
  const plan = await planGraph(graph, {
    lookup: (key) => store.find(key),
    verify: (key) => store.verify(key),
  });
  await beforeTasks?.();
  const idOf = new Map([...graph.ofRequest].map(([id, key]) => [key, id]));
  const states: Record<string, string> = {};
  const failures: unknown[] = [];
  await runPlan(plan, {
    jobs: 2,
    execute: async ({ task, start }, signal) => {
      const { key, kind, version, params, inputs } = task;
      const device = "none";
      await executor.execute({
        key,
        kind,
        version,
        params,
        inputs,
        ...(start === undefined ? {} : { start }),
        device,
        numerics,
        code: "code",
      }, { signal });
      return "done";
    },
    onState: ({ task }, state, { error }) => {
      states[idOf.get(task.key)!] = state;
      if (state === "failed") failures.push(error);
    },
  });
  return { states, failures };
}

Deno.test("a killed worker fails its task's cone, and the next run goes on", async () => {
  await withExecutor({}, async (bench) => {
    const { dir } = bench;
    const tally = `${dir}/tally`;
    await Deno.writeTextFile(`${dir}/die`, "3");
    const requests = [
      request("killed", "count", { params: { steps: 4, dieAt: `${dir}/die`, tally } }),
      request("cone", "add", { params: { terms: [1] }, inputs: ["killed"] }),
      request("tip", "add", { params: { terms: [2] }, inputs: ["cone"] }),
      request("other", "add", { params: { terms: [3] } }),
      request("more", "add", { params: { terms: [4] }, inputs: ["other"] }),
    ];
    const first = await run(requests, bench);
    assert.deepEqual(first.states, {
      killed: "failed",
      cone: "skipped",
      tip: "skipped",
      other: "done",
      more: "done",
    });
    const [error] = first.failures;
    assert.ok(error instanceof ExperimentError && error.code === "executor/worker-died");
    const second = await run(requests, bench);
    assert.deepEqual(second.states, {
      killed: "done",
      cone: "done",
      tip: "done",
      other: "cached",
      more: "cached",
    });
    assert.deepEqual(await linesOf(tally), ["step 1", "step 2", "step 3", "step 3", "step 4"]);
    const third = await run(requests, bench);
    assert.deepEqual(new Set(Object.values(third.states)), new Set(["cached"]));
  });
});

Deno.test("a damaged artifact is computed again where a task that runs reads it", async () => {
  await withExecutor({}, async (bench) => {
    const base = request("base", "add", { params: { terms: [5] } });
    const { store } = bench;
    await run([base, request("first", "add", { params: { terms: [1] }, inputs: ["base"] })], bench);
    for await (const key of store.keys()) {
      const { inputs } = (await store.find(key))!;
      if ((inputs.addends ?? []).length > 0) continue;
      const path = `${store.dirOf(key)}/value.txt`;
      await Deno.chmod(path, 0o644);
      await Deno.writeTextFile(path, "6");
    }
    const next = request("second", "add", { params: { terms: [2] }, inputs: ["base"] });
    assert.deepEqual((await run([base, next], bench)).states, { base: "done", second: "done" });
    assert.deepEqual((await run([base, next], bench)).states, { base: "cached", second: "cached" });
  });
});

Deno.test("a file that changes between plan and run is never committed under the old key", async () => {
  await withExecutor({}, async (bench) => {
    const { dir, store } = bench;
    const file = `${dir}/number.txt`;
    await Deno.writeTextFile(file, "1");
    const requests = [request("copy", "copy", { params: { file } })];
    const edits: readonly (() => Promise<void>)[] = [
      () => Deno.writeTextFile(file, "2"),
      // Same size, same time: only the content tells.
      async () => {
        const { mtime } = await Deno.stat(file);
        await Deno.writeTextFile(file, "3");
        await Deno.utime(file, mtime!, mtime!);
      },
    ];
    for (const beforeTasks of edits) {
      const { states, failures } = await run(requests, { ...bench, beforeTasks });
      assert.deepEqual(states, { copy: "failed" });
      const [error] = failures;
      assert.ok(error instanceof ExperimentError, String(error));
      assert.deepEqual(error.faults.map(formatFault), [
        `the files of this copy changed after it was planned: ${file} [executor/file-changed]\n` +
        "  mend: run again; the task is planned anew with the files as they are now",
      ]);
      assert.deepEqual(await Array.fromAsync(store.keys()), []);
      for (const { name } of Deno.readDirSync(`${store.root}/scratch`)) {
        assert.deepEqual([...Deno.readDirSync(`${store.root}/scratch/${name}`)], []);
      }
    }
    await Deno.writeTextFile(file, "444");
    assert.deepEqual((await run(requests, bench)).states, { copy: "done" });
    assert.deepEqual((await run(requests, bench)).states, { copy: "cached" });
  });
});
