import assert from "node:assert/strict";
import { agreeing, counted } from "../../lib/base/count.ts";

Deno.test("counted() has the singular for one alone, and plurals as they are written", () => {
  const cases: readonly [string, string][] = [
    [counted(0, "point"), "0 points"],
    [counted(1, "point"), "1 point"],
    [counted(2, "point"), "2 points"],
    [counted(2, "entity"), "2 entities"],
    [counted(2, "key"), "2 keys"],
    [counted(3, "axis", "axes"), "3 axes"],
    [counted(2, "cached corpus result"), "2 cached corpus results"],
    [agreeing(1, "is", "are"), "is"],
    [agreeing(0, "is", "are"), "are"],
  ];
  for (const [actual, expected] of cases) assert.equal(actual, expected);
});
