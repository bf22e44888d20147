/**
 * TensorFlow.js on TensorFlow's C library: the package @tensorflow/tfjs-node-gpu.
 *
 * Its native part has to be compiled, so it is no dependency of this project. It is
 * loaded from a folder that `lib/engine/tfjs/node_gpu.sh` fills: the one in the user's cache
 * that `gpu install --tfjs` makes, or one that an environment variable names. TensorFlow computes on the CPU where it sees no GPU, without a word; here
 * that is an error.
 */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";
import { ExperimentError } from "../../base/errors.ts";
import { isThere } from "../../base/files.ts";
import { userCache } from "../../base/user_cache.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** Names the folder in whose node_modules the package is. */
export const FOLDER_VARIABLE = "TITRATE_TFJS_NODE_GPU";

/** Set to 1 it lets the device compute without a GPU: for tests. */
export const INSIST_VARIABLE = "TITRATE_WITHOUT_GPU";

const PACKAGE = "@tensorflow/tfjs-node-gpu";

/** The folder's name in the user's cache. */
export const NODE_GPU_FOLDER = "tfjs-node-gpu-4.22.0";

/** The native part below a folder, made last. */
export const BINDING = `node_modules/${PACKAGE}/lib/napi-v8/tfjs_binding.node`;

/**
 * Loads the package.
 *
 * @throws ExperimentError "engine/tfjs-node-gpu-missing" where it cannot be loaded,
 *   "engine/no-gpu" where TensorFlow sees none
 */
export async function openNodeGpu(): Promise<TensorFlow> {
  const folder = packageFolder();
  addToNodeUtil();
  // On newer GPUs products would have 10 bits of mantissa, under a key that says float32.
  Deno.env.set("NVIDIA_TF32_OVERRIDE", "0");
  let tf: TensorFlow;
  try {
    tf = createRequire(pathToFileURL(`${resolve(folder)}/`))(PACKAGE);
    await tf.setBackend("tensorflow");
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).trim().split("\n");
    throw missing(`cannot load ${PACKAGE} from ${folder}: ${reason}`, cause);
  }
  const { isUsingGpuDevice } = tf.backend() as unknown as { readonly isUsingGpuDevice: boolean };
  if (!isUsingGpuDevice && Deno.env.get(INSIST_VARIABLE) !== "1") {
    throw new ExperimentError("engine/no-gpu", "TensorFlow sees no GPU on this machine", {
      mend: 'see what "nvidia-smi" says and whether CUDA_VISIBLE_DEVICES hides it, ' +
        'or use the device "cpu"',
    });
  }
  return tf;
}

/** The folder that the variable names, else the one in the user's cache. */
function packageFolder(): string {
  const named = Deno.env.get(FOLDER_VARIABLE) ?? "";
  if (named !== "") return named;
  const cache = userCache();
  if (cache !== undefined && isThere(`${cache}/${NODE_GPU_FOLDER}/${BINDING}`)) {
    return `${cache}/${NODE_GPU_FOLDER}`;
  }
  throw missing(
    `the package ${PACKAGE} is not installed, and ${FOLDER_VARIABLE} names no folder with it`,
  );
}

function missing(message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("engine/tfjs-node-gpu-missing", message, {
    mend: "build it: deno task gpu install --tfjs; or name a folder that has it by " +
      `${FOLDER_VARIABLE}, or use the device "cpu"`,
    cause,
  });
}

/** The package calls functions of Node's util that newer versions, and Deno, have no more. */
function addToNodeUtil(): void {
  const functions = util as { isNullOrUndefined?: unknown; isArray?: unknown };
  functions.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  functions.isArray ??= Array.isArray;
}
