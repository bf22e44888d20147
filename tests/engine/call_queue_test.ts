import assert from "node:assert/strict";
import { CallQueue } from "../../lib/engine/call_queue.ts";

const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("CallQueue does calls one after the other, in the order in which they are made", async () => {
  const queue = new CallQueue(), log: string[] = [];
  const call = (name: string) => async () => {
    log.push(`${name} begins`);
    await pause();
    log.push(`${name} ends`);
    return name;
  };
  const results = [
    queue.run(call("a")),
    queue.runInTwo({ take: () => log.push("taken"), compute: call("b") }),
    queue.runAnyway(call("c")),
  ];
  assert.deepEqual(await Promise.all(results), ["a", "b", "c"]);
  const expected = ["a begins", "a ends", "taken", "b begins", "b ends", "c begins", "c ends"];
  assert.deepEqual(log, expected);
});

Deno.test("CallQueue goes on after a call that throws, but not after a lost computation", async () => {
  const queue = new CallQueue();
  const fail = () => {
    throw new Error("refused");
  };
  const compute = () => Promise.resolve(1);
  await assert.rejects(queue.run(fail), /refused/);
  await assert.rejects(queue.runInTwo({ take: fail, compute }), /refused/);
  assert.equal(await queue.runInTwo({ take: () => {}, compute }), 1);
  const lost = () => Promise.reject(new Error("the device is lost"));
  const calls = [queue.runInTwo({ take: () => {}, compute: lost }), queue.run(() => 2)];
  for (const each of calls) await assert.rejects(each, /the device is lost/);
  assert.equal(await queue.runAnyway(() => 3), 3);
});
