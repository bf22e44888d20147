/**
 * Runs the command line and turns what comes of it into an exit code.
 *
 * 0 done; 1 something failed while running; 2 the spec or the call is wrong;
 * 130 interrupted. A person's mistake shows what, where and how to mend it;
 * only a bug shows a stack.
 */
import { CommanderError } from "commander";
import { ExperimentError, fault, formatFault } from "../base/errors.ts";
import { EXIT, exitCodeOf } from "./exit.ts";
import { buildProgram } from "./program.ts";
import { printError, ReaderGone } from "./streams.ts";

/**
 * Runs one command.
 *
 * @param args the arguments after the program's name
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done;
  try {
    const program = buildProgram((code) => exitCode = code);
    await program.parseAsync(withQuery(args), { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has printed what it had to say; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongCall;
    if (error instanceof ReaderGone) return exitCode;
    const known = asExperimentError(error);
    if (known === undefined) {
      printError(`${error instanceof Error ? error.stack : error}`);
      printError("This is a bug of Titrate: please report it with the lines above.");
      return EXIT.bug;
    }
    for (const each of known.faults) printError(formatFault(each));
    return exitCodeOf(known.faults);
  }
}

/** A query may begin with a comment, which would pass for an option: no option holds a space. */
function withQuery(args: readonly string[]): string[] {
  return args.map((each) => args[0] === "sql" && /^--[^=\s]*\s/.test(each) ? `\n${each}` : each);
}

/** The error as one that a person can mend, if it is one. */
function asExperimentError(error: unknown): ExperimentError | undefined {
  if (error instanceof ExperimentError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return ExperimentError.of([fault("cli/permission", error.message.split(", run again")[0]!, {
      mend: "start the command by its task, such as `deno task run`, which gives it the rights " +
        "that it needs; if you did, please report it",
    })]);
  }
  return undefined;
}
