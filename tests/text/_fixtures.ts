/** What the tests of text share: temporary folders, and where the real data is. */
import assert from "node:assert/strict";
import { ExperimentError, formatFault } from "../../lib/base/errors.ts";

/** The folder of real data sets; tests that need it are ignored where it is absent. */
export const DATA_DIR = Deno.env.get("TITRATE_DATA") ??
  new URL("../../../shared/data", import.meta.url).pathname;

/** Registers a test on a file of the real data, ignored by name where that is absent. */
export function testOnData(
  name: string,
  { needs, run }: { readonly needs: string; readonly run: () => Promise<void> },
): void {
  let isThere = true;
  try {
    Deno.statSync(`${DATA_DIR}/${needs}`);
  } catch {
    isThere = false;
  }
  Deno.test({
    name: isThere ? name : `${name} (ignored: no ${needs} under TITRATE_DATA)`,
    ignore: !isThere,
    fn: run,
  });
}

/** All that an async iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

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
