/** The report of one experiment: its answer first, then all that the answer rests on. */
import type { Kinds } from "../../graph/task.ts";
import { type Answer, answerOf } from "../../report/answer/answer.ts";
import { differenceText, meanText } from "../../report/answer/best_cell.ts";
import { scoreName } from "../../report/answer/scores.ts";
import { readStudyRecord } from "../../run/study_record.ts";
import { axisNames } from "../../store/database/axes.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, asking, named } from "./asked.ts";
import type { Report, ReportAnswer, Section, TableBlock } from "./content.ts";
import { optimumBlocks } from "./compute_optimal.ts";
import { costBlocks } from "./costs.ts";
import { courseBlocks } from "./courses.ts";
import { curveBlocks } from "./curves.ts";
import { DrawingNames } from "./drawing.ts";
import { fitBlocks } from "./fits.ts";
import { frontierBlocks } from "./frontier.ts";
import { gainBlocks } from "./gains.ts";
import { gridBlocks } from "./grids.ts";
import { provenanceBlocks } from "./provenance.ts";
import { reportScores } from "./scores.ts";
import { stageBlocks } from "./stages.ts";

/** What a report is made from. */
export interface ReportSource {
  /** The database's file. */
  readonly database: string;
  /** The kinds by name, for what they declare of their metrics. */
  readonly kinds: Kinds;
}

/**
 * Makes the report of an experiment.
 *
 * @throws ExperimentError "run/unknown-experiment", and as `query`
 */
export async function reportOf(
  experiment: string,
  { database, kinds }: ReportSource,
): Promise<Report> {
  const study = await readStudyRecord(database, experiment, kinds);
  const answer = answerOf(study);
  const scores = reportScores(study.rows, answer.main?.score);
  const ask = asking(database), names = new DrawingNames();
  const axes = (await axisNames(database)).get(experiment) ?? [];
  const published = await publishedOf(ask, experiment);
  const of = { experiment, axes, kinds, names };
  const sections: Section[] = [
    {
      id: "grid",
      title: "Grid",
      blocks: [...await gridBlocks(ask, experiment, scores), ...othersTable(answer)],
    },
    {
      id: "curves",
      title: "Curves and fits",
      blocks: [
        ...await curveBlocks(ask, scores, { ...of, fits: study.fits, published }),
        ...await fitBlocks(ask, experiment, { fits: study.fits, scores }),
      ],
    },
    { id: "courses", title: "Learning curves", blocks: await courseBlocks(ask, of) },
    { id: "gains", title: "Gains", blocks: await gainBlocks(ask, scores, of) },
    {
      id: "frontier",
      title: "Frontier",
      blocks: [
        ...await frontierBlocks(ask, scores, of),
        ...await optimumBlocks(ask, scores, { experiment, fits: study.fits }),
      ],
    },
    { id: "costs", title: "Costs", blocks: await costBlocks(ask, of) },
    { id: "tasks", title: "Tasks", blocks: await stageBlocks(ask, of) },
    { id: "provenance", title: "Provenance", blocks: await provenanceBlocks(ask, experiment) },
  ];
  return {
    title: experiment,
    facts: await factsOf(ask, experiment),
    answers: [answerBlock(answer)],
    sections: sections.filter(({ blocks }) => blocks.length > 0),
  };
}

/** An answer as a report shows it. */
export function answerBlock({ question, sentences, main, warnings }: Answer): ReportAnswer {
  return {
    question,
    sentences,
    ...(main === undefined ? {} : { rule: `Of ${main.score.stage}, ${main.rule}.` }),
    warnings: warnings.map(({ text, where }) => ({ text, where: listed(where) })),
  };
}

/** Places that are named with a warning. */
const MOST_PLACES = 4;

function listed(where: readonly string[]): string {
  const more = where.length - MOST_PLACES;
  return [...where.slice(0, MOST_PLACES), ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}

/** The best cell and the gains of the scores that the sentences are not of. */
function othersTable({ others }: Answer): TableBlock[] {
  const swept = others.filter(({ score }) => score.cells.length > 1);
  if (swept.length === 0) return [];
  return [{
    kind: "table",
    title: "Best cells of the other scores",
    columns: [
      { name: "stage" },
      { name: "score" },
      { name: "best cell" },
      { name: "mean", as: "long" },
      { name: "a doubling adds", as: "long" },
    ],
    rows: swept.map(({ score, best: { cell, isConstant }, doublings }) => [
      score.stage,
      scoreName(score),
      isConstant ? "all the same" : cell.label.slice(score.stage.length).replace(/^\{|\}$/g, ""),
      meanText(cell.mean, score),
      doublings.map(({ axis, whole }) => `${axis}: ${differenceText(whole, score)}`).join("; "),
    ]),
    notes: [],
  }];
}

interface Published {
  readonly benchmark: string;
  readonly metric: string;
  readonly model: string;
  readonly value: number;
}

async function publishedOf(ask: Ask, experiment: string): Promise<Published[]> {
  const data = await ask(`SELECT benchmark, metric, model, value
FROM published
WHERE experiment = ${sqlText(experiment)} AND benchmark IS NOT NULL AND metric IS NOT NULL
ORDER BY place`);
  return named(data).map(({ benchmark, metric, model, value }) => ({
    benchmark: String(benchmark),
    metric: String(metric),
    model: String(model),
    value: Number(value),
  }));
}

/** A line of facts: the latest run, and by what. */
export async function factsOf(ask: Ask, experiment: string): Promise<string[]> {
  const data = await ask(`SELECT strftime(started_at, '%Y-%m-%d') AS day, status, total, version,
  commit, processor
FROM runs
WHERE run = (SELECT latest_run FROM experiments WHERE experiment = ${sqlText(experiment)})`);
  return named(data).flatMap(({ day, status, total, version, commit, processor }) => [
    ...(total === null ? [] : [`${total} tasks`]),
    status === "running" ? `begun ${day}` : `${status} ${day}`,
    ...(version === null
      ? []
      : [`Titrate ${version}${commit === null ? "" : ` (${String(commit).slice(0, 12)})`}`]),
    ...(processor === null ? [] : [String(processor)]),
  ]);
}
