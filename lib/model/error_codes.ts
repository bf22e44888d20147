/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const MODEL_ERRORS: ErrorTable = {
  "model/config": { exit: 2, about: "sizes of a model that cannot be" },
  "model/safetensors": { exit: 1, about: "a safetensors file that is damaged or of another kind" },
  "model/tensorflow": {
    exit: 1,
    about: "a checkpoint of TensorFlow that is damaged or lacks a file",
  },
  "model/torch": {
    exit: 1,
    about: "a file of PyTorch that is damaged or asks for other than tensors",
  },
  "model/vocab": { exit: 2, about: "a model and a corpus whose vocabularies differ" },
  "model/weights": { exit: 1, about: "weights that do not fit a model" },
};
