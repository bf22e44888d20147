/** What a run says of itself: which Titrate it is, and where it runs. */
import { hostName, processFacts, processorName } from "../base/process.ts";
import config from "../../deno.json" with { type: "json" };

/** The version of Titrate. */
export const VERSION: string = config.version;

/** What made results, as far as the process may know it. */
export interface Provenance {
  /** The version of Titrate. */
  readonly version: string;
  /** The commit that is checked out, if Titrate stands in a checkout. */
  readonly commit?: string;
  /** The computer's name. */
  readonly host?: string;
  /** Its processor, as the system names it. */
  readonly processor?: string;
  /** The process's number on that computer. */
  readonly pid: number;
  /** When the process began, ISO 8601 in UTC; numbers are used again. */
  readonly startedAt?: string;
}

/** The repository's root, where deno.json stands. */
const ROOT = new URL("../../", import.meta.url);

/** Asks the system and the checkout; what the process may not ask, or what is not there, is absent. */
export function provenance(root: URL = ROOT): Provenance {
  const commit = checkedOut(root);
  const host = permitted(hostName);
  const processor = permitted(processorName);
  const startedAt = permitted(() => processFacts(Deno.pid)?.startedAt.toISOString());
  return {
    version: VERSION,
    ...(commit === undefined ? {} : { commit }),
    ...(host === undefined ? {} : { host }),
    ...(processor === undefined ? {} : { processor }),
    pid: Deno.pid,
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

/** The version in a line, with the commit where it is known. */
export function formatVersion(root: URL = ROOT): string {
  const commit = checkedOut(root);
  return commit === undefined ? VERSION : `${VERSION} (${commit.slice(0, 12)})`;
}

function permitted<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/** The commit of a checkout, read from git's files: git itself may not be there, or not be run. */
function checkedOut(root: URL): string | undefined {
  const git = new URL(".git", root);
  const link = /^gitdir: (.+)$/m.exec(textOf(git) ?? "")?.[1];
  const own = link === undefined ? new URL(`${git.href}/`) : folderUrl(link, root);
  const head = textOf(new URL("HEAD", own))?.trim();
  const branch = /^ref: (.+)$/.exec(head ?? "")?.[1];
  if (branch === undefined) return COMMIT.test(head ?? "") ? head : undefined;
  // A further worktree keeps its HEAD for itself and shares the branches.
  const common = textOf(new URL("commondir", own))?.trim();
  const shared = common === undefined ? own : folderUrl(common, own);
  const loose = textOf(new URL(branch, shared))?.trim();
  if (loose !== undefined && COMMIT.test(loose)) return loose;
  const packed = textOf(new URL("packed-refs", shared)) ?? "";
  return packed.split("\n").map((line) => line.split(" "))
    .find(([, name]) => name === branch)?.[0];
}

const COMMIT = /^[0-9a-f]{40,64}$/;

function folderUrl(path: string, base: URL): URL {
  return new URL(`${encodeURI(path).replaceAll("?", "%3F").replaceAll("#", "%23")}/`, base);
}

function textOf(file: URL): string | undefined {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return undefined;
  }
}
