/** What is best for so much compute: by the runs of about equal FLOPs, and by Chinchilla's law. */
import {
  computeOptimum,
  type ComputePower,
  FLOPS_A_PARAMETER_TOKEN,
  type IsoFlopProfile,
  isoFlopProfiles,
  optimaAlong,
} from "../../analysis/frontier.ts";
import { chinchilla, type ChinchillaParameters } from "../../analysis/laws/loss_laws.ts";
import type { StudyFit } from "../../analysis/scaling.ts";
import { formatCount } from "../../base/count.ts";
import { formatCell } from "../../report/text/labels.ts";
import { unitOf } from "../../report/text/units.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, named } from "./asked.ts";
import type { TableBlock } from "./content.ts";
import { isSameMeasure, type ReportScore, whereScore } from "./scores.ts";

/** A table a score of which sizes were compared at equal FLOPs, and one of the laws. */
export async function optimumBlocks(
  ask: Ask,
  scores: readonly ReportScore[],
  { experiment, fits }: { readonly experiment: string; readonly fits: readonly StudyFit[] },
): Promise<TableBlock[]> {
  const blocks: TableBlock[] = [];
  for (const score of scores) {
    const block = await profileBlock(ask, score, experiment);
    if (block !== undefined) blocks.push(block);
  }
  const law = await lawBlock(ask, scores, { experiment, fits });
  return law === undefined ? blocks : [...blocks, law];
}

async function profileBlock(
  ask: Ask,
  score: ReportScore,
  experiment: string,
): Promise<TableBlock | undefined> {
  if (score.declared?.better !== "lower") return undefined;
  const data = await ask(`SELECT flops, parameters, seen_tokens, value
FROM results
${whereScore(experiment, score)} AND flops > 0 AND parameters > 0 AND seen_tokens > 0
ORDER BY flops, place`);
  const runs = named(data).map((row) => ({
    flops: Number(row["flops"]),
    parameters: Number(row["parameters"]),
    tokens: Number(row["seen_tokens"]),
    loss: Number(row["value"]),
  })).filter(({ loss }) => Number.isFinite(loss));
  const profiles = isoFlopProfiles(runs);
  const compared = profiles.filter((each) => sizesOf(each) > 2);
  if (compared.length === 0) return undefined;
  const { show } = unitOf(score.declared);
  const along = optimaAlong(compared);
  return {
    kind: "table",
    title: `Sizes of equal compute: ${score.title}`,
    columns: [
      { name: "FLOPs", as: "number" },
      { name: "sizes", as: "number" },
      { name: "best parameters", as: "number" },
      { name: "tokens", as: "number" },
      { name: "there", as: "long" },
    ],
    rows: compared.map((profile) => [
      formatCount(profile.flops),
      String(sizesOf(profile)),
      profile.best === undefined ? "" : formatCount(profile.best.parameters),
      profile.best === undefined ? "" : formatCount(profile.best.tokens),
      profile.best === undefined ? profile.whyNot! : show(profile.best.loss),
    ]),
    notes: [
      "By a parabola over the logarithm of parameters, through runs of about equal FLOPs.",
      ...(along === undefined ? [] : [
        `The best parameters grow as ${power(along.parameters)}, tokens as ${power(along.tokens)}.`,
      ]),
    ],
    data,
  };
}

function sizesOf({ runs }: IsoFlopProfile): number {
  return new Set(runs.map(({ parameters }) => parameters)).size;
}

function power({ exponent }: ComputePower): string {
  return `FLOPs^${exponent.toFixed(2)}`;
}

/** So many times the FLOPs of the largest run with twice its tokens. */
const AHEAD = [1, 10, 100];

async function lawBlock(
  ask: Ask,
  scores: readonly ReportScore[],
  { experiment, fits }: { readonly experiment: string; readonly fits: readonly StudyFit[] },
): Promise<TableBlock | undefined> {
  const laws = fits.filter(({ form, parameters, next }) =>
    form === chinchilla.form && parameters !== undefined && next?.at !== undefined
  );
  if (laws.length === 0) return undefined;
  const data = await ask(`SELECT fit, cell, stage, benchmark, metric, split, parameters, next
FROM fits
WHERE experiment = ${sqlText(experiment)} AND form = ${sqlText(chinchilla.form)}
ORDER BY fit, cell`);
  return {
    kind: "table",
    title: "Best size and corpus by law",
    columns: [
      { name: "fit" },
      { name: "FLOPs", as: "number" },
      { name: "parameters", as: "number" },
      { name: "tokens", as: "number" },
      { name: "tokens a parameter", as: "number" },
      { name: "foretold", as: "number" },
    ],
    rows: laws.flatMap((fit) => {
      const score = scores.find((each) => each.stage === fit.stage && isSameMeasure(each, fit));
      const { show } = unitOf(score?.declared);
      const [size, text] = fit.next!.at!;
      return AHEAD.map((times) => {
        const flops = times * FLOPS_A_PARAMETER_TOKEN * size! * text!;
        const best = computeOptimum(fit.parameters as unknown as ChinchillaParameters, flops);
        return [
          formatCell(fit.fit, fit.cell),
          formatCount(flops),
          formatCount(best.parameters),
          formatCount(best.tokens),
          formatCount(best.tokens / best.parameters),
          show(best.loss),
        ];
      });
    }),
    notes: [
      "At 6 FLOPs a parameter and token; the first row of a fit is what the largest run would " +
      "take with twice its tokens. The further beyond the runs, the less it is worth.",
    ],
    data,
  };
}
