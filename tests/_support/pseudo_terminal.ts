/** A command in a pseudo-terminal of a width, by util-linux's `script`. */
import { callOf } from "./titrate.ts";

/** Whether there is one to be had. */
export const HAS_PSEUDO_TERMINAL = Deno.build.os === "linux" && await hasScript();

/** How a command sees its terminal. */
export interface TerminalOptions {
  readonly cwd: string;
  readonly columns: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command of Titrate to its end; what it wrote on either stream, without carriage returns. */
export async function inTerminal(
  args: readonly string[],
  { cwd, columns, env = {} }: TerminalOptions,
): Promise<{ readonly code: number; readonly text: string }> {
  const words = [...callOf(args), ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const { code, stdout } = await new Deno.Command("script", {
    args: ["-qec", `stty cols ${columns} rows 40; ${words.join(" ")}`, "/dev/null"],
    cwd,
    env: { TERM: "xterm-256color", LC_ALL: "C.UTF-8", NO_COLOR: "1", SHELL: "/bin/sh", ...env },
    stdin: "null",
  }).output();
  return { code, text: new TextDecoder().decode(stdout).replaceAll("\r", "") };
}

async function hasScript(): Promise<boolean> {
  try {
    return (await new Deno.Command("script", { args: ["--version"], stdout: "null" }).output())
      .success;
  } catch {
    return false;
  }
}
