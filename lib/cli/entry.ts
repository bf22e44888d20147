/** The process of a command, started by `launch` with the rights that it needs. */
import { goBack } from "./launch/started_from.ts";
import { main } from "./main.ts";

if (import.meta.main) Deno.exit(await main(goBack(Deno.args)));
