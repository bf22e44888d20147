/**
 * The device tfjs-node-gpu: what it refuses, and what it does before its package runs, with
 * packages made up here. With the real one, and on a machine without a GPU
 * `TITRATE_WITHOUT_GPU=1`, all tests of devices run on it; elsewhere they are ignored by name.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { ExperimentError } from "../../lib/base/errors.ts";
import { DEVICES } from "../../lib/engine/devices.ts";
import { FOLDER_VARIABLE, INSIST_VARIABLE, openNodeGpu } from "../../lib/engine/tfjs/node_gpu.ts";

/** A folder with a package of that name whose main module is some text. */
async function packageOf(main: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "titrate-test-" });
  const module = join(folder, "node_modules/@tensorflow/tfjs-node-gpu/index.js");
  await Deno.mkdir(dirname(module), { recursive: true });
  await Deno.writeTextFile(module, main);
  await Deno.writeTextFile(join(dirname(module), "package.json"), '{ "main": "index.js" }');
  return folder;
}

/** Runs something with variables set, or unset where undefined, and puts them back. */
async function withVariables(
  variables: Readonly<Record<string, string | undefined>>,
  body: () => Promise<void>,
): Promise<void> {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  const set = ([name, value]: readonly [string, string | undefined]) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  Object.entries(variables).forEach(set);
  try {
    await body();
  } finally {
    before.forEach(set);
  }
}

const MEND = "build it: deno task gpu install --tfjs; or name a folder that has it by " +
  `${FOLDER_VARIABLE}, or use the device "cpu"`;
const NOT_INSTALLED = `the package @tensorflow/tfjs-node-gpu is not installed, and ` +
  `${FOLDER_VARIABLE} names no folder with it`;

const FAULTS: readonly (readonly [string, string, string | RegExp, string])[] = [
  [
    "no binding",
    'throw new Error("The native addon can not be found at path: x. \\nPlease run command ...");',
    /^cannot load @tensorflow\/tfjs-node-gpu from .*: The native addon can not be found at path: x\. $/,
    MEND,
  ],
  [
    "no such module",
    'require("./none.js");',
    /^cannot load @tensorflow\/tfjs-node-gpu from .*: .*none\.js/,
    MEND,
  ],
  [
    "no GPU",
    "module.exports = { setBackend: async () => true, backend: () => ({ isUsingGpuDevice: false }) };",
    /^TensorFlow sees no GPU on this machine$/,
    'see what "nvidia-smi" says and whether CUDA_VISIBLE_DEVICES hides it, or use the device "cpu"',
  ],
];

for (const [what, main, message, mend] of FAULTS) {
  Deno.test(`tfjs-node-gpu is refused before anything is computed: ${what}`, async () => {
    const folder = await packageOf(main);
    await withVariables(
      { [FOLDER_VARIABLE]: folder, [INSIST_VARIABLE]: undefined },
      async () =>
        await assert.rejects(DEVICES["tfjs-node-gpu"].check!(), (error) => {
          assert.ok(error instanceof ExperimentError);
          assert.match(error.message, new RegExp(message));
          assert.equal(error.faults[0].mend, mend);
          return true;
        }),
    );
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("tfjs-node-gpu says what to do where its folder is not named", async () => {
  await withVariables(
    { [FOLDER_VARIABLE]: undefined, XDG_CACHE_HOME: "/no/such/cache" },
    async () =>
      await assert.rejects(DEVICES["tfjs-node-gpu"].check!(), {
        code: "engine/tfjs-node-gpu-missing",
        message: NOT_INSTALLED,
        faults: [{
          code: "engine/tfjs-node-gpu-missing",
          message: NOT_INSTALLED,
          mend: MEND,
        }],
      }),
  );
});

Deno.test("tfjs-node-gpu finds in Node's util what Deno lacks, and computes in float32", async () => {
  // The package fails at its first gather without it, and NVIDIA's library reads the variable.
  const folder = await packageOf(`
const util = require("node:util");
module.exports = {
  setBackend: async () => true,
  backend: () => ({ isUsingGpuDevice: true }),
  answers: [null, undefined, 0, ""].map((each) => util.isNullOrUndefined(each)),
  isArray: util.isArray([]),
  tf32: process.env.NVIDIA_TF32_OVERRIDE,
};`);
  await withVariables({ [FOLDER_VARIABLE]: folder, NVIDIA_TF32_OVERRIDE: "1" }, async () => {
    const found = await openNodeGpu() as unknown as Record<string, unknown>;
    const expected = { answers: [true, true, false, false], isArray: true, tf32: "0" };
    const { answers, isArray, tf32 } = found;
    assert.deepEqual({ answers, isArray, tf32 }, expected);
  });
  await Deno.remove(folder, { recursive: true });
});
