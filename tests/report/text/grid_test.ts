import assert from "node:assert/strict";
import { formatCount, formatDuration, formatNumber } from "../../../lib/report/text/format.ts";
import {
  type GridRow,
  gridTables,
  headlineRows,
  summarise,
} from "../../../lib/report/text/grid.ts";

const score = { benchmark: "ner", metric: "f1", split: "test" };

Deno.test("gridTables() pivots the last swept axis and averages over seeds", () => {
  const rows: GridRow[] = [100, 200].flatMap((size) =>
    [10, 20].flatMap((steps) =>
      [1, 2].map((seed) => ({
        ...score,
        stage: "ner",
        axes: { size, steps, seed },
        seed,
        value: size / 10 + steps + seed,
      }))
    )
  );
  assert.deepEqual(gridTables(rows), [{
    title: "ner: ner f1, test",
    text: [
      "size   steps 10         20",
      " 100  21.5 ±0.7  31.5 ±0.7",
      " 200  31.5 ±0.7  41.5 ±0.7",
    ].join("\n"),
  }]);
});

Deno.test("gridTables() leaves absent cells empty and shows an only axis across", () => {
  const at = (size: number, steps: number, value: number): GridRow => ({
    stage: "pretrain",
    axes: { size, steps },
    benchmark: "mlm",
    metric: "lossNats",
    split: "validation",
    value,
  });
  assert.equal(
    gridTables([at(1, 5, 2.5), at(2, 5, 1.25), at(2, 9, 1)])[0]!.text,
    ["size  steps 5      9", "   1    2.500", "   2    1.250  1.000"].join("\n"),
  );
  const single = gridTables([{ ...at(1, 5, 2), axes: { steps: 5 } }, {
    ...at(1, 9, 1),
    axes: { steps: 9 },
  }]);
  assert.equal(single[0]!.text, ["steps 5      9", "  2.000  1.000"].join("\n"));
});

Deno.test("gridTables() joins stages without swept axes into one table", () => {
  const rows: GridRow[] = [1, 2].flatMap((seed) => [
    { ...score, stage: "start", axes: { seed }, seed, value: 20 + seed },
    { ...score, stage: "control", axes: { seed }, seed, value: 25 },
  ]);
  assert.deepEqual(gridTables(rows), [{
    title: "single cells",
    text: [
      "stage    metric            value",
      "start    ner f1, test  21.5 ±0.7",
      "control  ner f1, test  25.0 ±0.0",
    ].join("\n"),
  }]);
});

Deno.test("headlineRows() leaves precision, recall, accuracy and the dev part to SQL", () => {
  const row = (metric: string, split: string): GridRow => (
    { ...score, stage: "ner", axes: {}, value: 1, metric, split }
  );
  const rows = [
    row("f1", "dev"),
    row("f1", "test"),
    row("recall", "test"),
    row("lossNats", "validation"),
    row("maskedAccuracy", "validation"),
  ];
  assert.deepEqual(headlineRows(rows), [rows[1], rows[3]]);
});

Deno.test("summarise() gives no deviation for a single value", () => {
  assert.deepEqual(summarise([3]), { mean: 3 });
  assert.deepEqual(summarise([1, 3]), { mean: 2, deviation: Math.SQRT2 });
});

Deno.test("numbers, counts and durations read well", () => {
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
  const counts: [number, string][] = [
    [0, "0"],
    [999, "999"],
    [1000, "1k"],
    [54_321, "54.3k"],
    [999_950, "1M"],
    [1.5e15, "1.5P"],
  ];
  for (const [value, text] of counts) assert.equal(formatCount(value), text);
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
