import assert from "node:assert/strict";
import type { Metric } from "../../../lib/base/measures.ts";
import {
  formatGrid,
  type GridRow,
  gridTables,
  headlineRows,
} from "../../../lib/report/text/grid.ts";
import { F1 } from "../_rows.ts";

const NATS: Metric = { unit: "nats", better: "lower", isHeadline: true, about: "A loss." };
const SEEDS = "±: standard deviation over seeds";
const ONE_SEED = "one seed and no standard errors: small differences may be noise";
const MARK = "*: the best, and what is not shown to differ from it: by less than 2 standard errors";

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
    title: "ner: ner test f1",
    text: [
      "size       steps 10             20",
      " 100  21.500 ±0.707  31.500 ±0.707",
      " 200  31.500 ±0.707  41.500 ±0.707",
    ].join("\n"),
    notes: [SEEDS],
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
    { ...score, declared: F1, stage: "start", axes: { seed }, seed, value: 0.2 + seed / 100 },
    { ...score, declared: F1, stage: "control", axes: { seed }, seed, value: 0.25 },
  ]);
  assert.deepEqual(gridTables(rows), [{
    title: "single cells",
    text: [
      "stage    metric              value",
      "start    ner test f1, %  21.5 ±0.7",
      "control  ner test f1, %  25.0 ±0.0",
    ].join("\n"),
    notes: [SEEDS],
  }]);
});

Deno.test("the printed grid tells apart axis values that are nearly the same", () => {
  const rows = (axis: string, values: readonly (string | number | boolean)[]): GridRow[] =>
    values.flatMap((value, i) =>
      [2, 4].map((steps) => ({
        ...score,
        stage: "pretrain",
        axes: { steps, [axis]: value },
        value: steps + i,
        seed: 0,
      }))
    );
  const cases: [(string | number | boolean)[], string[]][] = [
    [[20240101, 20240201], ["20240101", "20240201"]],
    [[0.12345, 0.12349], ["0.12345", "0.12349"]],
    [["4", 4, "true", true], ['"4"', "4", '"true"', "true"]],
    [["a", "a "], ["a", '"a "']],
  ];
  for (const [values, labels] of cases) {
    const text = formatGrid(rows("version", values));
    const [, head, ...lines] = text.split("\n");
    const joined = labels.join("").replaceAll(" ", "");
    assert.equal(head!.replaceAll(" ", ""), `stepsversion${joined}`);
    assert.deepEqual(
      lines[0]!.trim().split(/ +/).slice(1).map(Number),
      values.map((_, i) => 2 + i),
    );
    assert.doesNotMatch(text, /±/);
    assert.ok(text.endsWith(ONE_SEED));
  }
});

Deno.test("the printed grid marks what differs from the best by less than noise", () => {
  const at = (steps: number, values: number[], declared: Metric, error?: number): GridRow[] =>
    values.map((value, i) => ({
      stage: "s",
      axes: { steps, seed: i },
      seed: i,
      benchmark: "b",
      metric: "m",
      split: "test",
      declared,
      value,
      standardError: error,
    }));
  const cases: { rows: GridRow[]; shows: string; notes: string[] }[] = [
    {
      rows: [
        ...at(1, [0.70, 0.72], F1),
        ...at(2, [0.88, 0.90], F1),
        ...at(3, [0.89, 0.93], F1),
      ],
      shows: "71.0 ±1.4  *89.0 ±1.4  *91.0 ±2.8",
      notes: [SEEDS, MARK],
    },
    {
      rows: [
        ...at(1, [2.5], NATS, 0.06),
        ...at(2, [1.9], NATS, 0.05),
        ...at(3, [1.88], NATS, 0.05),
      ],
      shows: "2.500 (0.060)  *1.900 (0.050)  *1.880 (0.050)",
      notes: ["( ): standard error of one value by the choice of the text", MARK],
    },
    {
      rows: [...at(1, [2.5], NATS), ...at(2, [1.9], NATS)],
      shows: "2.500  1.900",
      notes: [ONE_SEED],
    },
    {
      rows: [...at(1, [NaN], NATS, NaN), ...at(2, [2], NATS, 0.1), ...at(3, [3], NATS, 0.1)],
      shows: "? (?)  *2.000 (0.100)  3.000 (0.100)",
      notes: ["( ): standard error of one value by the choice of the text", MARK],
    },
  ];
  for (const { rows, shows, notes } of cases) {
    const [table] = gridTables(rows);
    assert.equal(table!.text.split("\n")[1]!.trim(), shows);
    assert.deepEqual(table!.notes, notes);
  }
});

Deno.test("ratios are percent in tables, and the head says so", () => {
  const row: GridRow = {
    ...score,
    stage: "ner",
    declared: F1,
    axes: { steps: 5 },
    value: 0.90125,
  };
  assert.equal(
    formatGrid([row]),
    `ner: ner test f1, %\nsteps 5\n   90.1\n\n${ONE_SEED}`,
  );
});

Deno.test("headlineRows() keeps what its kind calls a headline, dev where there is no other part", () => {
  const row = (metric: string, split: string, isHeadline?: boolean): GridRow => ({
    ...score,
    stage: "ner",
    axes: {},
    value: 1,
    metric,
    split,
    declared: isHeadline === undefined ? undefined : { ...F1, isHeadline },
  });
  const rows = [
    row("f1", "dev", true),
    row("f1", "test", true),
    row("recall", "test", false),
    row("made-up", "validation"),
    // A candidate's stage is scored on dev alone.
    { ...row("f1", "dev", true), stage: "tune" },
    { ...row("recall", "dev", false), stage: "tune" },
  ];
  assert.deepEqual(headlineRows(rows), [rows[1], rows[3], rows[4]]);
});
