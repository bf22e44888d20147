/**
 * The answer of a study: its question in a sentence, three sentences on what was found, and
 * what to be wary of. What the numbers cannot say is said.
 *
 * Plain data: whoever prints it, as text or as a page, finds here what stands in a sentence.
 */
import { agreeing, counted } from "../../base/count.ts";
import { type BestCell, bestCellOf, bestSentence } from "./best_cell.ts";
import { type Doubling, doublingsOf, doublingsSentence } from "./doublings.ts";
import { type Foretold, foretoldOf, foretoldSentence } from "./foretold.ts";
import { questionOf } from "./question.ts";
import { mainScore, scoresOf, type StudyScore } from "./scores.ts";
import type { StudyRecord } from "./study_record.ts";
import { type AnswerWarning, warningsOf } from "./warnings.ts";

/** What was found of one score. */
export interface ScoreAnswer {
  /** The score and the means of its cells. */
  readonly score: StudyScore;
  /** Its best cell. */
  readonly best: BestCell;
  /** What doublings of its axes bring. */
  readonly doublings: readonly Doubling[];
  /** What its fits say of twice as much. */
  readonly foretold: readonly Foretold[];
}

/** The answer of a study. */
export interface Answer {
  /** What it asks, in a sentence. */
  readonly question: string;
  /** The best cell; what doublings bring; what is foretold: a sentence each, of the main score. */
  readonly sentences: readonly [best: string, doublings: string, foretold: string];
  /** The score that the sentences are of, and by what rule; absent where nothing was measured. */
  readonly main?: ScoreAnswer & { readonly rule: string };
  /** The other scores, in the order of the spec. */
  readonly others: readonly ScoreAnswer[];
  /** What to be wary of. */
  readonly warnings: readonly AnswerWarning[];
}

/** Answers a study from what was recorded of it. */
export function answerOf(study: StudyRecord): Answer {
  const scores = scoresOf(study.rows);
  const chosen = mainScore(scores);
  const of = (score: StudyScore): ScoreAnswer => {
    const best = bestCellOf(score, scores);
    return {
      score,
      best,
      doublings: doublingsOf(score, best.cell),
      foretold: foretoldOf(score, { fits: study.fits, best: best.cell }),
    };
  };
  const question = questionOf(study, { scores, main: chosen?.score });
  if (chosen === undefined) {
    return {
      question,
      sentences: whyNothing(study),
      others: [],
      warnings: warningsOf(study, { scores }),
    };
  }
  const main = of(chosen.score);
  return {
    question,
    sentences: [
      bestSentence(main.score, main.best),
      doublingsSentence(main.score, main.doublings),
      foretoldSentence(main.score, main.foretold),
    ],
    main: { ...main, rule: chosen.rule },
    others: scores.filter((score) => score !== chosen.score).map(of),
    warnings: warningsOf(study, { scores, main: main.score, best: main.best }),
  };
}

/** Why there is no answer, and what to do. */
function whyNothing({ experiment, rows, cells }: StudyRecord): Answer["sentences"] {
  const count = (state: string) => cells.filter((cell) => cell.state === state).length;
  const [failed, missing] = [count("failed") + count("skipped"), count("missing")];
  const why = rows.length > 0
    ? "no score of it is a number of which one way is better"
    : cells.length === 0
    ? "its spec has no cells"
    : failed === cells.length
    ? `${counted(failed, "cell")}, and all failed: the view failures says why`
    : failed > 0
    ? `${failed} of ${cells.length} cells failed${
      missing === 0 ? "" : ` and ${missing} ${agreeing(missing, "has", "have")} not been computed`
    }: the view failures says why`
    : missing > 0
    ? `${counted(cells.length, "cell")}, of which ${missing} ${
      agreeing(missing, "has", "have")
    } not been computed: run its spec`
    : "no stage of its spec measures a score";
  return [
    `Nothing can be said of ${experiment} yet: ${why}.`,
    "What a doubling brings cannot be said without scores.",
    "What twice as much would bring cannot be foretold without scores.",
  ];
}
