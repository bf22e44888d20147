/**
 * TensorFlow.js on TensorFlow's C library: the package @tensorflow/tfjs-node-gpu.
 *
 * Its native part has to be compiled, so it is no dependency of this project. It is
 * loaded from a folder that `lib/engine/tfjs/node_gpu.sh` fills and an environment variable
 * names. TensorFlow computes on the CPU where it sees no GPU, without a word; here
 * that is an error.
 */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";
import { ExperimentError } from "../../base/errors.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** Names the folder in whose node_modules the package is. */
export const FOLDER_VARIABLE = "TITRATE_TFJS_NODE_GPU";

/** Set to 1 it lets the device compute without a GPU: for tests. */
export const INSIST_VARIABLE = "TITRATE_WITHOUT_GPU";

const PACKAGE = "@tensorflow/tfjs-node-gpu";

/**
 * Loads the package.
 *
 * @throws ExperimentError "engine/tfjs-node-gpu-missing" where it cannot be loaded,
 *   "engine/no-gpu" where TensorFlow sees none
 */
export async function openNodeGpu(): Promise<TensorFlow> {
  const folder = Deno.env.get(FOLDER_VARIABLE) ?? "";
  if (folder === "") {
    throw missing(`the variable ${FOLDER_VARIABLE} names no folder with ${PACKAGE}`);
  }
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

function missing(message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("engine/tfjs-node-gpu-missing", message, {
    mend: `run "lib/engine/tfjs/node_gpu.sh FOLDER" and set ${FOLDER_VARIABLE}=FOLDER, ` +
      'or use the device "cpu"',
    cause,
  });
}

/** The package calls functions of Node's util that newer versions, and Deno, have no more. */
function addToNodeUtil(): void {
  const functions = util as { isNullOrUndefined?: unknown; isArray?: unknown };
  functions.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  functions.isArray ??= Array.isArray;
}
