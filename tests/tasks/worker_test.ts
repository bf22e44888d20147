import assert from "node:assert/strict";
import type { JsonObject } from "../../lib/base/canonical.ts";
import { deviceOf } from "../../lib/engine/devices.ts";
import { buildGraph } from "../../lib/graph/build.ts";
import { loadKinds } from "../../lib/graph/kinds.ts";
import { kinds as registry } from "../../lib/tasks/registry.ts";
import { keyOfJob } from "../../lib/tasks/worker.ts";
import { makeDir } from "./made_inputs.ts";

const kinds = await loadKinds(registry);

Deno.test("keyOfJob() is the planner's key until a file changes, comes or goes", async () => {
  const dir = makeDir();
  const write = (name: string, text: string) => Deno.writeTextFile(`${dir}/${name}`, text);
  for (const name of ["a.txt", "b.txt", "vocab"]) await write(name, `${name}\n`);
  const cases: readonly [string, JsonObject][] = [
    ["corpus", { sources: [{ format: "text", path: `${dir}/*.txt` }], seed: 3 }],
    ["conll", {
      train: [`${dir}/a.txt`, `${dir}/b.txt`],
      dev: [`${dir}/b.txt`],
      test: [`${dir}/a.txt`],
    }],
    ["vocab", { file: `${dir}/vocab` }],
    ["vocab", {}],
  ];
  const jobs = await Promise.all(cases.map(async ([name, given]) => {
    const kind = kinds.get(name)!, at = { file: "spec.yaml" };
    const params = kind.params.parse(given) as JsonObject;
    const cell = { stage: name, axes: {} };
    const request = { id: name, kind, cell, params, inputs: {}, at, positionOf: () => at };
    const { numerics } = deviceOf("cpu");
    const graph = await buildGraph([request], { numerics });
    const { key, version, inputs } = [...graph.tasks.values()][0]!;
    const device = "cpu";
    return { key, kind: name, version, params, inputs, device, numerics, code: "code" };
  }));
  /** Of which jobs the key still holds. */
  const holds = () => Promise.all(jobs.map(async (job) => await keyOfJob(job) === job.key));
  assert.deepEqual(await holds(), [true, true, true, true]);
  await write("b.txt", "changed\n");
  assert.deepEqual(await holds(), [false, false, true, true]);
  await write("b.txt", "b.txt\n");
  await write("c.txt", "came\n");
  assert.deepEqual(await holds(), [false, true, true, true]);
  await Deno.remove(`${dir}/c.txt`);
  await write("vocab", "VOCAB\n");
  assert.deepEqual(await holds(), [true, true, false, true]);
});
