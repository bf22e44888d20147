import assert from "node:assert/strict";
import { NO_COST } from "../../lib/graph/cost.ts";
import { Forecast } from "../../lib/graph/forecast.ts";
import { prospectOf } from "../../lib/run/prospect.ts";
import type { Study } from "../../lib/run/study.ts";
import { readDurations } from "../../lib/store/database/durations.ts";
import { TinyStudy } from "../cli/tiny_study.ts";
import { planOf } from "../_support/plan.ts";

Deno.test("prospectOf() adds up time and disk of what runs, and counts what is unknown", () => {
  const plan = planOf({ a: "run", b: "run", c: "cached", d: "unneeded" });
  const kinds = new Map([["test", { isNumeric: false }]]);
  const study = {
    plan,
    options: { device: "cpu" },
    graph: { kinds },
    experiment: {},
  } as unknown as Study;
  const sample = { kind: "test", elapsedMs: 4000, cost: NO_COST };
  const known = new Forecast([{ ...sample, bytes: 10 }]);
  assert.deepEqual(prospectOf(study, known, 2), {
    wallMs: 4000,
    workMs: 8000,
    assumedMs: 0,
    slots: 2,
    bytes: 20,
    estimatedBytes: 0,
    unknownTime: new Map(),
    unknownBytes: new Map(),
  });
  const timeOnly = prospectOf(study, new Forecast([sample]), 1);
  assert.deepEqual([timeOnly.workMs, timeOnly.bytes], [8000, 0]);
  assert.deepEqual(timeOnly.unknownBytes, new Map([["test", 2]]));
  const nothing = prospectOf(study, new Forecast(), 1);
  assert.deepEqual([nothing.wallMs, nothing.unknownTime], [0, new Map([["test", 2]])]);
});

Deno.test("prospectOf() goes by the spec's speed and the kinds' sizes where nothing was recorded", () => {
  const { tasks, ...rest } = planOf({ a: "run", b: "run" });
  const sized = [...tasks].map(([key, task], i) =>
    [key, { ...task, bytes: 100, cost: { ...NO_COST, flops: i === 0 ? 3e12 : 0 } }] as const
  );
  const study = {
    plan: { ...rest, tasks: new Map(sized) },
    options: { device: "cpu" },
    graph: { kinds: new Map([["test", { isNumeric: false }]]) },
    experiment: { assume: { flopsPerSecond: 1e12 } },
  } as unknown as Study;
  const { assumedMs, workMs, bytes, estimatedBytes, unknownTime, unknownBytes } = prospectOf(
    study,
    new Forecast(),
    1,
  );
  assert.deepEqual([assumedMs, workMs, bytes, estimatedBytes], [3000, 3000, 200, 200]);
  assert.deepEqual([unknownTime, unknownBytes], [new Map([["test", 1]]), new Map()]);
  const recorded = new Forecast([{ kind: "test", elapsedMs: 10, bytes: 1, cost: NO_COST }]);
  const sizeOf = (forecast: Forecast) => {
    const { bytes, estimatedBytes } = prospectOf(study, forecast, 1);
    return [bytes, estimatedBytes];
  };
  // What has a size is not guessed from what had none.
  assert.equal(prospectOf(study, recorded, 1).assumedMs, 3000);
  assert.deepEqual(sizeOf(recorded), [200, 200], "recorded of something much smaller");
  const similar = new Forecast([{ kind: "test", elapsedMs: 10, bytes: 300, cost: NO_COST }]);
  assert.deepEqual(sizeOf(similar), [600, 0], "its state comes on top of what is estimated");
});

Deno.test("plan does not take the disk of a large model from what a tiny one left", async () => {
  await using study = await TinyStudy.make();
  await study.run();
  await study.edit("hiddenSize: 16", "hiddenSize: 256");
  const { stdout } = await study.call("plan", "study.yaml", "--json", "--only", "stage=pretrain");
  const { prospect } = JSON.parse(stdout);
  // Four models of 0.9 million parameters, of 4 bytes each.
  assert.ok(prospect.bytes > 1e7, JSON.stringify(prospect));
});

Deno.test("plan tells time by what earlier runs recorded, and of what it is unknown", async () => {
  await using study = await TinyStudy.make();
  const first = await study.call("plan", "study.yaml");
  assert.match(
    first.stdout,
    /^time unknown of 1 corpus, 1 vocab, 1 shards, 1 conll, 4 pretrain, 4 ner: nothing like it was/m,
  );
  await study.run();
  const recorded = await readDurations(study.path("results/titrate.duckdb"), {
    device: "cpu",
    kinds: ["corpus", "ner"],
  });
  assert.deepEqual(recorded.map(({ kind }) => kind).sort(), ["corpus", "ner", "ner", "ner", "ner"]);
  assert.ok(recorded.every(({ elapsedMs }) => elapsedMs > 0));
  await study.edit("size: 200", "size: 190");
  const { prospect } = JSON.parse(
    (await study.call("plan", "study.yaml", "--json", "--jobs", "1", "--only", "stage=shards"))
      .stdout,
  );
  assert.deepEqual(prospect.unknownTime, {});
  assert.equal(prospect.slots, 1);
  assert.ok(prospect.workMs > 0 && prospect.workMs === prospect.wallMs, JSON.stringify(prospect));
  const { stdout } = await study.call("plan", "study.yaml", "--only", "stage=shards");
  assert.match(stdout, /^about .* .*, by what was recorded /m);
});
