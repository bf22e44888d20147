/** What can be known of a model before it is made, from the params of the tasks that make it. */
import type { UpstreamTask } from "../graph/task.ts";
import { type BertConfig, bertConfig, type ModelChoice, modelSizes } from "../model/config.ts";

/** The vocabulary that is assumed where it comes from a file. */
const ASSUMED_VOCABULARY = 30_000;

/**
 * The configuration of a model that a pre-training makes, as far as sizes go; undefined
 * where its params do not tell, as of a model from elsewhere.
 */
export function upstreamConfig(task: UpstreamTask | undefined): BertConfig | undefined {
  if (task === undefined) return undefined;
  const { model } = task.params as { readonly model?: ModelChoice };
  if (model === undefined) {
    const { init, model: before } = task.inputs;
    return upstreamConfig((init ?? before)?.[0]);
  }
  const sizes = modelSizes(model);
  if (sizes === undefined || sizes.hiddenSize % sizes.heads !== 0) return undefined;
  const vocab = task.inputs["corpus"]?.[0]?.inputs["vocab"]?.[0]?.params as
    | { readonly file?: string; readonly size?: number }
    | undefined;
  const vocabSize = vocab?.file === undefined ? vocab?.size : undefined;
  return bertConfig({ ...sizes, vocabSize: vocabSize ?? ASSUMED_VOCABULARY });
}
