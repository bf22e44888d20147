/**
 * The process that `data fetch` becomes: it fetches models into the data folder, and may write
 * there and reach the hub, nothing else.
 */
import { formatBytes } from "../base/count.ts";
import { ExperimentError } from "../base/errors.ts";
import { fetchModel } from "../hub/fetch.ts";
import { formatHubModel, hubFolder, type HubModel, parseHubModel } from "../hub/place.ts";
import { endpointOf, tokenOf } from "../hub/requests.ts";
import { EXIT } from "./exit.ts";
import { printError, writeData } from "./streams.ts";

/**
 * Fetches models, telling how far each file has come, and prints their folders.
 *
 * @returns the exit code
 */
export async function bring(
  names: readonly string[],
  { into: data }: { readonly into: string },
): Promise<number> {
  const endpoint = endpointOf(Deno.env.get("HF_ENDPOINT"));
  const token = tokenOf(Deno.env.get("HF_TOKEN"));
  const abort = new AbortController();
  const stop = () => abort.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  try {
    for (const model of names.map(parseHubModel)) {
      await bringOne(model, { endpoint, token, data, signal: abort.signal });
    }
    return EXIT.done;
  } catch (error) {
    if (!abort.signal.aborted || error instanceof ExperimentError) throw error;
    printError("stopped: what was fetched is kept, and the same command goes on from there");
    return EXIT.interrupted;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.removeSignalListener(signal, stop);
  }
}

async function bringOne(
  model: HubModel,
  options: {
    readonly endpoint: string;
    readonly token: string | undefined;
    readonly data: string;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const folder = hubFolder(options.data, model);
  printError(`${formatHubModel(model)} from ${options.endpoint}`);
  const { commit, files, license } = await fetchModel(model, {
    ...options,
    onNote: printError,
    onWait: (message) => printError(`  ${message}`),
    onBytes: tellBytes(),
  });
  const bytes = Object.values(files).reduce((sum, each) => sum + each.bytes, 0);
  const under = license === undefined ? "" : `, licence ${license}`;
  printError(`  ${formatBytes(bytes)} are there, of commit ${commit}${under}`);
  writeData(`${folder}\n`);
}

const TELL_EVERY_MS = 2000;

/** Tells how far files have come: the end of each, and now and then before it. */
function tellBytes() {
  let file = "", toldAtMs = 0;
  return (name: string, done: number, total: number | undefined) => {
    const nowMs = performance.now(), isEnd = done === total;
    if (name !== file) [file, toldAtMs] = [name, nowMs];
    if (!isEnd && nowMs - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = nowMs;
    const share = total === undefined || isEnd
      ? ""
      : ` of ${formatBytes(total)}, ${Math.floor(100 * done / total)} percent`;
    printError(`  ${name}: ${formatBytes(done)}${share}`);
  };
}
