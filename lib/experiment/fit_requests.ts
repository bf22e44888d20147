/**
 * What the fits of a spec ask the graph for: a task for each curve, which reads all cells that
 * the curve goes through.
 */
import { leastPoints } from "../analysis/fit_forms.ts";
import { canonical, type Json, type JsonObject } from "../base/canonical.ts";
import { agreeing, counted } from "../base/count.ts";
import { greatestOf, leastOf } from "../base/extremes.ts";
import type { TaskCell } from "../graph/node.ts";
import type { TaskRequest } from "../graph/request.ts";
import type { TaskKind } from "../graph/task.ts";
import { formatCell } from "../report/text/labels.ts";
import type { FaultList } from "./check/fault_list.ts";
import type { FitSpec } from "./fits.ts";

/** The kind whose tasks fits are; it takes the scored cells as `cells`. */
export const FIT_KIND = "fit";

/** Whether a cell is of the fit's stage, and at the values that it holds. */
export function isMeant({ stage, at = {} }: FitSpec, cell: TaskCell): boolean {
  return cell.stage === stage &&
    Object.entries(at).every(([axis, value]) => cell.axes[axis] === value);
}

/** The values of the axes that tell a curve from the others of its fit. */
export function curveOf({ at = {}, by = [] }: FitSpec, axes: JsonObject): JsonObject {
  const cell: Record<string, Json> = { ...at };
  for (const axis of by) cell[axis] = axes[axis] ?? null;
  return cell;
}

/** Where a curve stands among the cells of the experiment. */
export function cellOfCurve({ name }: Pick<FitSpec, "name">, curve: JsonObject): TaskCell {
  return { stage: `fits.${name}`, axes: curve };
}

/** The requests of all curves that some cell is meant for. */
export function fitRequests(
  fits: readonly FitSpec[],
  requests: readonly TaskRequest[],
  kind: TaskKind,
): readonly TaskRequest[] {
  return fits.flatMap((fit) => {
    const { benchmark, metric, split, against, form, position } = fit;
    const params = kind.params.parse({ benchmark, metric, split, against, form }) as JsonObject;
    return curvesOf(fit, requests).map((some): TaskRequest => {
      const cell = cellOfCurve(fit, curveOf(fit, some[0]!.cell.axes));
      return {
        id: formatCell(cell.stage, cell.axes),
        kind,
        cell,
        params,
        inputs: { cells: some.map(({ id }) => ({ request: id, output: "" })) },
        at: position,
        positionOf: () => position,
      };
    });
  });
}

/** Warns of curves that go through fewer cells than their form needs: they will not be fitted. */
export function warnOfFewCells(
  fits: readonly FitSpec[],
  requests: readonly TaskRequest[],
  warnings: FaultList,
): void {
  for (const fit of fits) {
    const { name, form = "saturating", position } = fit, least = leastPoints(form);
    const curves = curvesOf(fit, requests);
    const short = curves.filter(({ length }) => length < least);
    if (short.length === 0) continue;
    const counts = short.map(({ length }) => length);
    const fewest = leastOf(counts), most = greatestOf(counts);
    const cells = fewest === most ? counted(most, "cell") : `${fewest} to ${most} cells`;
    const which = curves.length === 1
      ? `the fit ${name} goes`
      : `${short.length} of ${curves.length} curves of the fit ${name} ` +
        agreeing(short.length, "goes", "go");
    const lost = short.length === curves.length
      ? "nothing will be fitted"
      : `${agreeing(short.length, "this one", "these")} will not be fitted`;
    warnings.add(
      "experiment/fit",
      `${which} through ${cells}; the form ${form} needs ${least} points at the least, so that ` +
        lost,
      { at: position, mend: "give its axis more values, or leave the fit out" },
    );
  }
}

/** The cells of each curve of a fit. */
function curvesOf(fit: FitSpec, requests: readonly TaskRequest[]): readonly TaskRequest[][] {
  const curves = Map.groupBy(
    requests.filter(({ cell }) => isMeant(fit, cell)),
    ({ cell }) => canonical(curveOf(fit, cell.axes)),
  );
  return [...curves.values()];
}
