/**
 * How often the intervals of a fit hold the truth: a table, by simulation.
 *
 * Studies are made up from a known law and noise, fitted, and asked whether their
 * 95 percent intervals hold the law's limit, its exponent, and its value at twice the
 * largest x. Noise is independent; or that of trajectories, where each seed is off by an
 * amount of its own and what is left is carried from point to point; or that of seeds
 * that differ as wholes. Seeded: the same table each time.
 *
 *     deno run tests/bench/coverage.ts [STUDIES]
 */
import type { Interval } from "../../lib/analysis/interval.ts";
import { lawIntervals, type SharingPoint } from "../../lib/analysis/intervals.ts";
import { evaluate, type PowerLaw } from "../../lib/analysis/power_law.ts";
import { Stream } from "../../lib/base/rng.ts";

/** A kind of study. */
export interface Design {
  /** How many x there are, from 100 to 100 times the doublings of `doublings`. */
  readonly xs: number;
  /** Points at each x. */
  readonly seeds: number;
  /** Trajectories: the share of a point's deviation that the next one of its seed keeps. */
  readonly carried?: number;
  /** Separate trainings: the share of the variance that all points of a seed have in common. */
  readonly common?: number;
  /** 0.03 unless given. */
  readonly noise?: number;
  /** 0.6 unless given. */
  readonly exponent?: number;
}

/** The designs of the table: 8, 16 and 32 points each way. */
export const DESIGNS: readonly Design[] = [
  { xs: 5, seeds: 1 },
  { xs: 8, seeds: 1 },
  { xs: 16, seeds: 1 },
  { xs: 32, seeds: 1 },
  { xs: 8, seeds: 1, exponent: 0.3 },
  { xs: 8, seeds: 1, noise: 0.15 },
  { xs: 4, seeds: 2 },
  { xs: 8, seeds: 2 },
  { xs: 16, seeds: 2 },
  { xs: 4, seeds: 4 },
  { xs: 8, seeds: 4 },
  { xs: 4, seeds: 8 },
  { xs: 4, seeds: 4, common: 0.5 },
  { xs: 8, seeds: 4, common: 0.5 },
  { xs: 4, seeds: 8, common: 0.5 },
  { xs: 4, seeds: 2, carried: 0.9 },
  { xs: 8, seeds: 2, carried: 0.9 },
  { xs: 16, seeds: 2, carried: 0.9 },
  { xs: 4, seeds: 4, carried: 0.9 },
  { xs: 8, seeds: 4, carried: 0.9 },
  { xs: 4, seeds: 8, carried: 0.9 },
  { xs: 8, seeds: 4, carried: 0.9, noise: 0.15 },
  { xs: 8, seeds: 4, carried: 0.5 },
];

const QUANTITIES = ["limit", "exponent", "next"] as const;

/**
 * The share of studies that no intervals are given of; of the others, by quantity, that whose
 * interval holds the truth, and that without an end.
 */
export type Coverage =
  & Readonly<Record<(typeof QUANTITIES)[number], { readonly held: number; readonly open: number }>>
  & { readonly none: number };

/** A made-up study of a design. */
export function studyOf(design: Design, law: PowerLaw, study: number): SharingPoint[] {
  const { xs, seeds, carried, common = 0, noise: size = 0.03 } = design;
  return Array.from({ length: seeds }, (_, seed) => {
    const noise = new Stream(study, "bench/coverage", seed);
    const own = Math.sqrt(common) * noise.normal();
    let deviation = noise.normal();
    return Array.from({ length: xs }, (_, i) => {
      if (i > 0) {
        const kept = carried ?? 0;
        deviation = kept * deviation + Math.sqrt(1 - kept ** 2) * noise.normal();
      }
      const x = 100 * 2 ** (7 * i / (Math.min(xs, 8) - 1) * Math.min(1, 8 / xs));
      const y = evaluate(law, x) + size * (own + Math.sqrt(1 - common) * deviation);
      const trajectory = carried === undefined ? `${seed} to ${i}` : `${seed}`;
      return { x, y, seed, trajectory };
    });
  }).flat();
}

/** How often the intervals of simulated studies hold the truth. */
export function coverage(design: Design, studies: number): Coverage {
  const law = { limit: 2, amplitude: 40, exponent: design.exponent ?? 0.6 };
  const counts = QUANTITIES.map((name) => ({ name, held: 0, open: 0 }));
  let none = 0;
  for (let study = 0; study < studies; study++) {
    const points = studyOf(design, law, study);
    const next = 2 * Math.max(...points.map(({ x }) => x));
    const { intervals, whyNone } = lawIntervals(points, { xs: [next] });
    if (intervals === undefined) {
      if (!whyNone.includes("lead beyond")) throw new Error(whyNone);
      none++;
      continue;
    }
    const truths: Record<(typeof QUANTITIES)[number], readonly [number, Interval]> = {
      limit: [law.limit, intervals.limit],
      exponent: [law.exponent, intervals.exponent],
      next: [evaluate(law, next), intervals.values[0]!],
    };
    for (const count of counts) {
      const [truth, { low, high }] = truths[count.name];
      if (low <= truth && truth <= high) count.held++;
      if (low === -Infinity || high === Infinity) count.open++;
    }
  }
  const given = studies - none;
  return {
    none: none / studies,
    ...Object.fromEntries(
      counts.map(({ name, held, open }) => [name, { held: held / given, open: open / given }]),
    ),
  } as Coverage;
}

if (import.meta.main) {
  const studies = Number(Deno.args[0] ?? 1000);
  const percent = (share: number) => (100 * share).toFixed(1);
  const lines = DESIGNS.map((design) => {
    const { xs, seeds, carried, common, noise = 0.03, exponent = 0.6 } = design;
    const { limit, exponent: ofExponent, next, none } = coverage(design, studies);
    const depends = carried !== undefined
      ? `trajectories, ${carried} carried`
      : common !== undefined
      ? `seeds, ${common} in common`
      : "independent";
    const held = [limit, ofExponent, next].map((each) => percent(each.held));
    return [
      xs,
      seeds,
      xs * seeds,
      depends,
      exponent,
      noise,
      ...held,
      percent(limit.open),
      percent(none),
    ];
  });
  const head = ["x", "seeds", "points", "noise", "exponent", "size"];
  const of = [
    "limit held",
    "exponent held",
    "next doubling held",
    "limit without an end",
    "none given",
  ];
  const rows = [[...head, ...of], [...head, ...of].map(() => "-"), ...lines];
  // deno-lint-ignore no-console -- a bench prints its table
  console.log(rows.map((each) => `| ${each.join(" | ")} |`).join("\n"));
}
