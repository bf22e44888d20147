/** An experiment as its answer is made from it: read from the database, or as a run ends. */
import { ExperimentError } from "../base/errors.ts";
import { mendName } from "../experiment/check/near.ts";
import type { Kinds } from "../graph/task.ts";
import type { StudyRecord } from "../report/answer/study_record.ts";
import { readExperiments } from "../store/database/results.ts";
import { readExperiment } from "../store/database/study.ts";
import { readResults } from "./results.ts";

/**
 * Reads an experiment.
 *
 * @param kinds by name, for what they declare of their metrics
 * @throws ExperimentError "run/unknown-experiment", and as `query`
 */
export async function readStudyRecord(
  database: string,
  experiment: string,
  kinds: Kinds,
): Promise<StudyRecord> {
  const names = await readExperiments(database);
  if (!names.includes(experiment)) {
    throw new ExperimentError(
      "run/unknown-experiment",
      `there is no experiment "${experiment}" among the results`,
      { mend: mendName(experiment, names) },
    );
  }
  const { about, cells, fits } = await readExperiment(database, experiment);
  const rows = await readResults(database, experiment, kinds);
  return { experiment, about, rows, cells, fits };
}
