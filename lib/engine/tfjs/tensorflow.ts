/** What TensorFlow.js is here, from whichever package. */
import type * as tfjs from "@tensorflow/tfjs-core";

/** The operations of TensorFlow.js. */
export type TensorFlow = typeof tfjs;

/** A tensor of TensorFlow.js. */
export type TfTensor = tfjs.Tensor;

/** Where TensorFlow.js computes. */
export type TfjsBackend = "cpu" | "tfjs-node-gpu";
