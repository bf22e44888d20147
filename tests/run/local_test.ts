/** What workers hold of a device that is shared in parts. */
import assert from "node:assert/strict";
import { deviceOf } from "../../lib/engine/devices.ts";
import type { Job } from "../../lib/executor/executor.ts";
import type { TaskKind } from "../../lib/graph/task.ts";
import { placesOn } from "../../lib/run/local.ts";

const kinds = new Map(
  Object.entries({
    pretrain: { isNumeric: true },
    ner: { isNumeric: true, sharesDevice: true },
    vocab: { isNumeric: false },
  }).map(([kind, each]) => [kind, each as TaskKind]),
);
const job = (kind: string, device: string) => ({ kind, device }) as Job;

Deno.test("placesOn() parts a GPU's memory among those that share it, and keeps the two apart", () => {
  const { warmFor, memoryShare, endsBefore } = placesOn(deviceOf("cuda"), { jobs: 2, kinds });
  const all = ["pretrain", "ner", "vocab"].map((kind) => job(kind, "cuda"));
  assert.deepEqual(all.map(memoryShare), [undefined, 0.25, undefined]);
  // What computes nothing has a worker that holds nothing.
  const warm = all.map(warmFor);
  assert.deepEqual(warm, ["cuda", "a part of cuda", ""]);
  const ends = all.map((each) => warm.map((held) => endsBefore(held, each)));
  assert.deepEqual(ends, [[false, true, false], [true, false, false], [false, false, false]]);
});

Deno.test("placesOn() keeps every worker of a CPU, and of a device for one those that compute", () => {
  const all = ["pretrain", "ner", "vocab"].map((kind) => job(kind, "x"));
  for (const [slots, jobs, vocab] of [[4, 2, "x"], [1, 2, ""]] as const) {
    const device = { slots: () => slots, trainingSlots: () => 1 };
    const { warmFor, memoryShare, endsBefore } = placesOn(device, { jobs, kinds });
    assert.deepEqual(all.map(warmFor), ["x", "x", vocab]);
    assert.deepEqual(all.map(memoryShare), [undefined, undefined, undefined]);
    assert(!all.some((each) => endsBefore("x", each) || endsBefore("", each)));
  }
});
