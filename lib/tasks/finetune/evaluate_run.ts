/** Evaluation as a task: opens a fine-tuned model, predicts, scores, keeps the predictions. */
import { z } from "zod";
import type { Benchmark, Example } from "../../benchmarks/benchmark.ts";
import { scoresArtifact } from "../../benchmarks/scores_artifact.ts";
import { ExperimentError, fault } from "../../base/errors.ts";
import { openDevice } from "../../engine/devices.ts";
import type { TaskContext, TaskOutcome } from "../../graph/task.ts";
import { classifier } from "../../model/heads/heads.ts";
import { Phases } from "../training/phases.ts";
import { withoutReplicas } from "../training/replicas.ts";
import type { EvaluateInputs, EvaluateParams } from "./evaluate_params.ts";
import type { Recipe } from "./fine_tuned.ts";
import { whyUnfit } from "./head.ts";
import {
  fittingPadding,
  refuseEmpty,
  scoredPadding,
  scoreParts,
  tellScores,
  writtenScores,
} from "./scoring.ts";

/** Does the work of an evaluation on a benchmark. */
export async function runEvaluation<
  Data,
  Own extends z.ZodRawShape,
  Row extends Example,
  Answer,
>(
  context: TaskContext<EvaluateParams, EvaluateInputs<Data>>,
  benchmark: Benchmark<Data, Own, Row, Answer>,
): Promise<TaskOutcome> {
  const { params, inputs, emit, signal } = context;
  const phases = new Phases(emit);
  phases.begin("loading");
  const { model, recipe } = await inputs.model.open();
  const rows = params.rows ?? numberOf(recipe, "microBatch") ?? numberOf(recipe, "rows") ?? 16;
  const length = params.length ?? numberOf(recipe, "length") ?? 128;
  const use = { length, rows: benchmark.rows, lengthParam: "length", dropout: 0 };
  const config = model.configFor(use);
  const prepared = benchmark.prepare(await inputs.data.open(), {
    encoder: model.vocabulary,
    length,
    params: ownParams(benchmark, { params, recipe }),
    labels: model.head?.labels,
    warn: (message) => emit({ type: "warning", message }),
  });
  refuseEmpty(prepared, { parts: params.parts, rows: benchmark.rows });
  const { head, labels } = prepared;
  const unfit = whyUnfit(model.head, { kind: head.kind, labels });
  if (unfit !== undefined) {
    throw new ExperimentError("tasks/params", `model: ${unfit}`, {
      mend: `give a model that was fine-tuned on this data, or another of ${head.kind} and labels`,
    });
  }
  const asked = scoredPadding(prepared, { rows, length, padId: model.vocabulary.padId });
  const engine = await openDevice(withoutReplicas(context.device));
  const padding = await fittingPadding(asked, {
    engine,
    graphOf: (shape) => classifier(config, { ...shape, head, isTraining: false }).graph,
    warn: (message) => emit({ type: "warning", message }),
  });
  const modelOf = (length: number) =>
    classifier(config, { ...padding, length, head, isTraining: false });
  // Nothing is drawn: a fine-tuned model has all of them.
  const weights = await model.weights(modelOf(padding.lengths[0]!).params, { seed: 0 });
  const compile = (length: number) => engine.compile(modelOf(length).graph, weights);
  const { parts } = params, { facts } = inputs.model;
  const scored = await scoreParts({ compile, padding, prepared, parts, phases, signal });
  phases.begin("saving");
  const step = facts.steps ?? 0;
  const scores = tellScores(scored, { benchmark: params.benchmark, step, emit });
  const written = writtenScores(scored, { benchmark: params.benchmark });
  await scoresArtifact.write(context.outDir, written);
  phases.end();
  const { ownSteps: _, ownTokens: __, ownFlops: ___, ...before } = facts;
  return { facts: before, scores };
}

function numberOf({ params }: Recipe, name: string): number | undefined {
  const value = params[name];
  return typeof value === "number" ? value : undefined;
}

/** The benchmark's own params: those given here, else as in training if that was of this benchmark. */
function ownParams<Own extends z.ZodRawShape>(
  { kind, params: shape }: OwnOf<Own>,
  { params, recipe }: { readonly params: EvaluateParams; readonly recipe: Recipe },
): z.output<z.ZodObject<Own>> {
  const trained = recipe.kind === kind ? recipe.params : {};
  const given = Object.keys(shape).flatMap((name) => {
    const value = params[name] ?? trained[name];
    return value === undefined ? [] : [[name, value]];
  });
  const parsed = z.object(shape).safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data as z.output<z.ZodObject<Own>>;
  throw ExperimentError.of(
    parsed.error.issues.map(({ path, message }) =>
      fault("tasks/params", `${path.join(".")}: ${message}`, {
        mend: `give it here: the model was fine-tuned by ${recipe.kind}`,
      })
    ),
  );
}

/** What of a benchmark tells its own params. */
interface OwnOf<Own> {
  readonly kind: string;
  readonly params: Own;
}
