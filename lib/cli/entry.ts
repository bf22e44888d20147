/** The process of a command, started by `launch` with the rights that it needs. */

/** Says which folder the call was made in, where the process had to start in another one. */
const FROM = "--started-from=";

/**
 * Arguments for a process that is started in the folder of results: where it was
 * called, and that folder as the system names it.
 */
export function startedFrom(folder: string, args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  const rest = end === -1 ? [] : args.slice(end);
  return [FROM + folder, ...options, `--results=${Deno.cwd()}`, ...rest];
}

if (import.meta.main) {
  const [first, ...rest] = Deno.args;
  const isElsewhere = first?.startsWith(FROM) === true;
  if (isElsewhere) Deno.chdir(first!.slice(FROM.length));
  const { main } = await import("./main.ts");
  Deno.exit(await main(isElsewhere ? rest : Deno.args));
}
