/** What a pre-training measures on held-out text: masked pieces, and pairs where they are trained. */
import type { Executable } from "../../engine/engine.ts";
import type { Graph } from "../../engine/ir/graph.ts";
import type { BertConfig } from "../../model/config.ts";
import { maskedLanguageModel, nextSentenceModel } from "../../model/heads/heads.ts";
import { heldOutPredictions, HeldOutSet } from "../../train/heldout.ts";
import type { ContextScores } from "../../train/seen_text.ts";
import { HeldOutPairs } from "../../train/heldout_pairs.ts";
import type { Estimated } from "../../train/steps.ts";
import type { Phases } from "../training/phases.ts";
import type { PretrainParams } from "./params.ts";
import type { TrainingText } from "./text.ts";

/** Measures a model as it is. */
export type Measure = () => Promise<Readonly<Record<string, Estimated>>>;

/** The held-out rows and pairs of a training, and the graphs that they go through. */
export class HeldOut {
  readonly #rows: HeldOutSet;
  readonly #seen: HeldOutSet | undefined;
  readonly #pairs: HeldOutPairs | undefined;
  readonly #masked: Graph;
  readonly #next: Graph | undefined;

  /** Chooses and masks them. */
  constructor(
    config: BertConfig,
    { text, params }: { readonly text: TrainingText; readonly params: PretrainParams },
  ) {
    const { rows: limit } = params.evaluation, { rowPieces: length } = params;
    const atOnce = params.microBatch ?? params.rows;
    const batchRows = Math.min(atOnce, limit, text.heldOut.count);
    this.#rows = new HeldOutSet(text.heldOut, { rows: limit, batchRows });
    const { trainingRows } = params.evaluation;
    this.#seen = text.seen && new HeldOutSet(text.seen, { rows: trainingRows, batchRows });
    this.#masked = maskedLanguageModel(config, {
      rows: batchRows,
      length,
      predictions: heldOutPredictions(batchRows, length),
      isTraining: false,
    }).graph;
    if (text.heldOutPairs === undefined) return;
    const rows = Math.min(atOnce, limit, text.heldOutPairs.countOf(0));
    this.#pairs = new HeldOutPairs(text.heldOutPairs, { rows: limit, batchRows: rows });
    this.#next = nextSentenceModel(config, { rows, length }).graph;
  }

  /** Compiles what measures; its graphs are freed with the resources. */
  async compile(
    compile: (graph: Graph) => Promise<Executable>,
    { phases, signal, resources }: {
      readonly phases: Phases;
      readonly signal: AbortSignal;
      readonly resources: AsyncDisposableStack;
    },
  ): Promise<Measure> {
    const open = async (graph: Graph) => {
      const executable = await compile(graph);
      resources.defer(() => executable.dispose());
      return executable;
    };
    const rows = this.#rows,
      seen = this.#seen,
      pairs = this.#pairs,
      masked = await open(this.#masked);
    const next = this.#next && await open(this.#next);
    return async () => {
      const total = rows.passes + (seen?.passes ?? 0) + (pairs?.count ?? 0);
      phases.begin("evaluating held-out text", { total, unit: "rows" });
      const onRows = (done: number) => phases.reach(done);
      const { usefulContextNats, ...heldOut } = await rows.measure(masked, { signal, onRows });
      const onSeen = (done: number) => phases.reach(rows.passes + done);
      const ofSeen = await seen?.measure(masked, { signal, onRows: onSeen });
      const scores = {
        ...heldOut,
        ...(ofSeen === undefined ? {} : {
          usefulContextNats,
          seenLossNats: ofSeen.lossNats,
          seenContextGapNats: ofSeen.contextGapNats,
        } satisfies ContextScores),
      };
      if (pairs === undefined) return scores;
      const ofPairs = await pairs.measure(next!, {
        signal,
        onRows: (done) => phases.reach(total - pairs.count + done),
      });
      return { ...scores, ...ofPairs };
    };
  }
}
