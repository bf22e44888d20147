/** Where `deno task` begins: `deno task run experiments/ablation.yaml`. */
import { launch } from "./lib/cli/launch/launch.ts";

if (import.meta.main) await launch(Deno.args);
