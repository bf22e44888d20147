/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const ENGINE_ERRORS: ErrorTable = {
  "engine/unknown-device": { exit: 2, about: "a device that is not in the table" },
  "engine/memory": { exit: 1, about: "a model or batch that does not fit into memory" },
  "engine/no-gpu": { exit: 2, about: "a GPU device on a machine where none is seen" },
  "engine/tfjs-node-gpu-missing": { exit: 2, about: "an optional package that is not installed" },
};
