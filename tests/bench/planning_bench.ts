/**
 * Planning: a graph of 1,000 tasks and one of 10,000, from requests to keys and
 * plan, against the least that must be done: hashing that many identities.
 */
import { z } from "zod";
import { canonical } from "../../lib/base/canonical.ts";
import { sha256 } from "../../lib/base/digest.ts";
import { buildGraph } from "../../lib/graph/build.ts";
import { planGraph } from "../../lib/graph/plan.ts";
import type { TaskRequest } from "../../lib/graph/request.ts";
import type { TaskKind } from "../../lib/graph/task.ts";

const kind: TaskKind = {
  kind: "step",
  version: 1,
  about: "Stands for any task.",
  params: z.strictObject({ place: z.int(), learningRate: z.number().default(1e-4) }),
  inputs: { before: { types: ["thing"], about: "the one before", optional: true } },
  produces: { "": "thing" },
  isNumeric: true,
  entry: "lib/tasks/corpus.ts",
  run: () => Promise.reject(new Error("only planned")),
};

/** Chains of ten tasks, as an ablation has them. */
function requests(count: number): TaskRequest[] {
  const at = { file: "bench.yaml", line: 1, column: 1 };
  return Array.from({ length: count }, (_, place) => ({
    id: `step{place=${place}}`,
    kind,
    cell: { stage: "step", axes: { place } },
    params: { place, learningRate: 2e-4 },
    inputs: place % 10 === 0
      ? {}
      : { before: [{ request: `step{place=${place - 1}}`, output: "" }] },
    at,
    positionOf: () => at,
  }));
}

const numerics = { engine: "onnx-cpu", precision: "float32" };

for (const count of [1_000, 10_000]) {
  const asked = requests(count);
  Deno.bench(`hash ${count} identities`, { group: `plan ${count}`, baseline: true }, () => {
    for (const { params, inputs } of asked) {
      sha256(canonical({ kind: "step", version: 1, params, inputs, numerics }));
    }
  });
  Deno.bench(`build and plan ${count} tasks`, { group: `plan ${count}` }, async () => {
    const graph = await buildGraph(asked, { numerics });
    await planGraph(graph, { lookup: () => undefined });
  });
}
