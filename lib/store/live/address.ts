/**
 * Where the live page of a folder of results is served: `live/page.json`, so that a run can
 * tell it and a second server knows of the first. The secret of its address is not in it.
 */
import { z } from "zod";
import { hostName, processFacts } from "../../base/process.ts";
import { removeIfThere } from "../../base/files.ts";
import { isGone } from "../database/killed.ts";

const schema = z.object({
  port: z.number(),
  pid: z.number(),
  host: z.string().optional(),
  startedAt: z.string().optional(),
});

/** A server that is there. */
export interface PageAddress {
  /** The port of 127.0.0.1 that it listens on. */
  readonly port: number;
  /** The number of its process. */
  readonly pid: number;
}

/** The server of the folder's page on this computer; undefined where none is there any more. */
export async function findPage(live: string): Promise<PageAddress | undefined> {
  try {
    const { port, pid, host, startedAt } = schema.parse(
      JSON.parse(await Deno.readTextFile(pathOf(live))),
    );
    // A page of another computer is not reached by an address of this one.
    if (host !== undefined && host !== hostName()) return undefined;
    const started = startedAt === undefined ? {} : { processStartedAt: new Date(startedAt) };
    return isGone({ pid, ...started }) ? undefined : { port, pid };
  } catch {
    return undefined;
  }
}

/**
 * Notes that this process serves the folder's page.
 *
 * @throws what the file system says where it cannot be written
 */
export async function notePage(live: string, port: number): Promise<void> {
  await Deno.mkdir(live, { recursive: true });
  const note: z.infer<typeof schema> = {
    port,
    pid: Deno.pid,
    host: hostName(),
    startedAt: processFacts(Deno.pid)?.startedAt.toISOString(),
  };
  const fresh = `${pathOf(live)}.${Deno.pid}.new`;
  await Deno.writeTextFile(fresh, JSON.stringify(note));
  await Deno.rename(fresh, pathOf(live));
}

/** Takes the note away, if it is still that of this process. */
export async function forgetPage(live: string): Promise<void> {
  if ((await findPage(live))?.pid === Deno.pid) await removeIfThere(pathOf(live));
}

function pathOf(live: string): string {
  return `${live}/page.json`;
}
