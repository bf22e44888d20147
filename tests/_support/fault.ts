/** Asserting what a person is told. */
import assert from "node:assert/strict";
import { ExperimentError, formatFault } from "../../lib/base/errors.ts";

/** Asserts that an action fails with one fault, shown as this text (paths less the folder). */
export async function assertFault(
  action: () => unknown,
  { text, dir = "" }: { readonly text: string; readonly dir?: string },
): Promise<ExperimentError> {
  let thrown: unknown;
  try {
    await action();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof ExperimentError)) {
    throw thrown ?? new assert.AssertionError({ message: `nothing was thrown for: ${text}` });
  }
  const shown = thrown.faults.map(formatFault).join("\n");
  assert.equal(dir === "" ? shown : shown.replaceAll(`${dir}/`, ""), text);
  return thrown;
}
