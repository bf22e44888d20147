/** The command line's entry: `deno task run experiments/ablation.yaml`. */
import { main } from "./lib/cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
