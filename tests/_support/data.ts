/** Where the real data sets are, for tests that read them. */

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
