/** The `fits:` section: which scaling curves to fit, checked against stages and axes. */
import type { SourcePosition } from "../base/errors.ts";
import type { AxisValue, ExperimentFile } from "./experiment_file.ts";
import type { FaultList } from "./fault_list.ts";
import { formatValue, type Grid, valueKey } from "./grid.ts";
import { listOf, mendName } from "./near.ts";
import {
  entriesOf,
  itemsOf,
  locate,
  type MapEntry,
  plainOf,
  type SpecNode,
  valueOf,
} from "./node.ts";

/** A scaling curve to fit to the scores of a stage. */
export interface FitSpec {
  readonly name: string;
  readonly stage: string;
  readonly benchmark: string;
  readonly metric: string;
  readonly split: string;
  /** The fact that stands on the x axis. */
  readonly against: NonNullable<ExperimentFile["fits"]>[string]["against"];
  /** Axis values that are held; cells of other values take no part. */
  readonly at?: Readonly<Record<string, AxisValue>>;
  /** Axes for each combination of whose values a curve is fitted. */
  readonly by?: readonly string[];
  /** The place of its name in the spec. */
  readonly position: SourcePosition;
}

/** What fits are checked against. */
export interface FitOptions {
  readonly stages: readonly string[];
  /** Axes by stage; undefined when a fault leaves them unknown. */
  readonly axesOf: ReadonlyMap<string, readonly string[]> | undefined;
  readonly grid: Grid | undefined;
  readonly faults: FaultList;
  /** Whether the form of a fit has passed its check. */
  readonly isSound: (...path: readonly (string | number)[]) => boolean;
}

/** Reads the fits of a spec; those with faults are left out. */
export function readFits(root: SpecNode, options: FitOptions): readonly FitSpec[] {
  return entriesOf(valueOf(root, "fits")).flatMap(([name, entry]) => {
    if (!options.isSound("fits", name)) return [];
    const fit = readFit(name, entry, options);
    return fit === undefined ? [] : [fit];
  });
}

function readFit(name: string, entry: MapEntry, options: FitOptions): FitSpec | undefined {
  const { faults, stages, axesOf, grid } = options;
  const fit = plainOf(entry.value) as Omit<FitSpec, "name" | "position">;
  const faultsBefore = faults.size;
  const { at } = locate(entry.value, ["stage"], entry.keyAt);
  if (!stages.includes(fit.stage)) {
    faults.add("spec/unknown-name", `there is no stage "${fit.stage}"`, {
      at,
      mend: mendName(fit.stage, stages, (near) => near),
    });
  }
  const axes = axesOf?.get(fit.stage);
  if (axes !== undefined) {
    const checkAxis = (axis: string, place: SourcePosition) => {
      if (axes.includes(axis)) return true;
      faults.add("spec/unknown-name", `stage "${fit.stage}" has no axis "${axis}"`, {
        at: place,
        mend: mendName(axis, axes, (near) => near),
      });
      return false;
    };
    for (const [axis, { keyAt, value }] of entriesOf(valueOf(entry.value, "at"))) {
      if (checkAxis(axis, keyAt) && value.type === "scalar" && grid !== undefined) {
        checkValueOf(axis, { value: value.value as AxisValue, at: value.at, grid, faults });
      }
    }
    const seen = new Set(Object.keys(fit.at ?? {}));
    for (const item of itemsOf(valueOf(entry.value, "by"))) {
      if (item.type !== "scalar") continue;
      const axis = String(item.value);
      if (!checkAxis(axis, item.at)) continue;
      if (seen.has(axis)) {
        faults.add("spec/value", `axis "${axis}" is given twice`, {
          at: item.at,
          mend: 'name an axis once, in "at" or in "by"',
        });
      }
      seen.add(axis);
    }
  }
  return faults.size > faultsBefore ? undefined : { ...fit, name, position: entry.keyAt };
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
  faults.add("spec/value", `axis "${axis}" has no value ${formatValue(value)}`, {
    at,
    mend: `write one of ${listOf(values.map(formatValue))}`,
  });
}
