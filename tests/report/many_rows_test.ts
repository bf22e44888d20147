import assert from "node:assert/strict";
import { exitCodeOf } from "../../lib/cli/exit.ts";
import { goodnessOf } from "../../lib/page/heat_map.ts";
import { answerOf } from "../../lib/report/answer/answer.ts";
import type { AnswerRow } from "../../lib/report/answer/study_record.ts";
import { curvePanels } from "../../lib/report/figures/curves.ts";
import { sparkline } from "../../lib/report/text/sparkline.ts";
import { F1, NO_FACTS } from "./_rows.ts";

const COUNT = 200_000;
const NUMBERS = Array.from({ length: COUNT }, (_, i) => i + 1);
const ROWS = NUMBERS.map((steps): AnswerRow => ({
  stage: "ner",
  axes: { steps },
  benchmark: "ner",
  metric: "f1",
  split: "test",
  declared: F1,
  seed: undefined,
  value: steps / (COUNT + steps),
  x: {},
}));

/** What a user has of very many rows, tasks or faults. */
const CASES: Readonly<Record<string, () => void>> = {
  "the answer of a study": () => {
    const cells = ROWS.map(({ stage, axes }) => ({ stage, axes, state: "there" as const }));
    const { question } = answerOf({ experiment: "study", rows: ROWS, cells, fits: [] });
    assert.match(question, /with steps \(1 to 200,000\)\?$/);
  },
  "the figure of a study": () => {
    const [panel] = curvePanels(ROWS.map((row) => ({ ...row, x: NO_FACTS })), []);
    assert.equal(panel!.scale, "log");
    assert.equal(panel!.curves[0]!.points.length, COUNT);
  },
  "the colours of a grid": () => {
    assert.equal(goodnessOf(NUMBERS, "higher").at(-1), 1);
  },
  "a curve in the terminal": () => {
    assert.equal(sparkline(NUMBERS).length, COUNT);
  },
  "the exit code of as many faults": () => {
    const fault = { code: "run/bug", message: "one of many" } as const;
    assert.equal(exitCodeOf(NUMBERS.map(() => fault)), 1);
  },
};

for (const [name, have] of Object.entries(CASES)) {
  Deno.test(`200,000 rows overflow no stack: ${name}`, have);
}
