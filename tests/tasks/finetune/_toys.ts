/** What the tests of the toy benchmarks start from: kinds, an untrained model, data in a folder. */
import { loadKinds } from "../../../lib/graph/kinds.ts";
import type { StoredArtifact } from "../../../lib/graph/task.ts";
import { kinds as registry } from "../../../lib/tasks/registry.ts";
import { makeDir } from "../made_inputs.ts";
import { makeUntrainedModel } from "./untrained_model.ts";

/** All kinds. */
export const KINDS = await loadKinds(registry);

/** A model as it was drawn. */
export const MODEL = await makeUntrainedModel();

/** Enough steps to learn a toy, as params of a spec. */
export const PARAMS = { rows: 20, length: 16, steps: 120, learningRate: 5e-3, dropout: 0 };

/** Data as it is written into a folder of its own. */
export async function dataOf(write: (dir: string) => Promise<void>): Promise<StoredArtifact> {
  const dir = makeDir();
  await write(dir);
  return { key: dir, dir, facts: {} };
}
