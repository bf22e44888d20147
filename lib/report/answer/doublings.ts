/**
 * What a doubling of an axis brings: over all that was measured, and at its end, where the
 * question whether more is worth it stands.
 */
import {
  type CurveCell,
  flattensAt,
  gainPerDoubling,
  meanOverSeeds,
  type SeedMean,
} from "../../analysis/cells.ts";
import { canonical, type JsonObject } from "../../base/canonical.ts";
import { formatExact } from "../text/format.ts";
import { formatAxisValue } from "../text/labels.ts";
import { differenceText } from "./best_cell.ts";
import { type ScoreCell, scoreName, type StudyScore } from "./scores.ts";

/** What doublings of one axis bring, the others held. */
export interface Doubling {
  /** The axis. */
  readonly axis: string;
  /** The values at which the others are held: those of the best cell where these were measured. */
  readonly held: JsonObject;
  /** The smallest value of the axis. */
  readonly from: number;
  /** The largest. */
  readonly to: number;
  /** The means along the axis, from the smallest value on. */
  readonly curve: readonly { readonly x: number; readonly mean: number }[];
  /** The change of a doubling, over all values by regression on log2; in the metric's unit. */
  readonly whole: SeedMean;
  /** The same from the largest value but one to the largest; absent of two values. */
  readonly last?: SeedMean & { readonly from: number };
  /** The value beyond which none is shown to be better; absent where that is not so, or not known. */
  readonly flattensAt?: number;
}

/** The axes of a score along which there are doublings, in the order of the spec. */
export function doublingsOf(score: StudyScore, best: ScoreCell): Doubling[] {
  return score.axes.flatMap((axis) => doublingOf(score, { axis, best }) ?? []);
}

function doublingOf(
  { cells, declared }: StudyScore,
  { axis, best }: { readonly axis: string; readonly best: ScoreCell },
): Doubling | undefined {
  const numeric = cells.filter(({ axes }) => typeof axes[axis] === "number" && axes[axis] > 0);
  const lines = Map.groupBy(numeric, ({ axes }) => canonical(restOf(axes, axis)));
  const own = lines.get(canonical(restOf(best.axes, axis)));
  const longest = [...lines.values()].sort((a, b) => b.length - a.length)[0];
  const line = own !== undefined && own.length > 1 ? own : longest;
  if (line === undefined || line.length < 2) return undefined;
  const curve: CurveCell[] = line.map(({ axes, values }) => ({ x: Number(axes[axis]), values }))
    .sort((a, b) => a.x - b.x);
  const whole = gainPerDoubling(curve);
  if (whole === undefined) return undefined;
  const last = curve.length < 3 ? undefined : gainPerDoubling(curve.slice(-2));
  const flat = flattensAt(curve, declared.better);
  return {
    axis,
    held: restOf(line[0]!.axes, axis),
    from: curve[0]!.x,
    to: curve.at(-1)!.x,
    curve: curve.map(({ x, values }) => ({ x, mean: meanOverSeeds(values.values()).mean })),
    whole,
    ...(last === undefined ? {} : { last: { ...last, from: curve.at(-2)!.x } }),
    ...(flat === undefined ? {} : { flattensAt: flat }),
  };
}

function restOf(axes: JsonObject, axis: string): JsonObject {
  return Object.fromEntries(Object.entries(axes).filter(([name]) => name !== axis));
}

/** What they bring, in one sentence; of none, why. */
export function doublingsSentence(score: StudyScore, doublings: readonly Doubling[]): string {
  if (doublings.length === 0) return whyNone(score);
  const clauses = doublings.map(({ axis, held, from, to, whole, last }, i) => {
    const at = Object.entries(held).map(([name, value]) => `${name}=${formatAxisValue(value)}`);
    const range = `from ${formatExact(from)} to ${formatExact(to)}`;
    const first = i === 0 ? `A doubling of ${axis} changes ${scoreName(score)}` : `one of ${axis}`;
    return `${first} by ${differenceText(whole, score)} ${range}` +
      (at.length === 0 ? "" : ` at ${at.join(", ")}`) +
      (last === undefined
        ? ""
        : `, at its end (from ${formatExact(last.from)} on) by ${differenceText(last, score)}`);
  });
  return `${clauses.join("; ")}.`;
}

function whyNone({ axes, cells, stage }: StudyScore): string {
  const start = "What a doubling brings cannot be said:";
  if (axes.length === 0) return `${start} no axis of the spec varies ${stage}.`;
  if (cells.length === 1) return `${start} only one cell of ${stage} has a number.`;
  const numeric = axes.filter((axis) =>
    cells.some(({ axes }) => typeof axes[axis] === "number" && axes[axis] > 0)
  );
  return numeric.length === 0
    ? `${start} ${axes.join(", ")} ${axes.length === 1 ? "has" : "have"} no numbers above 0.`
    : `${start} no two cells differ in ${numeric.join(" or ")} alone and share a seed.`;
}
