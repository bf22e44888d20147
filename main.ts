/** Where `deno task` begins: `deno task run experiments/ablation.yaml`. */
import { launch } from "./lib/cli/launch/launch.ts";

if (import.meta.main) {
  try {
    await launch(Deno.args);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    const text = `titrate lacks a right: ${error.message}\n` +
      `  mend: start it as "deno task ${Deno.args[0] ?? "run"}", which gives it what it needs\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(text));
    Deno.exit(2);
  }
}
