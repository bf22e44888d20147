/** An answer as JSON, for programs: every number in the metric's own unit, none rounded. */
import type { Json, JsonObject } from "../../base/canonical.ts";
import type { Answer, ScoreAnswer } from "./answer.ts";
import type { ScoreCell } from "./scores.ts";

/** The answer as plain values; what is not finite is null. */
export function answerJson({ question, sentences, main, others, warnings }: Answer): JsonObject {
  return plain({
    question,
    sentences,
    main: main === undefined ? null : { ...scoreJson(main), rule: main.rule },
    others: others.map(scoreJson),
    warnings,
  });
}

function scoreJson({ score, best, doublings, foretold }: ScoreAnswer) {
  const { stage, benchmark, metric, split, declared, cells } = score;
  const { cell, alike, cheapest, isConstant, beside } = best;
  return {
    stage,
    benchmark,
    metric,
    split,
    unit: declared.unit,
    better: declared.better,
    cells: cells.length,
    best: {
      ...cellJson(cell),
      isConstant,
      alike: alike.map(({ axes }) => axes),
      cheapest: cheapest?.axes,
      beside: beside.map(({ stage, difference }) => ({ stage, difference })),
    },
    doublings,
    foretold,
  };
}

function cellJson({ axes, mean, flops }: ScoreCell): object {
  return { axes, ...mean, flops };
}

/** As JSON has it: what is undefined is left out, NaN and the infinities are null. */
function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as Record<string, Json>;
}
