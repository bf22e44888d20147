/** What a doubling of an axis adds, and what cells are above a start or a control. */
import type { JsonObject } from "../../base/canonical.ts";
import { type Dot, dotsSpec, isCutOff } from "../../report/figures/dots_spec.ts";
import { formatNumber } from "../../report/text/format.ts";
import { formatAxisValue } from "../../report/text/labels.ts";
import { unitOf } from "../../report/text/units.ts";
import { type Ask, type Asked, type Named, named, numberIn } from "./asked.ts";
import type { FigureBlock } from "./content.ts";
import { drawing, type DrawingNames } from "./drawing.ts";
import { type ReportScore, whereScore } from "./scores.ts";

/** Cells that a figure of gains shows; with more it would be a wall. */
const MOST_CELLS = 40;

/** What gains are drawn with. */
export interface GainOptions {
  /** The experiment's name. */
  readonly experiment: string;
  /** What drawings are called. */
  readonly names: DrawingNames;
}

/** Two figures a score: per doubling of its axes, and over stages of one cell. */
export async function gainBlocks(
  ask: Ask,
  scores: readonly ReportScore[],
  { experiment, names }: GainOptions,
): Promise<FigureBlock[]> {
  const blocks: FigureBlock[] = [];
  for (const score of scores) {
    if (score.axes.length === 0 || score.declared?.better === undefined) continue;
    // Of two values of an axis the step from one to the other is the whole.
    const doublings = await ask(`SELECT "against", cell, from_x, to_x, seeds,
  per_doubling, per_doubling_low, per_doubling_high, is_better
FROM gains
${whereScore(experiment, score)} AND of IN ('axis', 'whole axis')
QUALIFY of = 'whole axis'
  OR count(*) FILTER (of = 'whole axis') OVER (PARTITION BY "against", cell) = 0
ORDER BY "against", cell`);
    const over = await ask(`SELECT "against", cell, seeds, gain, low, high, is_better
FROM gains
${whereScore(experiment, score)} AND of = 'stage'
ORDER BY "against", cell`);
    const drawings = [
      { data: doublings, value: "per_doubling", title: "gain per doubling", what: "doubled" },
      { data: over, value: "gain", title: "gain over stages of one cell", what: "over" },
    ] as const;
    for (const { data, value, title, what } of drawings) {
      const dots = dotsOf(data, { value, score, what });
      if (dots.length === 0) continue;
      const spec = dotsSpec(dots.slice(0, MOST_CELLS), {
        value: `${title}: ${score.name}`,
        group: what,
      });
      blocks.push({
        kind: "figure",
        title: `${score.title}, ${title}`,
        drawings: [
          await drawing(spec, {
            name: names.of(score.stage, score.metric, "gain", what),
            description: describe(dots, `${score.title}, ${title}`),
          }),
        ],
        notes: [notesOf(dots, score)],
        data,
      });
    }
  }
  return blocks;
}

function dotsOf(
  data: Asked,
  { value, score, what }: {
    readonly value: "gain" | "per_doubling";
    readonly score: ReportScore;
    readonly what: string;
  },
): Dot[] {
  const { factor } = unitOf(score.declared);
  const [low, high] = value === "gain"
    ? ["low", "high"]
    : ["per_doubling_low", "per_doubling_high"];
  const scaled = (row: Named, name: string) => {
    const number = numberIn(row, name);
    return number === undefined || !Number.isFinite(number) ? undefined : factor * number;
  };
  const spots = named(data).map((row) => ({ row, cell: row["cell"] as JsonObject }));
  // In the order of the spec, which the text of a cell does not have.
  const placeOf = (cell: JsonObject) =>
    score.rows.findIndex(({ axes }) =>
      Object.entries(cell).every(([axis, value]) => axes[axis] === value)
    );
  const places = new Map(spots.map(({ cell }) => [cell, placeOf(cell)]));
  const order = (a: string, b: string) => score.axes.indexOf(a) - score.axes.indexOf(b);
  spots.sort((a, b) =>
    (what === "doubled" ? order(String(a.row["against"]), String(b.row["against"])) : 0) ||
    places.get(a.cell)! - places.get(b.cell)!
  );
  return spots.flatMap(({ row, cell }): Dot[] => {
    const gain = scaled(row, value);
    if (gain === undefined) return [];
    const held = score.axes.filter((axis) => Object.hasOwn(cell, axis))
      .map((axis) => `${axis} ${formatAxisValue(cell[axis]!)}`);
    const against = String(row["against"]);
    return [{
      label: held.length === 0 ? (what === "doubled" ? against : score.stage) : held.join(", "),
      group: against,
      value: gain,
      low: scaled(row, low!),
      high: scaled(row, high!),
    }];
  });
}

function notesOf(dots: readonly Dot[], { declared }: ReportScore): string {
  const notes = [
    `${declared?.better === "lower" ? "Below" : "Above"} zero is better`,
    "seed by seed",
    dots.some(({ low }) => low !== undefined)
      ? "bars: intervals of 95 percent over seeds"
      : "one seed: no intervals",
    ...(isCutOff(dots) ? ["those that reach beyond the figure are cut off at its edge"] : []),
    ...(dots.length > MOST_CELLS ? [`the first ${MOST_CELLS} of ${dots.length}`] : []),
  ];
  return `${notes.join("; ")}.`;
}

function describe(dots: readonly Dot[], title: string): string {
  const each = dots.slice(0, MOST_CELLS).map(({ label, group, value, low, high }) =>
    `${group} at ${label}: ${formatNumber(value)}` +
    (low === undefined ? "" : `, ${formatNumber(low)} to ${formatNumber(high!)}`)
  );
  return `${title}. ${each.join("; ")}.`;
}
