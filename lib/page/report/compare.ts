/** Two experiments compared: their scores, their settings, where each comes from. */
import { ExperimentError } from "../../base/errors.ts";
import { listOf } from "../../base/list.ts";
import { answerOf } from "../../report/answer/answer.ts";
import { readStudyRecord } from "../../run/study_record.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, asking, named } from "./asked.ts";
import type { Block, Report, Section, TableBlock } from "./content.ts";
import { compareScore, type Pair } from "./compared_score.ts";
import { DrawingNames } from "./drawing.ts";
import { provenanceBlocks } from "./provenance.ts";
import { answerBlock, factsOf, type ReportSource } from "./report.ts";
import { isSameMeasure, type ReportScore, reportScores } from "./scores.ts";

/**
 * Makes the report of two experiments.
 *
 * @throws ExperimentError "page/nothing-to-compare", "run/unknown-experiment", and as `query`
 */
export async function comparisonOf(
  pair: Pair,
  { database, kinds }: ReportSource,
): Promise<Report> {
  const [one, other] = pair;
  if (one === other) throw nothing(`${one} is compared with itself`, "name two experiments");
  const studies = [
    await readStudyRecord(database, one, kinds),
    await readStudyRecord(database, other, kinds),
  ] as const;
  const [answers, scores] = [
    studies.map(answerOf),
    studies.map((study) => reportScores(study.rows, answerOf(study).main?.score)) as [
      ReportScore[],
      ReportScore[],
    ],
  ];
  const common = scores[0].flatMap((score) => {
    const same = scores[1].find((each) => each.stage === score.stage && isSameMeasure(each, score));
    return same === undefined ? [] : [[score, same] as const];
  });
  if (common.length === 0) {
    const told = pair.map((name, i) =>
      `${name} has ${listOf(scores[i]!.map(({ title }) => title)) || "none yet"}`
    );
    throw nothing(
      `${one} and ${other} have no score in common: ${told.join("; ")}`,
      "name two that measure the same at stages of one name, as a spec and a variant of it do",
    );
  }
  const ask = asking(database), names = new DrawingNames();
  const compared: Block[] = [], alone: TableBlock[] = [], sentences: string[] = [];
  for (const [score, same] of common) {
    const found = await compareScore(ask, { pair, score, same, names });
    compared.push(...found.compared);
    alone.push(...found.alone);
    sentences.push(found.sentence);
  }
  const sections: Section[] = [
    { id: "cells", title: "Cell by cell", blocks: compared },
    { id: "alone", title: "Cells of one alone", blocks: alone },
    { id: "settings", title: "Settings that differ", blocks: await settingBlocks(ask, pair) },
    ...await Promise.all(pair.map(async (name, i) => ({
      id: `provenance-${i + 1}`,
      title: `Provenance of ${name}`,
      blocks: await provenanceBlocks(ask, name),
    }))),
  ];
  const facts = await Promise.all(
    pair.map(async (name) => `${name}: ${(await factsOf(ask, name)).join(", ")}`),
  );
  return {
    title: `${one} and ${other}`,
    facts,
    answers: [
      { question: `How does ${other} differ from ${one}?`, sentences, warnings: [] },
      ...answers.map((answer, i) => ({ of: pair[i]!, ...answerBlock(answer) })),
    ],
    sections: sections.filter(({ blocks }) => blocks.length > 0),
  };
}

async function settingBlocks(ask: Ask, [one, other]: Pair): Promise<TableBlock[]> {
  const of = (name: string) =>
    `SELECT stage, name, value FROM settings WHERE experiment = ${sqlText(name)}`;
  const data = await ask(`WITH own AS (
  SELECT DISTINCT cells.experiment, cells.stage, params.name, CAST(params.value AS VARCHAR) AS value
  FROM cells JOIN params ON params.key = cells.key
  WHERE cells.experiment IN (${sqlText(one)}, ${sqlText(other)})
), settings AS (
  SELECT experiment, stage, name, string_agg(value, ', ' ORDER BY length(value), value) AS value
  FROM own GROUP BY experiment, stage, name
)
SELECT stage, name, first.value AS first_value, second.value AS second_value
FROM (${of(one)}) AS first FULL JOIN (${of(other)}) AS second USING (stage, name)
WHERE first.value IS DISTINCT FROM second.value
ORDER BY stage, name`);
  if (data.rows.length === 0) return [];
  return [{
    kind: "table",
    title: "Parameters by stage",
    columns: [
      { name: "stage" },
      { name: "parameter" },
      { name: one, as: "long" },
      { name: other, as: "long" },
    ],
    rows: named(data).map((row) => [
      String(row["stage"]),
      String(row["name"]),
      String(row["first_value"] ?? "–"),
      String(row["second_value"] ?? "–"),
    ]),
    notes: ["Values of all cells of a stage, defaults filled in; of stages that both have or one."],
    data,
  }];
}

function nothing(message: string, mend: string): ExperimentError {
  return new ExperimentError("page/nothing-to-compare", message, { mend });
}
