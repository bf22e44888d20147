/** What the fits of a score say of twice as much, or why they do not. */
import type { Prediction, StudyFit } from "../../analysis/scaling.ts";
import type { JsonObject } from "../../base/canonical.ts";
import { formatCount } from "../../base/count.ts";
import { formatExact } from "../text/format.ts";
import { isMeaningless } from "../text/fits.ts";
import { formatCell } from "../text/labels.ts";
import { halfOf, intervalText, valueText } from "./quantity.ts";
import { type ScoreCell, scoreName, type StudyScore } from "./scores.ts";

/** What one fit says of the next doubling. */
export interface Foretold {
  /** The fit's name in the spec. */
  readonly fit: string;
  /** The values of the axes that it is made for. */
  readonly cell: JsonObject;
  /** As it is named everywhere. */
  readonly label: string;
  /** What stands on its horizontal axes. */
  readonly against: readonly string[];
  /** What it says; absent where it says nothing. */
  readonly next?: Prediction;
  /** A clause on why it says nothing. */
  readonly whyNot?: string;
}

/** What the fits of a score say; of the curves of one fit that through the best cell, if any is. */
export function foretoldOf(
  score: StudyScore,
  { fits, best }: { readonly fits: readonly StudyFit[]; readonly best: ScoreCell },
): Foretold[] {
  const own = fits.filter(({ stage, benchmark, metric, split }) =>
    stage === score.stage && benchmark === score.benchmark && metric === score.metric &&
    split === score.split
  );
  return [...Map.groupBy(own, ({ fit }) => fit).values()].flatMap((curves) => {
    const through = curves.filter(({ cell }) =>
      Object.entries(cell).every(([axis, value]) => best.axes[axis] === value)
    );
    return (through.length > 0 ? through : curves).map(foretell);
  });
}

function foretell(fit: StudyFit): Foretold {
  const { fit: name, cell, against, next, shape, warnings, parameters } = fit;
  const base = { fit: name, cell, label: formatCell(name, cell), against: [against].flat() };
  if (parameters === undefined) {
    return { ...base, whyNot: warnings.at(-1) ?? "it could not be fitted" };
  }
  if (isMeaningless(shape)) {
    return {
      ...base,
      whyNot: shape === "flat"
        ? "its points show no dependence"
        : "its points turn, which its law cannot",
    };
  }
  return next === undefined || !Number.isFinite(next.value)
    ? { ...base, whyNot: "its law foretells no doubling" }
    : { ...base, next };
}

/** Fits that the sentence names. */
const NAMED_FITS = 3;

/** What they say, in one sentence. */
export function foretoldSentence(score: StudyScore, foretold: readonly Foretold[]): string {
  if (foretold.length === 0) {
    return `What twice as much would bring is not foretold: the spec asks for no fit of ${
      scoreName(score)
    } at ${score.stage}.`;
  }
  const said = foretold.filter(({ next }) => next !== undefined).slice(0, NAMED_FITS);
  const silent = foretold.filter(({ next }) => next === undefined).slice(0, NAMED_FITS);
  const known = said.map(({ label, against, next }) =>
    `${nextText(next!, score)} at ${placeText(against, next!)} (${label})`
  );
  const unknown = silent.map(({ label, whyNot }) => `${label} does not say, as ${whyNot}`);
  if (known.length === 0) return `Twice as much is not foretold: ${unknown.join("; ")}.`;
  return `For twice as much the fits foretell ${scoreName(score)} ${
    [known.join(" and "), ...unknown].join("; ")
  }.`;
}

/** A foretold value with its interval, or that it has none. */
function nextText(
  { value, interval }: Prediction,
  { declared }: Pick<StudyScore, "declared">,
): string {
  if (interval === undefined) return `${valueText(value, { declared })} (without an interval)`;
  return `${valueText(value, { declared, uncertainty: halfOf(interval) })} ${
    intervalText(interval, { declared })
  }`;
}

/** Where a prediction stands: "uniqueTokens 8,000", or a value for each of several. */
function placeText(against: readonly string[], { x, at = [x] }: Prediction): string {
  return against.map((name, i) => `${name} ${xText(at[i]!)}`).join(", ");
}

function xText(x: number): string {
  return x < 1e6 && Number.isInteger(x) ? formatExact(x) : formatCount(x);
}
