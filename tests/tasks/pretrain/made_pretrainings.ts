/** Runs pre-trainings that differ in a few params, and reads what they leave. */
import { join } from "node:path";
import { sha256File } from "../../../lib/base/digest.ts";
import type { StoredArtifact, TaskEvent, TaskOutcome } from "../../../lib/graph/task.ts";
import { pretrain } from "../../../lib/tasks/pretrain/kind.ts";
import type { PretrainParams } from "../../../lib/tasks/pretrain/params.ts";
import { type MadeOptions, type MadeRun, makeRun } from "../made_inputs.ts";

/** A pre-training that is done. */
export type Run = MadeRun<PretrainParams> & { readonly outcome: TaskOutcome };

/** Runs a pre-training with other params than the usual ones, and with other inputs. */
export type RunPretrain = (
  params?: Readonly<Record<string, unknown>>,
  more?: Omit<MadeOptions, "params">,
) => Promise<Run>;

/** Pre-trainings on a corpus with params that are usual for a file of tests. */
export function pretrainings(
  usual: Readonly<Record<string, unknown>>,
  corpus: StoredArtifact,
): RunPretrain {
  return async (params = {}, more = {}) => {
    const made = await makeRun(pretrain, {
      params: { ...usual, ...params },
      inputs: { corpus: [corpus] },
      ...more,
    });
    return { ...made, outcome: await pretrain.run(made.context) };
  };
}

/** The artifact of a run, as another task gets it. */
export function artifactOf({ context, outcome }: Run): StoredArtifact {
  return { key: "made", dir: context.outDir, facts: outcome.facts };
}

/** Digests by file name: the diff of two files of weights would take gigabytes. */
export async function filesOf({ context }: Run): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir(context.outDir)) {
    files[name] = await sha256File(join(context.outDir, name));
  }
  return files;
}

/** The measurements among what was told. */
export function measurements(events: readonly TaskEvent[]) {
  return events.filter((each) => each.type === "measurement");
}
