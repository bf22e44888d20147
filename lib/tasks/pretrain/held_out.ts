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

/** What a training measures on. */
export interface HeldOutOptions {
  /** Held-out text, and training text where that is measured too. */
  readonly text: TrainingText;
  /** The training's. */
  readonly params: PretrainParams;
  /** How many of so many rows go through a graph at once. */
  readonly fit: (rows: number, graphOf: (rows: number) => Graph) => Promise<number>;
}

/** Rows and pairs, and the graphs that they go through. */
interface Sets {
  readonly rows: HeldOutSet;
  readonly seen: HeldOutSet | undefined;
  readonly pairs: HeldOutPairs | undefined;
  readonly masked: Graph;
  readonly next: Graph | undefined;
}

/** The held-out rows and pairs of a training, and the graphs that they go through. */
export class HeldOut {
  private constructor(private readonly sets: Sets) {}

  /** Chooses and masks them, in batches that fit. */
  static async prepare(
    config: BertConfig,
    { text, params, fit }: HeldOutOptions,
  ): Promise<HeldOut> {
    const { rows: limit } = params.evaluation, { rowPieces: length } = params;
    const atOnce = Math.min(params.microBatch ?? params.rows, limit);
    const graphOf = (rows: number) =>
      maskedLanguageModel(config, {
        rows,
        length,
        predictions: heldOutPredictions(rows, length),
        isTraining: false,
      }).graph;
    const pairGraphOf = (rows: number) => nextSentenceModel(config, { rows, length }).graph;
    const { heldOut, heldOutPairs: pairs } = text;
    const rows = await fit(Math.min(atOnce, heldOut.count), graphOf);
    const pairRows = pairs && await fit(Math.min(atOnce, pairs.countOf(0)), pairGraphOf);
    return new HeldOut({
      rows: new HeldOutSet(heldOut, { rows: limit, batchRows: rows }),
      seen: text.seen && new HeldOutSet(text.seen, {
        rows: params.evaluation.trainingRows,
        batchRows: rows,
      }),
      pairs: pairs && new HeldOutPairs(pairs, { rows: limit, batchRows: pairRows! }),
      masked: graphOf(rows),
      next: pairRows === undefined ? undefined : pairGraphOf(pairRows),
    });
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
    const { rows, seen, pairs, ...graphs } = this.sets, masked = await open(graphs.masked);
    const next = graphs.next && await open(graphs.next);
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
