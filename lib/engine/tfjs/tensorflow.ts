/**
 * TensorFlow.js itself, with a backend loaded.
 *
 * "cpu" is the plain JavaScript backend, slow and independent of all else here;
 * "tfjs-node-gpu" is in `node_gpu.ts`.
 */
import * as tfjs from "@tensorflow/tfjs-core";
import { openNodeGpu } from "./node_gpu.ts";

/** The operations of TensorFlow.js, from whichever package. */
export type TensorFlow = typeof tfjs;

/** A tensor of TensorFlow.js. */
export type TfTensor = tfjs.Tensor;

/** Where TensorFlow.js computes. */
export type TfjsBackend = "cpu" | "tfjs-node-gpu";

/**
 * Loads TensorFlow.js with a backend ready.
 *
 * @throws ExperimentError where "tfjs-node-gpu" cannot be used
 */
export async function openTensorFlow(backend: TfjsBackend): Promise<TensorFlow> {
  if (backend === "tfjs-node-gpu") return await openNodeGpu();
  // Without this the first tensor prints an advertisement for tfjs-node.
  tfjs.enableProdMode();
  await import("@tensorflow/tfjs-backend-cpu");
  await tfjs.setBackend("cpu");
  return tfjs;
}
