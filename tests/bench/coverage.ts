/**
 * How often the intervals of a fit hold the truth: a table, by simulation.
 *
 * Studies are made up from a known law and noise, fitted, and asked whether their
 * 95 percent intervals hold the law's limit and exponent. Noise is independent, or
 * that of trajectories: each seed is off by an amount of its own, and what is left
 * is carried from point to point. Seeded: the same table each time.
 *
 *     deno run tests/bench/coverage.ts [STUDIES]
 */
import { bootstrapPowerLaw } from "../../lib/analysis/bootstrap.ts";
import { evaluate } from "../../lib/analysis/power_law.ts";
import { Stream } from "../../lib/base/rng.ts";

/** A kind of study. */
export interface Design {
  /** How many x there are, each twice the one before. */
  readonly xs: number;
  /** Points at each x. */
  readonly seeds: number;
  /** Share of a point's deviation that the next one of its seed keeps; 0: independent. */
  readonly carried: number;
}

/** The designs of the table. */
export const DESIGNS: readonly Design[] = [
  { xs: 4, seeds: 1, carried: 0 },
  { xs: 5, seeds: 1, carried: 0 },
  { xs: 6, seeds: 1, carried: 0 },
  { xs: 8, seeds: 1, carried: 0 },
  { xs: 16, seeds: 1, carried: 0 },
  { xs: 3, seeds: 4, carried: 0 },
  { xs: 4, seeds: 2, carried: 0 },
  { xs: 4, seeds: 4, carried: 0 },
  { xs: 8, seeds: 2, carried: 0 },
  { xs: 8, seeds: 1, carried: 0.9 },
  { xs: 16, seeds: 1, carried: 0.9 },
  { xs: 8, seeds: 2, carried: 0.9 },
  { xs: 16, seeds: 2, carried: 0.9 },
  { xs: 16, seeds: 4, carried: 0.9 },
];

const TRUTH = { limit: 2, amplitude: 40, exponent: 0.6 };
const FIRST_X = 100;
const NOISE = 0.03;

/** Shares of simulated studies whose 95 percent intervals hold the truth. */
export function coverage(
  { xs, seeds, carried }: Design,
  { studies, resamples }: { readonly studies: number; readonly resamples: number },
): { limit: number; exponent: number } {
  const held = { limit: 0, exponent: 0 };
  for (let study = 0; study < studies; study++) {
    const points = Array.from({ length: seeds }, (_, seed) => {
      const noise = new Stream(study, "bench/coverage", seed);
      let deviation = noise.normal();
      return Array.from({ length: xs }, (_, i) => {
        if (i > 0) {
          deviation = carried * deviation + Math.sqrt(1 - carried ** 2) * noise.normal();
        }
        const x = FIRST_X * 2 ** i;
        return { x, y: evaluate(TRUTH, x) + NOISE * deviation };
      });
    }).flat();
    const { intervals } = bootstrapPowerLaw(points, { resamples, seed: study });
    for (const name of ["limit", "exponent"] as const) {
      const { low, high } = intervals[name];
      if (low <= TRUTH[name] && TRUTH[name] <= high) held[name]++;
    }
  }
  return { limit: held.limit / studies, exponent: held.exponent / studies };
}

if (import.meta.main) {
  const studies = Number(Deno.args[0] ?? 500);
  const lines = DESIGNS.map((design) => {
    const { limit, exponent } = coverage(design, { studies, resamples: 200 });
    const noise = design.carried === 0 ? "independent" : `trajectories, ${design.carried} carried`;
    const cells = [design.xs, design.seeds, noise, limit.toFixed(2), exponent.toFixed(2)];
    return `| ${cells.join(" | ")} |`;
  });
  // deno-lint-ignore no-console -- a bench prints its table
  console.log(
    [
      "| x | points at each | noise | limit held | exponent held |",
      "| - | - | - | - | - |",
      ...lines,
    ]
      .join("\n"),
  );
}
