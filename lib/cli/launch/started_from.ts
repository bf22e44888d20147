/** How a process that had to start in the folder of results learns where it was called. */

/** Says which folder that was. */
const FROM = "--started-from=";

/**
 * Arguments for such a process: where it was called, and its folder as the system names it.
 *
 * @param option what names the folder, such as "--results"; absent where an argument does
 */
export function startedFrom(folder: string, args: readonly string[], option?: string): string[] {
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  const rest = end === -1 ? [] : args.slice(end);
  const named = option === undefined ? [] : [`${option}=${Deno.cwd()}`];
  return [FROM + folder, ...options, ...named, ...rest];
}

/** Goes back to where the call was made; returns the arguments of the call itself. */
export function goBack(args: readonly string[]): readonly string[] {
  const [first, ...rest] = args;
  if (first?.startsWith(FROM) !== true) return args;
  Deno.chdir(first.slice(FROM.length));
  return rest;
}
