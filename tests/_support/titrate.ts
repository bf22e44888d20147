/** The command line as a person starts it: by the tasks of deno.json. */
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** What a finished command left. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is started. */
export interface CallOptions {
  /** The folder that it is called in. */
  readonly cwd: string;
  /** Variables of the environment besides those of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A command with the permissions that its task of deno.json gives it, in any folder.
 *
 * `deno task` itself is left out, as it would leave the folder for that of deno.json.
 */
export function titrate(
  args: readonly string[],
  { cwd, env = {} }: CallOptions,
): Deno.Command {
  const [deno, ...words] = callOf(args);
  return new Deno.Command(deno!, {
    args: [...words, ...args],
    cwd,
    env: { NO_COLOR: "1", ...("XDG_CACHE_HOME" in env ? denoFolder() : {}), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Deno's own cache lies in the user's: whoever is given another one would fetch all packages. */
function denoFolder(): { readonly DENO_DIR: string } {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout));
  return { DENO_DIR: denoDir };
}

/** The program and its own arguments, before those of the command. */
export function callOf(args: readonly string[]): readonly string[] {
  const tasks: Readonly<Record<string, string>> = config.tasks;
  const [deno, run, ...flags] = (tasks[args[0] ?? ""] ?? tasks["run"]!).split(" ");
  if (deno !== "deno" || run !== "run") throw new Error(`${args[0]} is no task that runs Deno`);
  return [Deno.execPath(), "run", ...flags.slice(0, flags.indexOf("main.ts")), MAIN];
}

/** Waits for a process to end. */
export async function finished(child: Deno.ChildProcess): Promise<Finished> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
