/**
 * TensorFlow.js itself: loading a backend of it, or saying how to install one.
 *
 * "cpu" is the plain JavaScript backend, slow and independent of all else here.
 * "tfjs-node-gpu" computes with TensorFlow's C library on CUDA. Its package
 * compiles or downloads native code when it is installed, so it is no dependency
 * of this project: it is imported by its bare name, which resolves only where
 * the user has added it.
 */
import * as tfjs from "@tensorflow/tfjs-core";
import { ExperimentError } from "../../base/errors.ts";

/** The operations of TensorFlow.js, from whichever package. */
export type TensorFlow = typeof tfjs;

/** A tensor of TensorFlow.js. */
export type TfTensor = tfjs.Tensor;

/** Where TensorFlow.js computes. */
export type TfjsBackend = "cpu" | "tfjs-node-gpu";

const NODE_GPU = "@tensorflow/tfjs-node-gpu";

/**
 * Loads TensorFlow.js with a backend ready.
 *
 * @throws ExperimentError "engine/tfjs-node-gpu-missing" where the package is not installed
 */
export async function openTensorFlow(backend: TfjsBackend): Promise<TensorFlow> {
  if (backend === "tfjs-node-gpu") return await importNodeGpu();
  // Without this the first tensor prints an advertisement for tfjs-node.
  tfjs.enableProdMode();
  await import("@tensorflow/tfjs-backend-cpu");
  await tfjs.setBackend("cpu");
  return tfjs;
}

async function importNodeGpu(): Promise<TensorFlow> {
  try {
    // By a variable, as the name resolves only in installations that have added it.
    const module = await import(NODE_GPU) as TensorFlow & { readonly default?: TensorFlow };
    const tf = module.default ?? module;
    await tf.setBackend("tensorflow");
    return tf;
  } catch (cause) {
    throw new ExperimentError(
      "engine/tfjs-node-gpu-missing",
      `cannot load ${NODE_GPU}: ${cause instanceof Error ? cause.message : cause}`,
      {
        mend: `run "deno add npm:${NODE_GPU}@4.22.0" and ` +
          `"deno install --allow-scripts=npm:${NODE_GPU}", with CUDA installed, ` +
          'or use the device "cpu"',
        cause,
      },
    );
  }
}
