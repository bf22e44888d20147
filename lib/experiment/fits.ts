/**
 * The `fits:` section: which scaling curves to fit, checked against stages, the scores
 * that these will have, and axes.
 */
import { type FitForm, variablesOf } from "../analysis/fit_forms.ts";
import { listOf } from "../base/list.ts";
import type { JsonObject } from "../base/canonical.ts";
import type { SourcePosition } from "../base/errors.ts";
import { FIT_FACTS, type FitFact } from "../base/facts.ts";
import type { TaskRequest } from "../graph/request.ts";
import type { ScoreName } from "../base/measures.ts";
import { formatAxisValue, formatCell } from "../report/text/labels.ts";
import type { AxisValue } from "./experiment_file.ts";
import type { FaultList } from "./check/fault_list.ts";
import { type Grid, project, valueKey } from "./grid/grid.ts";
import { mendName } from "./check/near.ts";
import { entriesOf, itemsOf, type MapEntry, plainOf, type SpecNode, valueOf } from "./yaml/node.ts";

/** A scaling curve to fit to the scores of a stage. */
export interface FitSpec {
  /** Its key under `fits:`. */
  readonly name: string;
  /** The stage whose scores are fitted. */
  readonly stage: string;
  /** Such as "ner", or "mlm" for held-out loss. */
  readonly benchmark: string;
  /** Such as "f1". */
  readonly metric: string;
  /** Such as "test". */
  readonly split: string;
  /** The fact that stands on the x axis; a list of a form in several variables. */
  readonly against: FitFact | readonly FitFact[];
  /** The form of the curve; absent: the saturating law. */
  readonly form?: FitForm;
  /** Axis values that are held; cells of other values take no part. */
  readonly at?: Readonly<Record<string, AxisValue>>;
  /** Axes for each combination of whose values a curve is fitted. */
  readonly by?: readonly string[];
  /** The place of its name in the spec. */
  readonly position: SourcePosition;
}

/** What fits are checked against. */
export interface FitOptions {
  /** Names of the stages of the spec. */
  readonly stages: ReadonlySet<string>;
  /** Axes by stage; undefined when a fault leaves them unknown. */
  readonly axesOf: ReadonlyMap<string, readonly string[]> | undefined;
  /** The scores that a stage will have; undefined where a fault leaves them unknown. */
  readonly scoresOf: (stage: string) => readonly ScoreName[] | undefined;
  /** The grid, unless a fault leaves it unknown. */
  readonly grid: Grid | undefined;
  /** Where faults go. */
  readonly faults: FaultList;
  /** Whether the form of a fit has passed its check. */
  readonly isSound: (...path: readonly (string | number)[]) => boolean;
}

/** Reads the fits of a spec; those with faults are left out. */
export function readFits(root: SpecNode, given: FitOptions): readonly FitSpec[] {
  const scores = new Map<string, readonly ScoreName[] | undefined>();
  const scoresOf = (stage: string) => {
    if (!scores.has(stage)) scores.set(stage, given.scoresOf(stage));
    return scores.get(stage);
  };
  const options = { ...given, scoresOf };
  return entriesOf(valueOf(root, "fits")).flatMap(([name, entry]) => {
    const faultsBefore = options.faults.size;
    const stage = readStage(name, entry, options);
    if (stage !== undefined) {
      checkScore(name, { stage, entry, options });
      checkForm(name, { stage, entry, options });
      checkAxes(name, { stage, entry, options });
    }
    if (options.faults.size > faultsBefore || !options.isSound("fits", name)) return [];
    const fit = plainOf(entry.value) as Omit<FitSpec, "name" | "position">;
    return [{ ...fit, name, position: entry.keyAt }];
  });
}

/** The fits that some request is for; of the others, which `--only` leaves out, a warning is told. */
export function fitsThatMatch(
  fits: readonly FitSpec[],
  requests: readonly TaskRequest[],
  warnings: FaultList,
): readonly FitSpec[] {
  const cellsOf = new Map<string, JsonObject[]>();
  for (const { cell } of requests) {
    const cells = cellsOf.get(cell.stage) ?? [];
    cells.push(cell.axes);
    cellsOf.set(cell.stage, cells);
  }
  return fits.filter(({ name, stage, at = {}, position }) => {
    const held = Object.entries(at);
    const isThere = (cellsOf.get(stage) ?? []).some((axes) =>
      held.every(([axis, value]) => axes[axis] === value)
    );
    if (isThere) return true;
    warnings.add("experiment/only", `the fit ${name} is left out: --only leaves it no cell`, {
      at: position,
      mend: `keep cells of ${formatCell(stage, at)} to fit it`,
    });
    return false;
  });
}

/** The stage of a fit, if there is such a one. */
function readStage(
  name: string,
  entry: MapEntry,
  { stages, faults, isSound }: FitOptions,
): string | undefined {
  const node = valueOf(entry.value, "stage");
  if (!isSound("fits", name, "stage") || node?.type !== "scalar") return undefined;
  const stage = String(node.value);
  if (stages.has(stage)) return stage;
  faults.add("experiment/unknown-name", `there is no stage "${stage}"`, {
    at: node.at,
    mend: () => mendName(stage, stages, (near) => near),
  });
  return undefined;
}

/** Checks that the stage will have a score of that benchmark, metric and split. */
function checkScore(name: string, { stage, entry, options }: Checking): void {
  let left = options.scoresOf(stage);
  if (left === undefined) return;
  if (left.length === 0) {
    const scored = () =>
      [...options.stages].filter((each) => (options.scoresOf(each) ?? []).length > 0);
    options.faults.add("experiment/unknown-name", `stage "${stage}" has no scores`, {
      at: valueOf(entry.value, "stage")!.at,
      mend: () => mendName(stage, scored(), (near) => near),
    });
    return;
  }
  const said: string[] = [];
  for (const key of ["benchmark", "metric", "split"] as const) {
    const node = valueOf(entry.value, key);
    if (!options.isSound("fits", name, key) || node?.type !== "scalar") return;
    const names = [...new Set(left.map((each) => each[key]))];
    left = left.filter((each) => each[key] === node.value);
    if (left.length === 0) {
      const of = said.length === 0 ? "" : ` of ${said.join(", ")}`;
      const message = `stage "${stage}" has no ${key} ${JSON.stringify(node.value)}${of}`;
      options.faults.add("experiment/unknown-name", message, {
        at: node.at,
        mend: () => mendName(String(node.value), names, (near) => near),
      });
      return;
    }
    said.push(`${key} "${node.value}"`);
  }
}

interface Checking {
  readonly stage: string;
  readonly entry: MapEntry;
  readonly options: FitOptions;
}

/** Checks that a fit stands against as many facts as its form has variables. */
function checkForm(name: string, { entry, options: { faults, isSound } }: Checking): void {
  if (!isSound("fits", name, "form") || !isSound("fits", name, "against")) return;
  const formNode = valueOf(entry.value, "form"), against = valueOf(entry.value, "against");
  if (against === undefined) return;
  const form = formNode?.type === "scalar" ? formNode.value as FitForm : "saturating";
  const facts = against.type === "list" ? against.items.length : 1;
  const variables = variablesOf(form);
  if (facts === variables.length) {
    checkFacts(form, { against, faults });
    return;
  }
  faults.add(
    "experiment/value",
    variables.length === 1
      ? `the form ${form} stands against one fact, not ${facts}`
      : `the form ${form} stands against ${variables.length} facts (${variables.join(", ")}), ` +
        `not ${facts}`,
    {
      at: against.at,
      mend: variables.length === 1
        ? form === "saturating" ? "name one, or another form" : `write ${factsOf(variables[0]!)[0]}`
        : `write one for each of ${listOf(variables)}, such as [${
          variables.map((each) => factsOf(each)[0]).join(", ")
        }]`,
    },
  );
}

/** Checks that each variable of a form is told by a fact that is one of it. */
function checkFacts(
  form: FitForm,
  { against, faults }: { readonly against: SpecNode; readonly faults: FaultList },
): void {
  const items = against.type === "list" ? against.items : [against];
  for (const [i, variable] of variablesOf(form).entries()) {
    const item = items[i], known = factsOf(variable);
    if (item?.type !== "scalar" || known.includes(item.value as FitFact)) continue;
    const message = `the form ${form} takes ${variable} here, which ${item.value} is not`;
    faults.add("experiment/value", message, {
      at: item.at,
      mend: `write ${known.length > 1 ? "one of " : ""}${listOf(known)}`,
    });
  }
}

/** The facts that a variable of a form may be, the usual one first. */
function factsOf(variable: string): readonly FitFact[] {
  return FACTS_OF_VARIABLES[variable] ?? FIT_FACTS;
}

const FACTS_OF_VARIABLES: Readonly<Record<string, readonly FitFact[]>> = {
  parameters: ["parameters"],
  tokens: ["seenTokens", "uniqueTokens", "allTokens"],
  uniqueTokens: ["uniqueTokens"],
  share: ["furtherShare"],
  loss: ["heldOutLossNats"],
};

/** Checks that `at` and `by` name axes of the stage, each once, and values that there are. */
function checkAxes(name: string, { stage, entry, options }: Checking): void {
  const { axesOf, grid, faults, isSound } = options;
  const axes = axesOf?.get(stage);
  if (axes === undefined) return;
  const isAxis = (axis: string, at: SourcePosition) => {
    if (axes.includes(axis)) return true;
    faults.add("experiment/unknown-name", `stage "${stage}" has no axis "${axis}"`, {
      at,
      mend: mendName(axis, axes, (near) => near),
    });
    return false;
  };
  const seen = new Set<string>();
  const faultsBefore = faults.size;
  const held = isSound("fits", name, "at") ? entriesOf(valueOf(entry.value, "at")) : [];
  for (const [axis, { keyAt, value }] of held) {
    seen.add(axis);
    if (isAxis(axis, keyAt) && value.type === "scalar" && grid !== undefined) {
      checkValueOf(axis, { value: value.value as AxisValue, at: value.at, grid, faults });
    }
  }
  if (held.length > 0 && grid !== undefined && faults.size === faultsBefore) {
    checkCell(held, { stage, axes, grid, faults });
  }
  const split = isSound("fits", name, "by") ? itemsOf(valueOf(entry.value, "by")) : [];
  for (const item of split) {
    if (item.type !== "scalar") continue;
    const axis = String(item.value);
    if (isAxis(axis, item.at) && seen.has(axis)) {
      faults.add("experiment/value", `axis "${axis}" is given twice`, {
        at: item.at,
        mend: 'name an axis once, in "at" or in "by"',
      });
    }
    seen.add(axis);
  }
}

/** Checks that some cell has all the values that are held; each of them is there. */
function checkCell(
  held: readonly (readonly [string, MapEntry])[],
  { stage, axes, grid, faults }: {
    readonly stage: string;
    readonly axes: readonly string[];
    readonly grid: Grid;
    readonly faults: FaultList;
  },
): void {
  const wanted = held.flatMap(([axis, { value }]) => {
    const key = value.type === "scalar" ? valueKey(value.value as AxisValue) : "";
    const index = grid.values.get(axis)!.findIndex((each) => valueKey(each) === key);
    return [[axes.indexOf(axis), index] as const];
  });
  const isThere = project(grid, axes).some((cell) =>
    wanted.every(([column, index]) => cell[column] === index)
  );
  if (isThere) return;
  const values = Object.fromEntries(held.map(([axis, { value }]) => [axis, plainOf(value)]));
  const cell = formatCell(stage, values as JsonObject);
  faults.add("experiment/value", `there is no cell ${cell}, so that nothing can be fitted`, {
    at: held[0]![1].keyAt,
    mend: "hold values that occur together, or fewer of them",
  });
}

function checkValueOf(
  axis: string,
  { value, at, grid, faults }: {
    readonly value: AxisValue;
    readonly at: SourcePosition;
    readonly grid: Grid;
    readonly faults: FaultList;
  },
): void {
  const values = grid.values.get(axis)!;
  if (values.some((each) => valueKey(each) === valueKey(value))) return;
  faults.add("experiment/value", `axis "${axis}" has no value ${formatAxisValue(value)}`, {
    at,
    mend: () => `write one of ${listOf(values.map(formatAxisValue))}`,
  });
}
