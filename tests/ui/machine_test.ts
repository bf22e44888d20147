import assert from "node:assert/strict";
import { Machine } from "../../lib/ui/machine.ts";

Deno.test("two pages that look at once are told the same of the cores, not the share of a tick", () => {
  let nowMs = 0, all = 0, idle = 0;
  const machine = new Machine({ timesNow: () => ({ cores: 2, all, idle }), nowMs: () => nowMs });
  const told: string[][] = [];
  for (let second = 0; second < 3; second++) {
    const one = machine.look().coresText;
    // The other page looks a tick later, in which the cores happen to do nothing.
    [nowMs, all, idle] = [nowMs + 10, all + 20, idle + 20];
    told.push([one, machine.look().coresText]);
    [nowMs, all, idle] = [nowMs + 990, all + 1980, idle + 480];
  }
  assert.deepEqual(told, [["0.0 / 2", "0.0 / 2"], ["1.5 / 2", "1.5 / 2"], ["1.5 / 2", "1.5 / 2"]]);
});
