import assert from "node:assert/strict";
import { ReadyQueue } from "../../lib/graph/ready_queue.ts";

Deno.test("ReadyQueue gives the most urgent key first, equal ones in the order of the map", () => {
  const queue = new ReadyQueue(new Map([["a", 1], ["b", 5], ["c", 5], ["d", 0], ["e", 9]]));
  assert.equal(queue.pop(), undefined);
  for (const key of ["d", "c", "a", "b"]) queue.push(key);
  assert.equal(queue.pop(), "b");
  queue.push("e");
  assert.deepEqual(Array.from({ length: 5 }, () => queue.pop()), ["e", "c", "a", "d", undefined]);
});

Deno.test("ReadyQueue keeps that order between keys that need a device and those that do not", () => {
  const keys = ["a", "bound b", "c", "bound d"];
  const takes = (key: string) => key.startsWith("bound") ? 1 : 0;
  const queue = new ReadyQueue(new Map(keys.map((key) => [key, 1])), takes);
  for (const key of keys.toReversed()) queue.push(key);
  assert.deepEqual(keys.map(() => queue.pop({ free: 1 })), keys);
});
