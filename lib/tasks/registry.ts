/** Every kind of task, by the name that `uses:` gives. */
import type { TaskKind } from "../graph/task.ts";
import { conll } from "./conll.ts";
import { corpus } from "./corpus.ts";
import { factoidBenchmark } from "../benchmarks/bioasq_factoid/factoid.ts";
import { classificationBenchmark } from "../benchmarks/classification/classification.ts";
import { nerBenchmark } from "../benchmarks/ner/ner.ts";
import { relationsBenchmark } from "../benchmarks/relations/relations.ts";
import { squadBenchmark } from "../benchmarks/squad/squad.ts";
import { evaluation } from "./finetune/evaluate_kind.ts";
import { fit } from "./fit.ts";
import { finetuning } from "./finetune/kind.ts";
import { labelledTexts } from "./labelled_texts.ts";
import { model } from "./model.ts";
import { pretrain } from "./pretrain/kind.ts";
import { questions } from "./questions.ts";
import { choose } from "./reduce/choose.ts";
import { mean } from "./reduce/mean.ts";
import { metricsOf } from "./reduce/metrics.ts";
import { shards } from "./shards.ts";
import { syntheticWorld } from "./synthetic_world.ts";
import { vocab } from "./vocab.ts";

/** The kinds that measure, and what they measure on. */
const measuring: readonly TaskKind[] = [
  syntheticWorld,
  corpus,
  vocab,
  shards,
  conll,
  labelledTexts,
  questions,
  model,
  pretrain,
  finetuning(nerBenchmark),
  finetuning(relationsBenchmark),
  finetuning(classificationBenchmark),
  finetuning(squadBenchmark),
  finetuning(factoidBenchmark),
  evaluation(nerBenchmark),
  evaluation(relationsBenchmark),
  evaluation(classificationBenchmark),
  evaluation(squadBenchmark),
  evaluation(factoidBenchmark),
];

/** The kinds that reduce what others measured. */
const metrics = metricsOf(measuring);
const reducing: readonly TaskKind[] = [choose(metrics), mean(metrics)];
const scored: readonly TaskKind[] = [...measuring, ...reducing];

/** The kinds that specs can use. */
export const kinds: ReadonlyMap<string, TaskKind> = new Map(
  [...scored, fit(scored)].map((each) => [each.kind, each]),
);
