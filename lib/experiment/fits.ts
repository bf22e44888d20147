/** The `fits:` section: which scaling curves to fit, checked against stages and axes. */
import type { SourcePosition } from "../base/errors.ts";
import type { FitFact } from "../base/facts.ts";
import { formatAxisValue } from "../report/text/labels.ts";
import type { AxisValue } from "./experiment_file.ts";
import type { FaultList } from "./check/fault_list.ts";
import { type Grid, valueKey } from "./grid/grid.ts";
import { listOf, mendName } from "./check/near.ts";
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
  /** The fact that stands on the x axis. */
  readonly against: FitFact;
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
  /** The grid, unless a fault leaves it unknown. */
  readonly grid: Grid | undefined;
  /** Where faults go. */
  readonly faults: FaultList;
  /** Whether the form of a fit has passed its check. */
  readonly isSound: (...path: readonly (string | number)[]) => boolean;
}

/** Reads the fits of a spec; those with faults are left out. */
export function readFits(root: SpecNode, options: FitOptions): readonly FitSpec[] {
  return entriesOf(valueOf(root, "fits")).flatMap(([name, entry]) => {
    const faultsBefore = options.faults.size;
    const stage = readStage(name, entry, options);
    if (stage !== undefined) checkAxes(name, { stage, entry, options });
    if (options.faults.size > faultsBefore || !options.isSound("fits", name)) return [];
    const fit = plainOf(entry.value) as Omit<FitSpec, "name" | "position">;
    return [{ ...fit, name, position: entry.keyAt }];
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

/** Checks that `at` and `by` name axes of the stage, each once, and values that there are. */
function checkAxes(
  name: string,
  { stage, entry, options }: {
    readonly stage: string;
    readonly entry: MapEntry;
    readonly options: FitOptions;
  },
): void {
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
  const held = isSound("fits", name, "at") ? entriesOf(valueOf(entry.value, "at")) : [];
  for (const [axis, { keyAt, value }] of held) {
    seen.add(axis);
    if (isAxis(axis, keyAt) && value.type === "scalar" && grid !== undefined) {
      checkValueOf(axis, { value: value.value as AxisValue, at: value.at, grid, faults });
    }
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
