/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const HUB_ERRORS: ErrorTable = {
  "hub/answer": { exit: 1, about: "an answer of the hub that makes no sense" },
  "hub/damaged": { exit: 1, about: "a fetched file that is not what the hub says it is" },
  "hub/disk": { exit: 1, about: "a fetched file cannot be written" },
  "hub/endpoint": { exit: 2, about: "HF_ENDPOINT or HF_TOKEN that cannot be used" },
  "hub/name": { exit: 2, about: "a name that no model on the hub can have" },
  "hub/no-model": { exit: 2, about: "a repository of the hub that holds no BERT" },
  "hub/not-found": { exit: 2, about: "the hub has no such model, revision or file" },
  "hub/redirect": { exit: 1, about: "the hub sends on to where this process may not go" },
  "hub/refused": { exit: 2, about: "the hub, or where it keeps files, does not give a model" },
  "hub/unreachable": { exit: 1, about: "the hub cannot be reached, or goes on failing" },
};
