/**
 * Stages that take over params which another stage has chosen: what is chosen is not written
 * there too, and is a param of the stage itself. And choices whose model is asked for, which they
 * must have.
 *
 * Which params are chosen can be told from the spec: those of the stages that are chosen from
 * which mention an axis that the choice, or a mean below it, takes all of.
 */
import { listOf } from "../base/list.ts";
import type { InputRole, InputRoles } from "../graph/task.ts";
import type { FaultList } from "./check/fault_list.ts";
import { axesOf, templateAt } from "./language/template.ts";
import type { Stage, StageReference } from "./stages.ts";

/** What a stage chooses. */
interface Chosen {
  /** The stages whose params mention an axis that is taken all of. */
  readonly from: readonly Stage[];
  /** The names of those params. */
  readonly params: ReadonlySet<string>;
  /** Stages before those that depend on such an axis too: no param tells their difference. */
  readonly deeper: readonly Stage[];
}

/** Checks every stage that is given a choice, or whose model is asked for. */
export function checkChoices(
  stages: readonly Stage[],
  { faults, warnings }: { readonly faults: FaultList; readonly warnings: FaultList },
): void {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  for (const stage of stages) {
    checkKept(stage, { byName, faults, warnings });
    const roles: InputRoles = stage.kind.inputs;
    for (const [name, references] of stage.inputs) {
      const role = roles[name]!;
      for (const reference of references) {
        if (role.givesParams === true) checkChoice(stage, reference, { byName, faults });
        else if (role.looksOn !== true) checkChosen({ name, role }, reference, { byName, faults });
      }
    }
  }
}

/**
 * The names of the params that a stage is given by a choice, whether or not candidates differ in
 * them.
 */
export function takenParams(
  { kind, inputs }: Stage,
  stages: readonly Stage[],
): readonly string[] {
  const roles: InputRoles = kind.inputs;
  const choices = [...inputs].flatMap(([role, references]) =>
    roles[role]!.givesParams === true ? references : []
  );
  if (choices.length === 0) return [];
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  return choices.flatMap(({ stage }) => [...chosenBy(byName.get(stage)!, byName).params]);
}

/** A mean has no model that a choice could take, and what drops none keeps it unasked. */
function checkKept(
  { name, kind, inputs, keepModelAt: at }: Stage,
  { byName, faults, warnings }: {
    readonly byName: ReadonlyMap<string, Stage>;
    readonly faults: FaultList;
    readonly warnings: FaultList;
  },
): void {
  if (at === undefined) return;
  if (kind.dropsModel !== true) {
    warnings.add("experiment/unused", `keepModel changes nothing of ${kind.kind}`, {
      at,
      mend: "remove it: what it makes is kept whole",
    });
    return;
  }
  if (kind.chooses !== true) return;
  const means = [...inputs.values()].flat().map(({ stage }) => byName.get(stage))
    .filter((each) => each !== undefined && isReducing(each)).map((each) => `"${each!.name}"`);
  if (means.length === 0) return;
  faults.add(
    "experiment/params",
    `"${name}" has no model to keep: it chooses among ${listOf([...new Set(means)])}, which ` +
      "stands for several",
    {
      at,
      mend:
        `remove it, and write keepModel: true in a stage that is given choice: $(stages.${name})`,
    },
  );
}

/** What reads a choice as what was chosen must be able to read every candidate. */
function checkChosen(
  { name, role }: { readonly name: string; readonly role: InputRole },
  { stage: source, at }: StageReference,
  { byName, faults }: {
    readonly byName: ReadonlyMap<string, Stage>;
    readonly faults: FaultList;
  },
): void {
  const choice = byName.get(source);
  if (choice?.kind.chooses !== true) return;
  for (const candidate of [...choice.inputs.values()].flat()) {
    const type = byName.get(candidate.stage)?.kind.produces[candidate.output];
    if (type === undefined || role.types.includes(type)) continue;
    faults.add(
      "experiment/reference",
      `"${source}" chooses among "${candidate.stage}", which makes ${type}, but input "${name}" ` +
        `takes ${role.types.filter((each) => each !== choice.kind.produces[""]).join(" or ")}`,
      { at, mend: "choose among stages that make it, or take over what is chosen with `choice:`" },
    );
  }
}

function checkChoice(
  stage: Stage,
  { stage: source, at }: StageReference,
  { byName, faults }: {
    readonly byName: ReadonlyMap<string, Stage>;
    readonly faults: FaultList;
  },
): void {
  const choice = byName.get(source);
  if (choice === undefined) return;
  const { from, params, deeper } = chosenBy(choice, byName);
  const other = from.find(({ kind }) => kind !== stage.kind);
  if (other !== undefined) {
    faults.add(
      "experiment/reference",
      `"${source}" chooses params of ${other.kind.kind}, but stage "${stage.name}" is ` +
        stage.kind.kind,
      { at, mend: `give it to a stage that uses ${other.kind.kind}` },
    );
    return;
  }
  if (deeper.length > 0) {
    const names = listOf([...new Set(deeper.map(({ name }) => `"${name}"`))]);
    faults.add(
      "experiment/reference",
      `what "${source}" chooses from differs in stage ${names} too, which no param of ` +
        `"${stage.name}" can take over`,
      { at, mend: `choose over axes of params of ${stage.kind.kind} alone` },
    );
  }
  for (const name of params) {
    const written = stage.params.entries.get(name);
    if (written === undefined) continue;
    faults.add("experiment/params", `"${name}" is chosen by stage "${source}"`, {
      at: written.keyAt,
      mend: "remove it here, or its axis from what is chosen over",
    });
  }
}

/** What a stage chooses, and means below it average away. */
function chosenBy(choice: Stage, byName: ReadonlyMap<string, Stage>): Chosen {
  const from = new Set<Stage>(), params = new Set<string>(), deeper = new Set<Stage>();
  const visited = new Set<string>();
  const visit = (
    stage: Stage,
    { taken, isBelow }: { readonly taken: ReadonlySet<string>; readonly isBelow: boolean },
  ) => {
    for (const name of [...stage.inputs.values()].flat().map((each) => each.stage)) {
      const source = byName.get(name);
      if (source === undefined) continue;
      // An axis that a stage between takes all of differs no more above it.
      const left = new Set([...taken].filter((axis) => !source.over.some((o) => o.axis === axis)));
      const state = JSON.stringify([name, [...left], isBelow]);
      if (visited.size === visited.add(state).size) continue;
      const own = source.ownAxes.filter((axis) => left.has(axis));
      if (own.length > 0 && isBelow) deeper.add(source);
      if (!isBelow && !isReducing(source)) from.add(source);
      if (own.length > 0 && !isBelow) {
        for (const each of paramsAt(source, left)) params.add(each);
      }
      visit(source, { taken: left, isBelow: isBelow || !isReducing(source) });
    }
  };
  const taken = new Set(choice.over.map(({ axis }) => axis));
  visit(choice, { taken, isBelow: false });
  return { from: [...from], params, deeper: [...deeper] };
}

/** Whether a stage stands for the tasks that it reads, as a mean does. */
function isReducing({ kind }: Stage): boolean {
  const roles: InputRoles = kind.inputs;
  return Object.values(roles).some(({ isSet }) => isSet === true);
}

/** The params of a stage that mention one of some axes. */
function paramsAt({ params, template }: Stage, axes: ReadonlySet<string>): string[] {
  return [...params.entries.keys()].filter((name) =>
    [...axesOf(templateAt(template, [name]))].some((axis) => axes.has(axis))
  );
}
