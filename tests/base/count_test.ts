import assert from "node:assert/strict";
import { agreeing, counted, formatBytes, formatCount } from "../../lib/base/count.ts";

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

Deno.test("formatCount() and formatBytes() give three digits and a prefix, of any number", () => {
  const cases: readonly [number, string, string][] = [
    [0, "0", "0 B"],
    [999, "999", "999 B"],
    [1000, "1k", "1 kB"],
    [54_321, "54.3k", "54.3 kB"],
    [999_950, "1M", "1 MB"],
    [29.9e9, "29.9G", "29.9 GB"],
    [1.5e15, "1.5P", "1.5 PB"],
    [Infinity, "InfinityE", "Infinity EB"],
    [NaN, "NaN", "NaN B"],
  ];
  for (const [value, count, bytes] of cases) {
    assert.deepEqual([formatCount(value), formatBytes(value)], [count, bytes]);
  }
});
