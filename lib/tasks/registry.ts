/** Every kind of task, by the name that `uses:` gives. */
import type { TaskKind } from "../graph/task.ts";
import { conll } from "./conll.ts";
import { corpus } from "./corpus.ts";
import { nerBenchmark } from "../benchmarks/ner/ner.ts";
import { finetuning } from "./finetune/kind.ts";
import { pretrain } from "./pretrain/kind.ts";
import { shards } from "./shards.ts";
import { syntheticWorld } from "./synthetic_world.ts";
import { vocab } from "./vocab.ts";

/** The kinds that specs can use. */
export const kinds: ReadonlyMap<string, TaskKind> = new Map(
  [syntheticWorld, corpus, vocab, shards, conll, pretrain, finetuning(nerBenchmark)].map((
    each: TaskKind,
  ) => [
    each.kind,
    each,
  ]),
);
