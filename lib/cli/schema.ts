/** The command `schema`: writes the JSON Schema that editors use for specs. */
import { experimentSchema } from "../experiment/json_schema.ts";
import { loadKinds } from "../graph/kinds.ts";
import { kinds } from "../tasks/registry.ts";
import { writeData } from "./streams.ts";

/** Prints the schema; `deno task schema` keeps the committed file current. */
export async function schema(): Promise<void> {
  writeData(`${JSON.stringify(experimentSchema(await loadKinds(kinds)), null, 2)}\n`);
}
