/** A task kind of any benchmark: fine-tunes a model on its data and scores it. */
import type { z } from "zod";
import { type Benchmark, type Example, SCORED_PARTS } from "../../benchmarks/benchmark.ts";
import { one } from "../../graph/kind.ts";
import type { TaskKind } from "../../graph/task.ts";
import { choiceArtifact } from "../reduce/choice_artifact.ts";
import { estimateOfChosen, withChosen } from "./chosen.ts";
import { fineTunedArtifact, startingModel } from "./fine_tuned.ts";
import {
  finetuneEstimate,
  finetuneFaults,
  type FinetuneInputs,
  type FinetuneParams,
  finetuneSchema,
} from "./params.ts";

/** The kind that fine-tunes on a benchmark, by its name. */
export function finetuning<Data, Own extends z.ZodRawShape, Row extends Example, Answer>(
  benchmark: Benchmark<Data, Own, Row, Answer>,
): TaskKind<FinetuneParams, FinetuneInputs<Data>> {
  const { kind, version, about, metrics } = benchmark;
  const schema = finetuneSchema(benchmark.params, benchmark);
  return {
    kind,
    version,
    about,
    params: schema,
    inputs: {
      model: { ...one(startingModel, "the model to fine-tune"), readsModel: true },
      data: one(benchmark.data, benchmark.aboutData),
      choice: {
        types: [choiceArtifact.type],
        about: "the choice whose params take the place of those here",
        optional: true,
        givesParams: true,
      },
    },
    produces: { "": fineTunedArtifact.type },
    withChosen: (params, chosen, taken) => withChosen(params, chosen, { taken, kind, schema }),
    isNumeric: true,
    sharesDevice: true,
    dropsModel: true,
    entry: [benchmark.entry, import.meta.url],
    check: finetuneFaults,
    metrics: { ...metrics, ...benchmark.counts },
    scores: ({ benchmark, evaluate }) =>
      SCORED_PARTS.filter((part) => evaluate.includes(part)).flatMap((split) =>
        Object.keys(metrics).map((metric) => ({ benchmark, metric, split }))
      ),
    seed: (params) => params.seed,
    estimate(params, inputs) {
      const [data] = inputs["data"] ?? [];
      const examples = data && benchmark.countTrain?.(data);
      return estimateOfChosen(
        params,
        inputs,
        (each) => finetuneEstimate(each, { inputs, examples }),
      );
    },
    async checkpointStep(scratchDir) {
      const { latestStep } = await import("../training/checkpoints.ts");
      return await latestStep(scratchDir);
    },
    async run(context) {
      const { runFinetune } = await import("./run.ts");
      return await runFinetune(context, benchmark);
    },
  };
}
