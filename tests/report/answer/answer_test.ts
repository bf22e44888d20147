import assert from "node:assert/strict";
import fc from "fast-check";
import type { StudyFit } from "../../../lib/analysis/scaling.ts";
import type { JsonObject } from "../../../lib/base/canonical.ts";
import type { Metric } from "../../../lib/base/measures.ts";
import { answerOf } from "../../../lib/report/answer/answer.ts";
import type {
  AnswerCell,
  AnswerRow,
  StudyRecord,
} from "../../../lib/report/answer/study_record.ts";
import { F1 } from "../_rows.ts";

const LOSS: Metric = {
  unit: "nats",
  better: "lower",
  range: [0, Infinity],
  isHeadline: true,
  about: "",
};

function row(given: Partial<AnswerRow> & { axes: JsonObject; value: number }): AnswerRow {
  return {
    stage: "ner",
    benchmark: "ner",
    metric: "f1",
    split: "test",
    declared: F1,
    seed: given.axes["seed"] as number,
    x: {},
    ...given,
  };
}

function study(rows: readonly AnswerRow[], more: Partial<StudyRecord> = {}): StudyRecord {
  const cells = rows.map(({ stage, axes }): AnswerCell => ({ stage, axes, state: "there" }));
  return { experiment: "study", rows, cells, fits: [], ...more };
}

/** f1 over tokens and steps, three seeds; more tokens help, steps do after the first. */
const GRID = [1000, 2000, 4000].flatMap((tokens, i) =>
  [100, 200].flatMap((steps, j) =>
    [1, 2, 3].map((seed) =>
      row({
        axes: { tokens, steps, seed },
        value: 0.5 + 0.1 * i + 0.05 * j + 0.002 * seed,
        x: { flops: tokens * steps, seenTokens: 1000, uniqueTokens: 1000 },
      })
    )
  )
);

const FIT: StudyFit = {
  fit: "by_tokens",
  cell: { steps: 200 },
  stage: "ner",
  benchmark: "ner",
  metric: "f1",
  split: "test",
  against: "uniqueTokens",
  form: "limit + amplitude * x^-exponent",
  points: 9,
  parameters: { limit: 0.8, amplitude: -1, exponent: 0.5 },
  shape: "saturating",
  next: { x: 8000, value: 0.791, interval: { low: 0.77, high: 0.812 } },
  warnings: [],
};

Deno.test("answerOf() says what a grid of three seeds says, main score first", () => {
  const start = [1, 2, 3].map((seed) =>
    row({ stage: "start", axes: { seed }, value: 0.2 + 0.001 * seed })
  );
  const loss = [1000, 2000].map((tokens) =>
    row({
      stage: "pretrain",
      benchmark: "mlm",
      metric: "lossNats",
      split: "validation",
      declared: LOSS,
      axes: { tokens, seed: 1 },
      value: 3 - tokens / 1000,
    })
  );
  const answer = answerOf(
    study([...loss, ...GRID, ...start], { about: "How much text.", fits: [FIT] }),
  );
  assert.equal(
    answer.question,
    "How much text: how do ner test f1 and mlm validation lossNats change with " +
      "tokens (1,000 to 4,000) and steps (100 to 200)?",
  );
  assert.deepEqual(answer.sentences, [
    "Of 6 cells ner{tokens=4000, steps=200} is best, with ner test f1 75.4% ± 0.2 " +
    "(standard deviation, n = 3 seeds): +55.2 points [+55.0, +55.4] against start.",
    "A doubling of tokens changes ner test f1 by +10.0 points [+10.0, +10.0] from 1,000 to " +
    "4,000 at steps=200, at its end (from 2,000 on) by +10.0 points [+10.0, +10.0]; one of " +
    "steps by +5.0 points [+5.0, +5.0] from 100 to 200 at tokens=4000.",
    "For twice as much the fits foretell ner test f1 79.1% [77.0, 81.2] at uniqueTokens 8,000 " +
    "(by_tokens{steps=200}).",
  ]);
  assert.equal(
    answer.main?.rule,
    "the first stage of the spec with a score on a test part at several cells",
  );
  assert.deepEqual(
    answer.others.map(({ score }) => score.stage),
    ["pretrain", "start"],
  );
});

Deno.test("an answer of a study of which some cells failed counts no cells that are not there", () => {
  const first = (...states: ("failed" | "there" | "missing")[]) =>
    answerOf(
      study([], {
        cells: states.map((state, i) => ({ stage: "ner", axes: { seed: i }, state })),
      }),
    ).sentences[0];
  const says = "the view failures says why.";
  assert.equal(
    first("failed", "there"),
    `Nothing can be said of study yet: 1 of 2 cells failed: ${says}`,
  );
  assert.equal(
    first("failed", "there", "missing"),
    `Nothing can be said of study yet: 1 of 3 cells failed and 1 has not been computed: ${says}`,
  );
});

/** Studies that say little, and what is said of them. */
const LITTLE: readonly (readonly [string, StudyRecord, readonly [string, string, string]])[] = [
  ["no cells", study([]), [
    "Nothing can be said of study yet: its spec has no cells.",
    "What a doubling brings cannot be said without scores.",
    "What twice as much would bring cannot be foretold without scores.",
  ]],
  [
    "nothing ran",
    study([], { cells: [{ stage: "ner", axes: {}, state: "missing" }] }),
    [
      "Nothing can be said of study yet: 1 cell, of which 1 has not been computed: run its spec.",
      "What a doubling brings cannot be said without scores.",
      "What twice as much would bring cannot be foretold without scores.",
    ],
  ],
  [
    "all failed",
    study([], {
      cells: [
        { stage: "ner", axes: { seed: 1 }, state: "failed" },
        { stage: "ner", axes: { seed: 2 }, state: "skipped" },
      ],
    }),
    [
      "Nothing can be said of study yet: 2 cells, and all failed: the view failures says why.",
      "What a doubling brings cannot be said without scores.",
      "What twice as much would bring cannot be foretold without scores.",
    ],
  ],
  ["no number", study([row({ axes: { steps: 1, seed: 1 }, value: NaN })]), [
    "Nothing can be said of study yet: no score of it is a number of which one way is better.",
    "What a doubling brings cannot be said without scores.",
    "What twice as much would bring cannot be foretold without scores.",
  ]],
  ["one point", study([row({ axes: { seed: 1 }, value: 0.5 })]), [
    "ner is the one cell that was measured, with ner test f1 50.0% (n = 1, so that its " +
    "deviation is not known).",
    "What a doubling brings cannot be said: no axis of the spec varies ner.",
    "What twice as much would bring is not foretold: the spec asks for no fit of ner test f1 " +
    "at ner.",
  ]],
  [
    "one seed",
    study([10, 20].map((steps) => row({ axes: { steps, seed: 1 }, value: steps / 100 }))),
    [
      "Of 2 cells ner{steps=20} is best, with ner test f1 20.0% (n = 1, so that its deviation " +
      "is not known).",
      "A doubling of steps changes ner test f1 by +10.0 points (one seed, no interval) from 10 to 20.",
      "What twice as much would bring is not foretold: the spec asks for no fit of ner test f1 " +
      "at ner.",
    ],
  ],
  [
    "constant values",
    study(
      [10, 20].flatMap((steps) => [1, 2].map((seed) => row({ axes: { steps, seed }, value: 0 }))),
    ),
    [
      "All 2 cells of ner have the same ner test f1 of 0.0%, so that none is best.",
      "A doubling of steps changes ner test f1 by 0.0 points [0.0, 0.0] from 10 to 20.",
      "What twice as much would bring is not foretold: the spec asks for no fit of ner test f1 " +
      "at ner.",
    ],
  ],
  [
    "an axis of names",
    study(["a", "b"].map((arm) => row({ axes: { arm, seed: 1 }, value: arm === "a" ? 0.5 : 0.6 }))),
    [
      "Of 2 cells ner{arm=b} is best, with ner test f1 60.0% (n = 1, so that its deviation is " +
      "not known).",
      "What a doubling brings cannot be said: arm has no numbers above 0.",
      "What twice as much would bring is not foretold: the spec asks for no fit of ner test f1 " +
      "at ner.",
    ],
  ],
];

for (const [name, record, sentences] of LITTLE) {
  Deno.test(`answerOf() says what is missing: ${name}`, () => {
    assert.deepEqual(answerOf(record).sentences, sentences);
  });
}

Deno.test("answerOf() says why a fit foretells nothing", () => {
  const { next: _, ...silent } = FIT;
  const { parameters: __, ...unfitted } = silent;
  const cases: [StudyFit, string][] = [
    [
      { ...FIT, shape: "flat" },
      "Twice as much is not foretold: by_tokens{steps=200} does not say, as its points show no " +
      "dependence.",
    ],
    [
      { ...unfitted, warnings: ["not fitted: 2 points"] },
      "Twice as much is not foretold: by_tokens{steps=200} does not say, as not fitted: 2 points.",
    ],
    [
      { ...silent, next: { x: 8000, value: 0.8 } },
      "For twice as much the fits foretell ner test f1 80.0% (without an interval) at " +
      "uniqueTokens 8,000 (by_tokens{steps=200}).",
    ],
  ];
  for (const [fit, sentence] of cases) {
    assert.equal(answerOf(study(GRID, { fits: [fit] })).sentences[2], sentence);
  }
});

Deno.test("of the curves of one fit, the answer takes that through the best cell", () => {
  const fits = [100, 200].map((steps) => ({ ...FIT, cell: { steps } }));
  const { main } = answerOf(study(GRID, { fits }));
  assert.deepEqual(main?.foretold.map(({ label }) => label), ["by_tokens{steps=200}"]);
});

Deno.test("a mean over folds is the main score, not the folds", () => {
  const folds = [1, 2].flatMap((fold) =>
    [10, 20].map((steps) => row({ axes: { steps, fold }, seed: 0, value: steps / 100 + fold / 50 }))
  );
  const means = [10, 20].map((steps) =>
    row({
      stage: "mean",
      declared: { ...F1, isOfCells: true },
      axes: { steps },
      seed: undefined,
      value: steps / 100 + 0.03,
    })
  );
  assert.equal(answerOf(study([...folds, ...means])).main?.score.stage, "mean");
});

Deno.test("numbers have no more digits than their uncertainty allows", () => {
  const rows = [10, 20].flatMap((steps) =>
    [1, 2].map((seed) => row({ axes: { steps, seed }, value: 0.3 + seed * steps / 100 }))
  );
  const [best] = answerOf(study(rows)).sentences;
  assert.match(best, /f1 60% ± 14 \(standard deviation, n = 2 seeds\)/);
});

/** Warnings by their codes, with where they hold. */
const WARNED: readonly (readonly [string, StudyRecord, readonly string[]])[] = [
  [
    "failed-cells",
    study(GRID, {
      cells: [
        { stage: "ner", axes: { seed: 1 }, state: "failed" },
        { stage: "ner", axes: { seed: 2 }, state: "there" },
      ],
    }),
    ["ner{seed=1}"],
  ],
  [
    "missing-cells",
    study(GRID, { cells: [{ stage: "ner", axes: { seed: 1 }, state: "missing" }] }),
    ["ner{seed=1}"],
  ],
  [
    "former-cells",
    study(GRID, { cells: [{ stage: "ner", axes: { seed: 1 }, state: "former" }] }),
    ["ner{seed=1}"],
  ],
  ["not-finite", study([...GRID, row({ axes: { tokens: 9, seed: 1 }, value: NaN })]), [
    "ner{tokens=9, seed=1}",
  ]],
  [
    "constant",
    study([
      row({ axes: { steps: 1, seed: 1 }, value: 1 }),
      row({
        axes: { steps: 2, seed: 1 },
        value: 1,
      }),
    ]),
    ["ner"],
  ],
  ["few-seeds", study(GRID.filter(({ seed }) => seed === 1)), ["ner"]],
  ["few-seeds", study(GRID.filter(({ seed }) => seed !== 1)), ["ner"]],
  ["unannealed", study(GRID.map((each) => ({ ...each, x: { learningRateShare: 1 } }))), ["ner"]],
  [
    "repeated-data",
    study([row({ axes: { seed: 1 }, value: 1, x: { seenTokens: 500, uniqueTokens: 100 } })]),
    ["ner{seed=1}"],
  ],
  [
    "below-noise",
    study(
      [10, 20].flatMap((steps) =>
        [1, 2, 3].map((seed) =>
          row({ axes: { steps, seed }, value: 0.5 + seed / 10 + steps / 1e4 })
        )
      ),
    ),
    ["ner{steps=10}"],
  ],
  [
    "no-gain",
    study([
      ...GRID,
      ...[1, 2, 3].map((seed) => row({ stage: "start", axes: { seed }, value: 0.1 + seed / 1e3 })),
      ...[1, 2, 3].map((seed) =>
        row({ stage: "control", axes: { seed }, value: 0.9 + seed / 1e3 })
      ),
    ]),
    ["control"],
  ],
  [
    "no-gain",
    study([0, 10, 20].map((steps) =>
      row({
        metric: "lossNats",
        declared: LOSS,
        axes: { steps, seed: 1 },
        value: 1 + steps / 10,
        x: { learningRateShare: 0 },
      })
    )),
    ["ner{steps=0}"],
  ],
  [
    "leakage",
    study([
      ...GRID,
      row({
        stage: "data",
        benchmark: "leakage",
        metric: "copyShare",
        axes: {},
        seed: undefined,
        value: 0.02,
        declared: {
          ...F1,
          better: "lower",
          isHeadline: false,
          doubt: DOUBT("leakage", { above: 0 }),
        },
      }),
    ]),
    ["data"],
  ],
  [
    "bag-of-words",
    study([
      ...GRID,
      row({
        stage: "pretrain",
        metric: "contextGapNats",
        axes: {},
        value: 0.08,
        standardError: 0.04,
        declared: {
          unit: "nats",
          isHeadline: true,
          about: "",
          doubt: DOUBT("bag-of-words", { below: 0.05 }),
        },
      }),
    ]),
    ["pretrain"],
  ],
  ["extrapolation", study(GRID, { fits: [{ ...FIT, shape: "unsaturated" }] }), [
    "by_tokens{steps=200}",
  ]],
  [
    "extrapolation",
    study(GRID, { fits: [{ ...FIT, goodness: { rmse: 0.01, heldOutRmse: 0.05 } }] }),
    ["by_tokens{steps=200}"],
  ],
  ["fit", study(GRID, { fits: [{ ...FIT, shape: "flat", warnings: ["no dependence"] }] }), [
    "by_tokens{steps=200}",
  ]],
];

function DOUBT(code: string, bound: { above?: number; below?: number }) {
  return { code, ...bound, says: "it is so" };
}

for (const [code, record, where] of WARNED) {
  Deno.test(`answerOf() warns of ${code} at ${where.join(", ")}`, () => {
    const found = answerOf(record).warnings.filter((each) => each.code === code);
    assert.deepEqual(found[0]?.where, where);
  });
}

Deno.test("the warning of a start that no training beats says by how much, and none is of one that is beaten", () => {
  const beside = (value: number) =>
    study([...GRID, ...[1, 2, 3].map((seed) => row({ stage: "control", axes: { seed }, value }))]);
  const texts = (record: StudyRecord) =>
    answerOf(record).warnings.filter(({ code }) => code === "no-gain").map(({ text }) => text);
  assert.deepEqual(texts(beside(0.8)), [
    "no trained cell of ner has as good a ner test f1 as control: the best of them has " +
    "-4.6 points [-5.1, -4.1] against it; by this score training has brought nothing",
  ]);
  for (const value of [0.1, 0.75]) assert.deepEqual(texts(beside(value)), []);
});

Deno.test("a study without anything doubtful has no warnings", () => {
  assert.deepEqual(answerOf(study(GRID, { fits: [FIT] })).warnings, []);
});

const anyRow = fc.record({
  stage: fc.constantFrom("a", "b"),
  metric: fc.constantFrom("f1", "lossNats"),
  split: fc.constantFrom("test", "dev", "validation"),
  steps: fc.constantFrom(0, 1, 2, 1e9, "many", null),
  seed: fc.constantFrom(1, 2, undefined),
  value: fc.oneof(fc.double(), fc.constantFrom(0, 0.5)),
  standardError: fc.constantFrom(undefined, 0, 0.1),
  flops: fc.constantFrom(undefined, 1, 2),
});

Deno.test("answerOf() answers any rows in whole sentences, without NaN", () => {
  fc.assert(fc.property(fc.array(anyRow, { maxLength: 12 }), (some) => {
    const once = new Map(some.map((each) => [
      JSON.stringify([
        each.stage,
        each.metric,
        each.split,
        each.steps,
        each.seed ?? null,
      ]),
      each,
    ]));
    const rows = [...once.values()].map(({ steps, seed, flops, metric, ...each }) =>
      row({
        ...each,
        metric,
        declared: metric === "f1" ? F1 : LOSS,
        seed,
        axes: { steps, ...(seed === undefined ? {} : { seed }) },
        x: { flops },
      })
    );
    const { question, sentences, warnings } = answerOf(study(rows));
    assert.match(question, /\?$/);
    for (const text of [question, ...sentences, ...warnings.map(({ text }) => text)]) {
      assert.doesNotMatch(text, /NaN|undefined|\[object/);
    }
    for (const sentence of sentences) assert.match(sentence, /^[A-Za-z].*\.$/);
  }));
});
