/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const GPU_ERRORS: ErrorTable = {
  "gpu/platform": { exit: 2, about: "a machine for which there are no such packages" },
  "gpu/no-installer": { exit: 2, about: "neither uv nor pip is there" },
  "gpu/tools": { exit: 2, about: "a program that is needed to build a package" },
  "gpu/space": { exit: 2, about: "a disk that has no room for the packages" },
  "gpu/install": { exit: 1, about: "an installer that failed" },
};
