/**
 * Keeps the secrets that a task is given out of all that it leaves: what it tells, what
 * it throws, and the files of its artifact.
 */
import { ExperimentError } from "../base/errors.ts";
import type { Opened } from "../base/secrets.ts";
import type { TaskEvent, TaskOutcome } from "../graph/task.ts";

/** Some secrets as they were opened. */
export type Secrets = Pick<Opened<unknown>, "sealAgain" | "secrets">;

/** An event without secrets. */
export function sealEvent(event: TaskEvent, { sealAgain }: Secrets): TaskEvent {
  return event.type === "warning" ? { ...event, message: sealAgain(event.message) } : event;
}

/** What a task gives; neither that nor what it throws holds a secret. */
export async function sealOutcome(
  run: () => Promise<TaskOutcome>,
  { sealAgain, secrets }: Secrets,
): Promise<TaskOutcome> {
  if (secrets.size === 0) return await run();
  try {
    const outcome = await run();
    return {
      ...outcome,
      scores: outcome.scores.map((each) => ({ ...each, benchmark: sealAgain(each.benchmark) })),
    };
  } catch (error) {
    throw sealError(error, sealAgain);
  }
}

/** The error, or one that says the same without secrets. */
function sealError(error: unknown, sealAgain: (text: string) => string): unknown {
  if (error instanceof ExperimentError) {
    return ExperimentError.of(error.faults.map((each) => ({
      ...each,
      message: sealAgain(each.message),
      ...(each.mend === undefined ? {} : { mend: sealAgain(each.mend) }),
    })));
  }
  if (!(error instanceof Error)) return error;
  const text = `${error.message}\n${error.stack ?? ""}`;
  if (sealAgain(text) === text) return error;
  const sealed = new Error(sealAgain(error.message));
  sealed.stack = sealAgain(error.stack ?? "");
  return sealed;
}

/**
 * Refuses to keep files that hold a secret.
 *
 * @param dir the folder that is to become the artifact
 * @throws ExperimentError "executor/secret"
 */
export async function refuseSecrets(
  dir: string,
  { secrets }: Pick<Secrets, "secrets">,
): Promise<void> {
  if (secrets.size === 0) return;
  for await (const { name, isDirectory, isFile } of Deno.readDir(dir)) {
    const path = `${dir}/${name}`;
    if (isDirectory) await refuseSecrets(path, { secrets });
    if (!isFile) continue;
    for (const [variable, secret] of secrets) {
      if (!await holds(path, secret)) continue;
      throw new ExperimentError(
        "executor/secret",
        `the task wrote the secret ${variable} into its file ${name}`,
        { mend: `refer to ${variable} only where its value is used and not kept` },
      );
    }
  }
}

/** Whether a file holds a text, looked for in pieces so that its size does not matter. */
async function holds(path: string, text: string): Promise<boolean> {
  // So read, every byte is a character of its own, and no piece ends within one.
  const bytes = new TextDecoder("windows-1252");
  const wanted = bytes.decode(new TextEncoder().encode(text));
  const file = await Deno.open(path);
  let end = "";
  for await (const piece of file.readable) {
    const window = end + bytes.decode(piece);
    if (window.includes(wanted)) return true;
    end = window.slice(window.length - wanted.length + 1);
  }
  return false;
}
