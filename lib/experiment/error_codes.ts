/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const EXPERIMENT_ERRORS: ErrorTable = {
  "experiment/alias": { exit: 2, about: "a YAML alias to nothing, to itself, or too large" },
  "experiment/axis": { exit: 2, about: "an axis with a value twice, or none" },
  "experiment/cycle": { exit: 2, about: "stages, or files, that refer to each other in a circle" },
  "experiment/env": { exit: 2, about: "an environment variable that is not set" },
  "experiment/expression": {
    exit: 2,
    about: "a $(...) that cannot be read or has no finite value",
  },
  "experiment/fit": { exit: 2, about: "a fit to fewer cells than its form needs (a warning)" },
  "experiment/grid": { exit: 2, about: "zip, include or exclude that do not fit the axes" },
  "experiment/missing-key": { exit: 2, about: "a key that must be there and is not" },
  "experiment/not-found": { exit: 2, about: "an experiment file that is not there or unreadable" },
  "experiment/only": { exit: 2, about: "an --only that names nothing" },
  "experiment/over": { exit: 2, about: "axes that a stage cannot take all cells of" },
  "experiment/path": { exit: 2, about: "a path that does not count from its file (a warning)" },
  "experiment/params": { exit: 2, about: "parameters that do not go together" },
  "experiment/reference": { exit: 2, about: "a stage referred to where it does not fit" },
  "experiment/seed": { exit: 2, about: "a training whose seed was left out (a warning)" },
  "experiment/set": { exit: 2, about: "a --set that sets nothing" },
  "experiment/too-large": { exit: 2, about: "a spec larger than anybody writes by hand" },
  "experiment/unknown-key": { exit: 2, about: "a key that nothing reads" },
  "experiment/unknown-name": { exit: 2, about: "a stage, axis, output or kind that is not there" },
  "experiment/unused": { exit: 2, about: "something declared that nothing refers to (a warning)" },
  "experiment/value": { exit: 2, about: "a value out of its range or not among its choices" },
  "experiment/wrong-type": { exit: 2, about: "a value of another type than its key takes" },
  "experiment/yaml": { exit: 2, about: "text that is no YAML, or YAML that would be misread" },
};
