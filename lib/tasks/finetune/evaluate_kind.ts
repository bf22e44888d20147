/**
 * A task kind of any benchmark: scores a fine-tuned model, so that a part is looked at when and
 * where it is asked for, and not by every candidate.
 */
import type { z } from "zod";
import { type Benchmark, type Example, SCORED_PARTS } from "../../benchmarks/benchmark.ts";
import { scoresArtifact } from "../../benchmarks/scores_artifact.ts";
import { one } from "../../graph/kind.ts";
import type { TaskKind } from "../../graph/task.ts";
import { type EvaluateInputs, type EvaluateParams, evaluateSchema } from "./evaluate_params.ts";
import { fineTunedModel } from "./fine_tuned.ts";

/** The kind that scores a model on a benchmark: "evaluate-ner". */
export function evaluation<Data, Own extends z.ZodRawShape, Row extends Example, Answer>(
  benchmark: Benchmark<Data, Own, Row, Answer>,
): TaskKind<EvaluateParams, EvaluateInputs<Data>> {
  const { kind, version, metrics } = benchmark;
  return {
    kind: `evaluate-${kind}`,
    version,
    about: `Scores a fine-tuned model as ${kind} does.`,
    params: evaluateSchema(benchmark),
    inputs: {
      model: { ...one(fineTunedModel, "the model to score"), readsModel: true, givesSeed: true },
      data: one(benchmark.data, benchmark.aboutData),
    },
    produces: { "": scoresArtifact.type },
    isNumeric: true,
    sharesDevice: true,
    entry: [benchmark.entry, import.meta.url],
    metrics: { ...metrics, ...benchmark.counts },
    scores: ({ benchmark, parts }) =>
      SCORED_PARTS.filter((part) => parts.includes(part)).flatMap((split) =>
        Object.keys(metrics).map((metric) => ({ benchmark, metric, split }))
      ),
    // Evaluation is not counted, that of a training neither.
    estimate: () => ({ steps: 0, tokens: 0, flops: 0 }),
    async run(context) {
      const { runEvaluation } = await import("./evaluate_run.ts");
      return await runEvaluation(context, benchmark);
    },
  };
}
