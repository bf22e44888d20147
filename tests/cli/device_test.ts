/** A device that cannot be used here: told before anything is started. */
import assert from "node:assert/strict";
import { FOLDER_VARIABLE } from "../../lib/engine/tfjs/node_gpu.ts";
import { finished, titrate } from "../_support/titrate.ts";
import { TinyStudy } from "./tiny_study.ts";

const MESSAGE = "the package @tensorflow/tfjs-node-gpu is not installed, and " +
  `${FOLDER_VARIABLE} names no folder with it`;

Deno.test("run checks its device before any task starts: exit 2, and nothing is recorded", async () => {
  await using study = await TinyStudy.make();
  const call = (...args: string[]) => {
    // Whoever has built the package has it in a cache.
    const env = { [FOLDER_VARIABLE]: "", XDG_CACHE_HOME: "/no/such/cache" };
    const options = { cwd: study.dir, env };
    return finished(titrate(["run", "study.yaml", ...args], options).spawn());
  };
  const { code, stderr } = await call("--device", "tfjs-node-gpu");
  assert.equal(code, 2, stderr);
  const told = stderr.slice(stderr.indexOf(MESSAGE));
  const [, mend] = told.split("\n");
  assert.equal(told.split("\n")[0], `${MESSAGE} [engine/tfjs-node-gpu-missing]`, stderr);
  assert.match(mend!, /^ {2}mend: build it: deno task gpu install --tfjs; /);
  const left = [...Deno.readDirSync(study.dir)].map(({ name }) => name).sort();
  assert.deepEqual(left, ["dev.tsv", "study.yaml", "test.tsv", "text.txt", "train.tsv"]);
});
