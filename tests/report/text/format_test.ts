import assert from "node:assert/strict";
import { formatDuration, formatExact, formatNumber } from "../../../lib/report/text/format.ts";

Deno.test("numbers and durations read well", () => {
  const numbers: [number, string][] = [
    [0, "0"],
    [54000, "54000"],
    [0.123456, "0.1235"],
    [2e6, "2.00e+6"],
    [1e-5, "0.0000100"],
    [-3.5, "-3.5"],
    [Infinity, "∞"],
    [NaN, "?"],
  ];
  for (const [value, text] of numbers) assert.equal(formatNumber(value), text);
  const exact: [number, string][] = [[0, "0"], [12_344.2, "12,345"], [1.2345e15, "1.235e+15"]];
  for (const [value, text] of exact) assert.equal(formatExact(value), text);
  const durations: [number, string][] = [
    [850, "850 ms"],
    [999.7, "1.0 s"],
    [12_345, "12.3 s"],
    [59_960, "1 min 00 s"],
    [245_000, "4 min 05 s"],
    [7_380_000, "2 h 03 min"],
  ];
  for (const [value, text] of durations) assert.equal(formatDuration(value), text);
});
