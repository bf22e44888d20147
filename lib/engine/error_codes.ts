/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const ENGINE_ERRORS: ErrorTable = {
  "engine/unknown-device": { exit: 2, about: "a device that is not in the table" },
  "engine/device-option": { exit: 2, about: "what is asked of a device that it does not offer" },
  "engine/memory": { exit: 1, about: "a model or batch that does not fit into memory" },
  "engine/memory-variable": { exit: 2, about: "a limit of a device's memory that is no size" },
  "engine/no-gpu": { exit: 2, about: "a GPU device on a machine where none is seen" },
  "engine/gpu-driver": { exit: 2, about: "a GPU's driver that is too old" },
  "engine/device-busy": { exit: 1, about: "a device that another program holds" },
  "engine/library-missing": { exit: 2, about: "a native library that a plugin needs" },
  "engine/pjrt-plugin": { exit: 2, about: "a plugin that is missing or cannot be loaded" },
  "engine/pjrt-version": { exit: 2, about: "a plugin of another version of the interface" },
  "engine/xla": { exit: 1, about: "a program that a plugin does not compile or run" },
  "engine/tfjs-node-gpu-missing": { exit: 2, about: "an optional package that is not installed" },
};
