/**
 * Runs again what a run left undone: its own command, in the folder that it was called in,
 * as a process of its own that needs neither this one nor its output.
 *
 * What is wrong with the call is learnt from `plan`, which ends soon; the run itself writes
 * to nobody, so that a page which is stopped or stuck cannot hold it up.
 */
import { fileURLToPath } from "node:url";
import { printable } from "../base/terminal.ts";
import { ExperimentError } from "../base/errors.ts";
import { ENV_PROGRAM, LIBRARY_PATHS, libraryPaths } from "../executor/local/environment.ts";
import { formatAxisValue } from "../report/text/labels.ts";
import type { LivePlan, LiveTask } from "../store/live/records.ts";
import config from "../../deno.json" with { type: "json" };

/** The program, as `deno task` starts it. */
const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Options of `run` that `plan` does not know, and those for who reads what it prints. */
const RUN_ONLY: ReadonlySet<string> = new Set([
  "--fail-fast",
  "--keep-optimizer",
  "--detached",
  "--quiet",
  "--json",
]);

/** As much of what `plan` says as is shown. */
const MOST_CHARACTERS = 2000;

/**
 * Starts the run again; of one task where that is given, which is one of a cell.
 *
 * @param results the folder of results, absolute: it may have moved since
 * @returns the process; it goes on whatever becomes of this one
 * @throws ExperimentError "ui/refused" with what is wrong with the call or the spec now
 */
export async function runAgain(
  plan: LivePlan,
  { results, task }: { readonly results: string; readonly task?: LiveTask | undefined },
): Promise<Deno.ChildProcess> {
  const args = argsOf(plan, { results, task });
  const options = {
    cwd: plan.cwd,
    stdin: "null",
    stdout: "null",
  } as const;
  const planning = commandOf(planArgsOf(args), { ...options, stderr: "piped" });
  const { code, stderr } = await planning.output();
  if (code !== 0) {
    const words = printable(new TextDecoder().decode(stderr)).trim().slice(-MOST_CHARACTERS);
    throw new ExperimentError("ui/refused", words, { mend: "mend it, and run it again" });
  }
  const child = commandOf(args, { ...options, stderr: "null", detached: true }).spawn();
  child.unref();
  return child;
}

/** The arguments of a run's command, for a process that nobody watches. */
export function argsOf(
  { argv }: Pick<LivePlan, "argv">,
  { results, task }: { readonly results: string; readonly task?: LiveTask | undefined },
): string[] {
  // A run that had to start in its folder of results was told so by its first argument.
  const own = argv.filter((each, i) => i > 0 || !each.startsWith("--started-from="));
  const end = own.indexOf("--");
  const [all, rest] = end === -1 ? [own, []] : [own.slice(0, end), own.slice(end)];
  // One that was started here has what is added here already, and is run again as often as it likes.
  const options = without("--results", all).filter((each) => each !== "--detached");
  const kept = task === undefined ? options : without("--only", options);
  // The restrictions of the run give way to those of the task.
  const only = task === undefined ? [] : onlyOf(task);
  return [...kept, ...only, "--detached", `--results=${results}`, ...rest];
}

/** The arguments of `plan` that tell what is wrong with those of a run. */
export function planArgsOf(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const isKept = (each: string, i: number) => (end !== -1 && i > end) || !RUN_ONLY.has(each);
  return args.filter(isKept).with(0, "plan");
}

/** The arguments without an option that takes a value, however often it is there. */
function without(option: string, args: readonly string[]): string[] {
  return args.filter((each, i) =>
    each !== option && !each.startsWith(`${option}=`) && args[i - 1] !== option
  );
}

/** Just the task's own cell: its stage, and the values of its axes. */
function onlyOf({ cells: [cell] }: LiveTask): string[] {
  if (cell === undefined) return [];
  const axes = Object.entries(cell.axes).map(([axis, value]) =>
    `${axis}=${formatAxisValue(value)}`
  );
  return [`stage=${cell.stage}`, ...axes].flatMap((each) => ["--only", each]);
}

function commandOf(args: readonly string[], options: Deno.CommandOptions): Deno.Command {
  const [, , ...flags] = config.tasks.run.split(" ");
  const deno = Deno.execPath();
  const words = ["run", ...flags.slice(0, flags.indexOf("main.ts")), MAIN, ...args];
  const all = Deno.env.toObject(), paths = libraryPaths(all);
  if (paths.length === 0) return new Deno.Command(deno, { ...options, args: words });
  const env = Object.entries(all).filter(([name]) => !LIBRARY_PATHS.includes(name));
  return new Deno.Command(ENV_PROGRAM, {
    ...options,
    args: [...paths, deno, ...words],
    clearEnv: true,
    env: Object.fromEntries(env),
  });
}
