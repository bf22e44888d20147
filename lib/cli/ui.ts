/**
 * The command `ui`: serves the live page until it is told to stop.
 *
 * It is a process of its own: runs know nothing of it but where it is, and go on when it ends.
 */
import { ExperimentError } from "../base/errors.ts";
import { findPage, forgetPage, notePage } from "../store/live/address.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { type PageServer, servePage } from "../ui/server.ts";
import { OPENERS } from "./launch/rights.ts";
import { printError, writeOutput } from "./streams.ts";

/** What `ui` is given. */
export interface UiOptions {
  /** The folder of results. */
  readonly results: string;
  /** The port of 127.0.0.1. */
  readonly port: number;
  /** Whether a browser is opened. */
  readonly open: boolean;
}

/**
 * Serves the page and returns when a signal ends it.
 *
 * @throws ExperimentError "cli/page-on", and as `servePage`
 */
export async function ui({ results, port, open }: UiOptions): Promise<void> {
  const { live } = resultsFolder(results);
  const other = await findPage(live);
  if (other !== undefined) {
    const address = `http://127.0.0.1:${other.port}/`;
    throw new ExperimentError("cli/page-on", `process ${other.pid} serves it at ${address}`, {
      mend: `open the address that it printed; if that is lost, end it (kill ${other.pid}) first`,
    });
  }
  const server = await servePage({ results, port });
  await notePage(live, server.port).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    printError(`warning: runs cannot be cancelled here, nor tell this address: ${why}`);
  });
  const ended = signalled();
  writeOutput(`${server.address}\n`);
  printError("the address holds a secret: who has it can cancel runs. Ctrl-C ends the page alone");
  if (open) openBrowser(server);
  await ended;
  await forgetPage(live).catch(() => {});
  await server.close();
}

/** Resolves when this process is asked to end. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const each of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(each, resolve);
  });
}

/** Opens the page where there is a desktop; elsewhere the printed address is all there is. */
function openBrowser(server: PageServer): void {
  const isDesktop = Deno.build.os === "darwin" ||
    ["DISPLAY", "WAYLAND_DISPLAY"].some((name) => (Deno.env.get(name) ?? "") !== "");
  const opener = isDesktop ? OPENERS[Deno.build.os] : undefined;
  if (opener === undefined) return;
  try {
    // Arguments of a process are everybody's to see: this address lets in but once.
    const child = new Deno.Command(opener, {
      args: [server.addressOnce()],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    child.unref();
  } catch {
    // No browser is no fault: the address is printed.
  }
}
