/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const UI_ERRORS: ErrorTable = {
  "ui/links-out": { exit: 2, about: "a folder of results that leads elsewhere by a link" },
  "ui/port": { exit: 2, about: "a port that cannot be listened on" },
  "ui/refused": { exit: 2, about: "something asked on the live page that cannot be done" },
};
