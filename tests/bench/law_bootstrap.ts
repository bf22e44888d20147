/**
 * How long 10,000 bootstrap fits of a law of two variables to 240 points take: seconds of
 * CPU, on one core. Seeded.
 *
 *     deno run tests/bench/law_bootstrap.ts [DRAWS]
 */
import process from "node:process";
import { fitLaw, type LawData } from "../../lib/analysis/fit_law.ts";
import { bootstrapLaw } from "../../lib/analysis/law_bootstrap.ts";
import { chinchilla } from "../../lib/analysis/laws/loss_laws.ts";
import { Stream } from "../../lib/base/rng.ts";

/** Runs of Chinchilla's sizes whose losses are off by one percent. */
export function chinchillaData(count: number): LawData {
  const stream = new Stream(1, "bench/law-bootstrap");
  const parameters = new Float64Array(count), tokens = new Float64Array(count);
  const ys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    parameters[i] = 10 ** (7.6 + 2.6 * stream.float());
    tokens[i] = 10 ** (9 + 2.5 * stream.float());
    const loss = 1.82 + 482 * parameters[i]! ** -0.348 + 2085 * tokens[i]! ** -0.366;
    ys[i] = loss * Math.exp(0.01 * stream.normal());
  }
  return { columns: [parameters, tokens], ys };
}

if (import.meta.main) {
  const draws = Number(Deno.args[0] ?? 10_000);
  const data = chinchillaData(240);
  const fit = fitLaw(chinchilla, data);
  const before = process.cpuUsage();
  const found = bootstrapLaw(fit, data, { draws });
  const { user, system } = process.cpuUsage(before);
  // deno-lint-ignore no-console -- a bench prints what it found
  console.log(`${draws} fits in ${((user + system) / 1e6).toFixed(1)} s of CPU`, found!.intervals);
}
