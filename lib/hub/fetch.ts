/**
 * A model from the hub into its folder: which of its files are needed, each fetched and
 * checked, and the manifest that says so.
 */
import { basename, join } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../base/errors.ts";
import { removeIfThere } from "../base/files.ts";
import { modelNames } from "../model/weights/folder.ts";
import { filesOfIndex, weightNames } from "../model/weights/source.ts";
import { FileLock } from "../store/lock.ts";
import { download, type HubFile, type OnBytes, onDisk } from "./download.ts";
import { isAsFetched, MANIFEST, type Manifest, readManifest, writeManifest } from "./manifest.ts";
import { formatHubModel, hubFolder, type HubModel } from "./place.ts";
import { ask, type HubOptions } from "./requests.ts";

/** How models are fetched. */
export interface FetchOptions extends HubOptions {
  /** The data folder. */
  readonly data: string;
  /** Told how far each file has come. */
  readonly onBytes?: OnBytes | undefined;
  /** Told what is done. */
  readonly onNote?: ((message: string) => void) | undefined;
}

const listSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{7,64}$/),
  siblings: z.array(z.object({
    rfilename: z.string(),
    size: z.number().int().nonnegative().nullish(),
    blobId: z.string().nullish(),
    lfs: z.object({
      sha256: z.string().nullish(),
      size: z.number().int().nonnegative().nullish(),
    }).nullish(),
  })),
  cardData: z.object({ license: z.string().nullish() }).nullish().catch(undefined),
});

/**
 * Fetches what a model is read from; what is there already and as the hub has it stays.
 *
 * @returns what is there now
 * @throws ExperimentError of "hub/..." with what to do; the signal's reason
 */
export async function fetchModel(model: HubModel, options: FetchOptions): Promise<Manifest> {
  const { endpoint, data, signal } = options;
  const dir = hubFolder(data, model);
  await onDisk(dir, () => Deno.mkdir(dir, { recursive: true }));
  using _lock = await FileLock.take(join(dir, ".lock"), {
    signal,
    onWait: () => options.onWait?.(`waiting for another that fetches into ${dir}`),
  });
  const before = await readManifest(dir);
  const list = await listOf(model, options);
  const { sha: commit } = list;
  const listed = new Map(list.files.map((file) => [file.name, file]));
  const names = modelNames([...listed.keys()]);
  checkComplete(names, { model, listed });
  if (before !== undefined && before.commit !== commit) {
    options.onNote?.(`${formatHubModel(model)} has moved from ${before.commit} to ${commit}`);
  }
  const files: Record<string, Manifest["files"][string]> = {};
  const get = async (name: string) => {
    const file = listed.get(name);
    if (file === undefined) throw lacks(model, [name]);
    const known = before?.files[name];
    const isSame = known !== undefined && file.etag !== undefined && known.etag === file.etag;
    if (isSame && await isAsFetched(join(dir, name), known)) {
      files[name] = known;
      return;
    }
    // The manifest speaks of a file that is about to be another one.
    if (before !== undefined) await removeIfThere(join(dir, MANIFEST));
    const url = `${endpoint}/${model.name}/resolve/${commit}/${encodeURI(name)}`;
    files[name] = await download(file, url, { ...options, dir });
  };
  for (const name of names) {
    await get(name);
    if (!name.endsWith(".index.json")) continue;
    for (const path of filesOfIndex(join(dir, name))) await get(basename(path));
  }
  await removeFormer(dir, { before, files });
  const manifest: Manifest = {
    hub: model.name,
    revision: model.revision,
    commit,
    endpoint,
    ...(list.license === undefined ? {} : { license: list.license }),
    files,
  };
  await onDisk(dir, () => writeManifest(dir, manifest));
  return manifest;
}

interface List {
  readonly sha: string;
  readonly files: readonly HubFile[];
  readonly license: string | undefined;
}

async function listOf({ name, revision }: HubModel, options: FetchOptions): Promise<List> {
  const { endpoint } = options;
  const url = `${endpoint}/api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const { response } = await ask(url, { accept: "application/json" }, options);
  try {
    const { sha, siblings, cardData } = listSchema.parse(await response.json());
    // A model lies at the top; below it stand copies for other libraries.
    const own = siblings.filter(({ rfilename }) => basename(rfilename) === rfilename);
    const files = own.map(({ rfilename, size, blobId, lfs }): HubFile => ({
      name: rfilename,
      bytes: lfs?.size ?? size ?? undefined,
      etag: lfs?.sha256 ?? blobId ?? undefined,
    }));
    return { sha, files, license: cardData?.license ?? undefined };
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw new ExperimentError("hub/answer", `${endpoint} does not answer as a hub does`, {
      mend: "check HF_ENDPOINT; if it is right, try again later",
      cause,
    });
  }
}

function checkComplete(
  names: readonly string[],
  { model, listed }: { readonly model: HubModel; readonly listed: ReadonlyMap<string, HubFile> },
): void {
  const absent = names.filter((name) => !listed.has(name));
  const weights = weightNames([...listed.keys()]);
  if (weights.length === 0) absent.push("model.safetensors or pytorch_model.bin");
  if (absent.length > 0) throw lacks(model, absent);
}

function lacks(model: HubModel, absent: readonly string[]): ExperimentError {
  return new ExperimentError(
    "hub/no-model",
    `${formatHubModel(model)} lacks ${absent.join(", ")}`,
    { mend: "name a repository that holds a BERT as Hugging Face's libraries write it" },
  );
}

/** Removes what was fetched before and is no longer part of the model. */
async function removeFormer(
  dir: string,
  { before, files }: {
    readonly before: Manifest | undefined;
    readonly files: Manifest["files"];
  },
): Promise<void> {
  for (const name of Object.keys(before?.files ?? {})) {
    if (!Object.hasOwn(files, name)) await removeIfThere(join(dir, name));
  }
}
