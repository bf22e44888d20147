/**
 * A rerun with nothing to do, as a whole process, against the least that a
 * process can do: start Deno with the same modules and print help.
 */
import { removeFolder } from "../_support/temp_dir.ts";
import { finished } from "../_support/titrate.ts";
import { TinyStudy } from "../cli/tiny_study.ts";

const study = await TinyStudy.make();
await study.run();
addEventListener("unload", () => removeFolder(study.dir));

async function call(...args: string[]): Promise<void> {
  const { code, stderr } = await finished(study.start(...args));
  if (code !== 0) throw new Error(stderr);
}

Deno.bench("start and print help", { group: "no-op rerun", baseline: true }, async () => {
  await call("--help");
});

Deno.bench("rerun of a cached study", { group: "no-op rerun" }, async () => {
  await call("run", "study.yaml");
});
