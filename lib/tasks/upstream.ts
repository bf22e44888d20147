/** What can be known of a model before it is made, from the params of the tasks that make it. */
import type { UpstreamTask } from "../graph/task.ts";
import { type BertConfig, bertConfig, type ModelChoice, modelSizes } from "../model/config.ts";
import { sizesInFolder } from "../model/weights/folder.ts";

/** The vocabulary that is assumed where it comes from a file. */
const ASSUMED_VOCABULARY = 30_000;

const inFolders = new Map<string, BertConfig | undefined>();

/**
 * The configuration of the model that a task makes or takes over, as far as sizes go; of one
 * from elsewhere what its folder says. Undefined where neither tells.
 */
export function upstreamConfig(task: UpstreamTask | undefined): BertConfig | undefined {
  if (task === undefined) return undefined;
  const { folder, declared, ...params } = task.params as {
    readonly model?: ModelChoice;
    readonly folder?: string;
    readonly declared?: ModelChoice;
  };
  const isFromElsewhere = task.kind === "model";
  const found = isFromElsewhere && folder !== undefined ? sizesOnce(folder) : undefined;
  if (found !== undefined) return found;
  const model = params.model ?? (isFromElsewhere ? declared : undefined);
  if (model === undefined) {
    // Any of the candidates stands for the one that is chosen.
    const { init, model: before, candidates } = task.inputs;
    return upstreamConfig((init ?? before ?? candidates)?.[0]);
  }
  const sizes = modelSizes(model);
  if (sizes === undefined || sizes.hiddenSize % sizes.heads !== 0) return undefined;
  const vocab = task.inputs["corpus"]?.[0]?.inputs["vocab"]?.[0]?.params as
    | { readonly file?: string; readonly size?: number }
    | undefined;
  const vocabSize = vocab?.file === undefined ? vocab?.size : undefined;
  return bertConfig({ ...sizes, vocabSize: vocabSize ?? ASSUMED_VOCABULARY });
}

/** Hundreds of tasks may start from one model; its folder is looked into once. */
function sizesOnce(folder: string): BertConfig | undefined {
  if (!inFolders.has(folder)) inFolders.set(folder, sizesInFolder(folder));
  return inFolders.get(folder);
}
