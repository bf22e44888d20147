/**
 * Trainings whose seed was left out while others on their path sweep theirs.
 *
 * Their cells of several seeds share what depends on the one seed that was left,
 * so that the spread over seeds looks smaller than it is.
 */
import type { FaultList } from "./check/fault_list.ts";
import { axesOf, templateAt } from "./language/template.ts";
import { sourcesOf, type Stage } from "./stages.ts";

/** The parameter that decides what is random in a kind. */
const SEED = "seed";

/**
 * Warns of every training that leaves its seed at the default beside one, before or after
 * it, that sweeps its own.
 *
 * @param ordered stages, each after those it refers to
 */
export function warnOfSeeds(ordered: readonly Stage[], warnings: FaultList): void {
  /** Swept trainings that a stage comes after, by its name; of each the first. */
  const before = new Map<string, Stage>();
  for (const stage of ordered) {
    const found = sourcesOf(stage).flatMap((name) => before.get(name) ?? [])[0];
    if (found !== undefined) warnOf(stage, found, warnings);
    const own = isSwept(stage) ? stage : undefined;
    if (own !== undefined || found !== undefined) before.set(stage.name, own ?? found!);
  }
  const after = new Map<string, Stage>();
  for (const stage of ordered.toReversed()) {
    const found = after.get(stage.name);
    if (found !== undefined) warnOf(stage, found, warnings);
    const told = isSwept(stage) ? stage : found;
    if (told === undefined) continue;
    for (const name of sourcesOf(stage)) if (!after.has(name)) after.set(name, told);
  }
}

function warnOf(stage: Stage, swept: Stage, warnings: FaultList): void {
  const { name, kind, params, withAt } = stage;
  if (!kind.isNumeric || kind.seed === undefined || params.entries.has(SEED)) return;
  const [axis] = seedAxes(swept);
  warnings.add(
    "experiment/seed",
    `stage "${name}" leaves its seed at the default, while stage "${swept.name}" on its path ` +
      `sweeps it over axis "${axis}"`,
    {
      at: withAt,
      mend: `write "seed: $(axis.${axis})" under "with", or the one seed that is meant`,
      subject: name,
    },
  );
}

function isSwept(stage: Stage): boolean {
  return stage.kind.isNumeric && stage.params.entries.has(SEED) && seedAxes(stage).length > 0;
}

function seedAxes({ template, ownAxes }: Stage): readonly string[] {
  const axes = axesOf(templateAt(template, [SEED]));
  return ownAxes.filter((axis) => axes.has(axis));
}
