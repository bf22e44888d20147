/**
 * Starts a command with the rights that it needs.
 *
 * It imports nothing of Node's, which would take longer to load than all the rest.
 * `deno task` gives this process little; it reads the call, and becomes the process
 * of the command: no second one stands between a terminal and a run, so that signals
 * and exit codes are the command's own.
 */
import { makeFolder, replaceProcess } from "../../base/process.ts";
import { grant, type Rights } from "../../base/rights.ts";
import { LIBRARY_PATHS } from "../../executor/local/environment.ts";
import { readCall } from "./call.ts";
import { rightsOf } from "./rights.ts";
import { startedFrom } from "./started_from.ts";

/** The module that a command runs in. */
const ENTRY = new URL("../entry.ts", import.meta.url).href;

/**
 * Room for young objects, in MB. A command loads many modules and is over soon: with V8's
 * own 1 MB, a sixth of its time went to collecting garbage while it grew.
 */
const YOUNG_SPACE = "--v8-flags=--min-semi-space-size=32";

/**
 * Becomes the process of a command.
 *
 * @throws Error where a process cannot become another one
 */
export async function launch(args: readonly string[]): Promise<never> {
  const deno = Deno.execPath(), cwd = Deno.cwd();
  const hasLibraryPaths = LIBRARY_PATHS.some((name) => (Deno.env.get(name) ?? "") !== "");
  const call = readCall(args);
  const rights = await rightsOf(call, { cwd, deno, hasLibraryPaths });
  become(rights, args, folderOption(call.command));
}

/** The option that names the folder which a command may write to, where one does. */
function folderOption(command: string | undefined): string | undefined {
  if (command === "export" || command === "sql") return undefined;
  return command === "report" ? "--out" : "--results";
}

/**
 * Becomes the process of a command that has these rights.
 *
 * @param option what names the folder that it may write to; absent where an argument does
 * @throws Error where a process cannot become another one
 */
export function become(rights: Rights, args: readonly string[], option?: string): never {
  const deno = Deno.execPath(), cwd = Deno.cwd();
  const { flags, startIn } = grant(rights);
  const command = ["run", "--quiet", YOUNG_SPACE, ...flags, ENTRY];
  if (startIn === undefined) return replaceProcess(deno, [...command, ...args]);
  makeFolder(startIn);
  Deno.chdir(startIn);
  return replaceProcess(deno, [...command, ...startedFrom(cwd, args, option)]);
}
