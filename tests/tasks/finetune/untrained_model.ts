/** The model that the tests of fine-tuning start from. */
import { join } from "node:path";
import type { StoredArtifact } from "../../../lib/graph/task.ts";
import { pretrain } from "../../../lib/tasks/pretrain/kind.ts";
import { makeDir, makeShards, runKind } from "../made_inputs.ts";

/** One layer over the made pieces, its weights as drawn and large enough to learn from fast. */
export async function makeUntrainedModel(): Promise<StoredArtifact> {
  const shards = await makeShards(join(makeDir(), "shards"), { train: 500, validation: 500 });
  const { artifact } = await runKind(pretrain, {
    params: {
      model: { layers: 1, hiddenSize: 32, heads: 2, positions: 32, initializerRange: 0.1 },
      steps: 0,
      rowPieces: 16,
      schedule: { kind: "constant", learningRate: 1 },
    },
    inputs: { corpus: [shards] },
  });
  return artifact;
}
