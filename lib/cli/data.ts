/**
 * The command `data fetch`: models that a spec, or a call, names on the hub, brought into the
 * data folder.
 *
 * It reads the spec with no right to write and none to the network; then it becomes a process
 * that may do both, there and nowhere else.
 */
import { ExperimentError } from "../base/errors.ts";
import { HOME_MEND, startsAtHome } from "../base/home.ts";
import { formatHubModel, parseHubModel } from "../hub/place.ts";
import { endpointOf, hostsOf } from "../hub/requests.ts";
import { hubModelsOf } from "../run/hub_models.ts";
import { kinds } from "../tasks/registry.ts";
import { become } from "./launch/launch.ts";
import { fetchingRights } from "./launch/rights.ts";
import { printError } from "./streams.ts";

/** What `data fetch` is given. */
export interface DataFetchOptions {
  /** Models by name, besides those of the spec. */
  readonly hub: readonly string[];
  /** The data folder, in place of what the spec or TITRATE_DATA says. */
  readonly into?: string | undefined;
  /** Overrides of the spec. */
  readonly set: readonly string[];
}

/**
 * Finds out what is to be fetched, and becomes the process that does it.
 *
 * @throws ExperimentError "cli/nothing-named", "cli/data-folder", "hub/name", "hub/endpoint", or what is wrong with
 *   the spec
 */
export async function fetchData(
  spec: string | undefined,
  { hub, into, set }: DataFetchOptions,
): Promise<void> {
  if (spec === undefined && hub.length === 0) {
    throw new ExperimentError("cli/nothing-named", "nothing is named to be fetched", {
      mend: "name a spec, or a model of the hub: deno task data fetch --hub NAME",
    });
  }
  const endpoint = endpointOf(Deno.env.get("HF_ENDPOINT"));
  const hosts = hostsOf(endpoint, Deno.env.get("TITRATE_HUB_HOSTS"));
  const named = spec === undefined ? undefined : await hubModelsOf(spec, { kinds, set });
  const models = [...named?.models ?? [], ...hub.map(parseHubModel)].map(formatHubModel);
  if (models.length === 0) {
    printError(`${spec} names no model on the hub: nothing is to be fetched`);
    return;
  }
  const data = into ?? named?.data ?? (Deno.env.get("TITRATE_DATA") || "data");
  if (startsAtHome(data)) {
    throw new ExperimentError("cli/data-folder", `the data folder is ${JSON.stringify(data)}`, {
      mend: HOME_MEND,
    });
  }
  const args = ["data", "bring", "--into", data, ...new Set(models)];
  become(fetchingRights({ data, hosts }), args, "--into");
}
