/**
 * Models on the hub by name and revision, and where one lies in a data folder.
 *
 * A run reads that folder and never the network; `fetch.ts` fills it.
 */
import { join } from "node:path";
import { ExperimentError } from "../base/errors.ts";

/** A model on the hub. */
export interface HubModel {
  /** "google-bert/bert-base-cased". */
  readonly name: string;
  /** A branch, a tag, or a commit. */
  readonly revision: string;
}

/** What is meant where no revision is named. */
export const DEFAULT_REVISION = "main";

/** One or two words of letters, digits, dashes, dots and underscores, as the hub names models. */
export const HUB_NAME = /^[A-Za-z0-9][\w.-]{0,95}(\/[A-Za-z0-9][\w.-]{0,95})?$/;

/** A branch, a tag or a commit: no part of it leads anywhere else. */
export const HUB_REVISION = /^(?!.*\.\.)(?!.*\/\/)[A-Za-z0-9][\w./-]{0,199}(?<!\/)$/;

/**
 * Reads NAME or NAME@REVISION.
 *
 * @throws ExperimentError "hub/name" when no model can be called so
 */
export function parseHubModel(text: string): HubModel {
  const at = text.indexOf("@");
  const name = at === -1 ? text : text.slice(0, at);
  const revision = at === -1 ? DEFAULT_REVISION : text.slice(at + 1);
  if (HUB_NAME.test(name) && !name.includes("..") && HUB_REVISION.test(revision)) {
    return { name, revision };
  }
  throw new ExperimentError("hub/name", `no model of the hub is called ${JSON.stringify(text)}`, {
    mend: "write its name as the hub shows it, such as google-bert/bert-base-cased, and after it " +
      "@ and a branch, a tag or a commit if another than main is meant",
  });
}

/** A model as `parseHubModel` reads it, the usual revision left out. */
export function formatHubModel({ name, revision }: HubModel): string {
  return revision === DEFAULT_REVISION ? name : `${name}@${revision}`;
}

/** The data folder that a model's folder is below. */
export function dataFolderOf(folder: string, model: HubModel): string {
  return folder.slice(0, -hubFolder("", model).length - 1) || ".";
}

/** The folder of a model below a data folder. */
export function hubFolder(data: string, { name, revision }: HubModel): string {
  return join(data, "hub", ...`${name}@${encodeURIComponent(revision)}`.split("/"));
}
