/** What a study asks, in one sentence. */
import { grouped } from "../../base/count.ts";
import { greatestOf, leastOf } from "../../base/extremes.ts";
import { listOf } from "../../base/list.ts";
import { formatAxisValue } from "../text/labels.ts";
import { scoreName, type StudyScore } from "./scores.ts";
import type { StudyRecord } from "./study_record.ts";

/** Scores and axes that the sentence names. */
const NAMED = 4;

/** The sentence: what the spec says of itself, then what is measured over which axes. */
export function questionOf(
  { experiment, about, cells }: StudyRecord,
  { scores, main }: {
    readonly scores: readonly StudyScore[];
    readonly main?: StudyScore | undefined;
  },
): string {
  const said = about?.trim().replace(/[.:;]+$/, "") ?? "";
  if (said.endsWith("?")) return said;
  const begin = said === "" ? "" : `${said}: `;
  if (main === undefined) {
    return `${begin === "" ? `${experiment}: ` : begin}what do its ${cells.length} cells come to?`;
  }
  // What is measured where the main score is: over some of its axes, in whatever stage.
  const first = [
    main,
    ...scores.filter((score) =>
      score.axes.length > 0 && score.axes.every((axis) => main.axes.includes(axis))
    ),
  ];
  const names = [...new Set(first.map(scoreName))];
  const what = listOf(names, NAMED).replace(
    /, ([^,]+)$/,
    names.length > NAMED ? ", $1" : " and $1",
  );
  const axes = main.axes.map((axis) => axisText(axis, main)).join(" and ");
  const question = axes === ""
    ? `what ${names.length === 1 ? "is" : "are"} ${what}`
    : `how ${names.length === 1 ? "does" : "do"} ${what} change with ${axes}`;
  return `${begin}${begin === "" ? capital(question) : question}?`;
}

/** An axis with the values that were measured: "steps (75 to 600)". */
function axisText(axis: string, { cells }: StudyScore): string {
  const values = [...new Set(cells.flatMap(({ axes }) => axes[axis] ?? []))];
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length === values.length && numbers.length > 1) {
    return `${axis} (${grouped(leastOf(numbers))} to ${grouped(greatestOf(numbers))})`;
  }
  return `${axis} (${listOf(values.map(formatAxisValue), NAMED)})`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
