/** The models on the hub that a spec names, and the data folder that they belong into. */
import { type Experiment, loadExperiment, type LoadOptions } from "../experiment/experiment.ts";
import { dataFolderOf, formatHubModel, type HubModel } from "../hub/place.ts";
import { hubModelOf, model, type ModelParams } from "../tasks/model.ts";

/** What is to be fetched for a spec. */
export interface HubModels {
  /** Each once, in the order of the spec. */
  readonly models: readonly HubModel[];
  /** Where they belong; absent where there are none. */
  readonly data?: string;
  /** The spec. */
  readonly experiment: Experiment;
}

/**
 * Reads a spec as far as it names models on the hub; whether its files are there is not asked.
 *
 * @throws ExperimentError with all that is wrong with the spec
 */
export async function hubModelsOf(spec: string, options: LoadOptions): Promise<HubModels> {
  const experiment = await loadExperiment(spec, { ...options, allowsNoFolders: true });
  const models = new Map<string, HubModel>();
  let data: string | undefined;
  for (const { kind, params } of experiment.requests) {
    const given = params as ModelParams;
    const named = kind.kind === model.kind ? hubModelOf(given) : undefined;
    if (named === undefined) continue;
    models.set(formatHubModel(named), named);
    data ??= dataFolderOf(given.folder!, named);
  }
  return { models: [...models.values()], experiment, ...(data === undefined ? {} : { data }) };
}
