/** The scores that stages will have, as far as their params and what they read tell. */
import type { JsonObject } from "../base/canonical.ts";
import { parsePath } from "../base/path.ts";
import type { ScoreName } from "../base/measures.ts";
import type { GivenScores } from "../graph/task.ts";
import type { FaultList } from "./check/fault_list.ts";
import type { Stage } from "./stages.ts";
import { locate } from "./yaml/node.ts";

/** What scores are found from. */
export interface ScoresOptions {
  /** Checked params by stage, by the key of the cell on the stage's own axes. */
  readonly paramsOf: ReadonlyMap<string, ReadonlyMap<string, JsonObject>>;
  /** Where faults go. */
  readonly faults: FaultList;
}

/**
 * The scores of every stage at any of its cells; undefined where a fault leaves them unknown.
 * Stages that ask for scores which what they read has not are reported.
 *
 * @param ordered stages, each after those it refers to
 */
export function scoresOfStages(
  ordered: readonly Stage[],
  { paramsOf, faults }: ScoresOptions,
): ReadonlyMap<string, readonly ScoreName[] | undefined> {
  const found = new Map<string, readonly ScoreName[] | undefined>();
  for (const stage of ordered) {
    const params = [...paramsOf.get(stage.name)?.values() ?? []];
    const given = givenTo(stage, found);
    if (given !== undefined) checkScores(stage, { params, given, faults });
    found.set(stage.name, given && scoresOf(stage, { params, given }));
  }
  return found;
}

/** By role, the scores of each stage that stands in it; undefined where some are unknown. */
function givenTo(
  { inputs }: Stage,
  known: ReadonlyMap<string, readonly ScoreName[] | undefined>,
): GivenScores | undefined {
  const given: Record<string, (readonly ScoreName[])[]> = {};
  for (const [role, references] of inputs) {
    given[role] = [];
    for (const { stage } of references) {
      const scores = known.get(stage);
      if (scores === undefined) return undefined;
      given[role].push(scores);
    }
  }
  return given;
}

function scoresOf(
  { kind }: Stage,
  { params, given }: { readonly params: readonly JsonObject[]; readonly given: GivenScores },
): readonly ScoreName[] | undefined {
  if (kind.scores === undefined) return [];
  if (params.length === 0) return undefined;
  const scores = new Map<string, ScoreName>();
  for (const each of params) {
    for (const { benchmark, metric, split } of kind.scores(each, given)) {
      const id = `${benchmark}\0${metric}\0${split}`;
      if (!scores.has(id)) scores.set(id, { benchmark, metric, split });
    }
  }
  return [...scores.values()];
}

function checkScores(
  { name, kind, given: written, withAt }: Stage,
  { params, given, faults }: {
    readonly params: readonly JsonObject[];
    readonly given: GivenScores;
    readonly faults: FaultList;
  },
): void {
  for (const each of params) {
    for (const { path, message, mend } of kind.checkScores?.(each, given) ?? []) {
      const { node, at, keyAt } = locate(written, parsePath(path) ?? [], withAt);
      faults.add("experiment/params", `stage "${name}": ${message}`, {
        at: node === undefined ? keyAt : at,
        mend,
      });
    }
  }
}
