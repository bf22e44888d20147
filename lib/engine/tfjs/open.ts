/**
 * Loads TensorFlow.js with a backend ready.
 *
 * "cpu" is the plain JavaScript backend, slow and independent of all else here;
 * "tfjs-node-gpu" is in `node_gpu.ts`.
 */
import * as tfjs from "@tensorflow/tfjs-core";
import { openNodeGpu } from "./node_gpu.ts";
import type { TensorFlow, TfjsBackend } from "./tensorflow.ts";

/**
 * TensorFlow.js with a backend.
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
