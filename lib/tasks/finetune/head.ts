/**
 * With what values a fine-tuning begins: those of the model it is given, and a classifier drawn
 * afresh, or gone on from where the model was fine-tuned to the same labels before.
 */
import { ExperimentError } from "../../base/errors.ts";
import { listOf } from "../../base/list.ts";
import type { NamedHead } from "../../model/config.ts";
import { initialParams, type Params } from "../../model/init.ts";
import type { ModelParam } from "../../model/layers.ts";
import type { Model } from "../../model/weights/model_artifact.ts";
import type { FinetuneParams } from "./params.ts";

/** What decides which classifier a fine-tuning begins with. */
export interface Beginning {
  /** What is classified, and the names of the labels. */
  readonly wanted: NamedHead;
  /** All parameters, the classifier's included. */
  readonly specs: readonly ModelParam[];
  /** Tells the benchmark's own last layer; the pooler below it is the model's where it has one. */
  readonly isOwn: (spec: ModelParam) => boolean;
  /** Seed and wish. */
  readonly params: Pick<FinetuneParams, "head" | "seed">;
  /** Told what is drawn afresh though the model has something of the kind. */
  readonly warn: (message: string) => void;
}

/**
 * The values of all parameters at step 0.
 *
 * @throws ExperimentError "tasks/params" when the model's classifier is to be kept and does not
 *   fit; "model/weights" when the model is not whole
 */
export async function startingParams(
  model: Model,
  { wanted, specs, isOwn, params: { head, seed }, warn }: Beginning,
): Promise<Params> {
  const unfit = head === "fresh" ? "" : whyUnfit(model.head, wanted);
  if (unfit !== undefined && head === "keep") {
    throw new ExperimentError("tasks/params", `head: ${unfit}`, {
      mend: "give a model that was fine-tuned to these labels, or write head: fresh",
    });
  }
  if (unfit !== undefined && unfit !== "" && model.head !== undefined) {
    warn(`${unfit}: the classifier is drawn afresh`);
  }
  const isFresh = (spec: ModelParam) => unfit !== undefined && isOwn(spec);
  // What may be lacking is the pooler: models that were trained without pairs have none.
  const given = await model.weights(specs.filter((spec) => !isFresh(spec)), { seed });
  const std = model.config.initializerRange;
  return { ...given, ...initialParams(specs.filter(isFresh), { seed, std }) };
}

/** Why a model's classifier cannot be gone on from; undefined where it can. */
export function whyUnfit(there: NamedHead | undefined, wanted: NamedHead): string | undefined {
  if (there === undefined) return "the model has no classifier";
  const isSame = there.kind === wanted.kind && there.labels.length === wanted.labels.length &&
    there.labels.every((label, number) => label === wanted.labels[number]);
  if (isSame) return undefined;
  return `the model's classifier is of ${told(there)}, not of ${told(wanted)}`;
}

function told({ kind, labels }: NamedHead): string {
  const what = { tokens: "the labels", sequence: "the classes", span: "spans" }[kind];
  return labels.length === 0 ? what : `${what} ${listOf(labels)}`;
}
