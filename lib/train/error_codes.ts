/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const TRAIN_ERRORS: ErrorTable = {
  "train/corpus": { exit: 1, about: "a corpus too small to fill one row" },
  "train/diverged": { exit: 1, about: "a training whose loss is no number any more" },
  "train/pairs": { exit: 1, about: "text without the documents and sentences that pairs take" },
  "train/examples": { exit: 1, about: "training examples that cannot be used" },
};
