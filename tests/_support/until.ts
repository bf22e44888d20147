/** Waiting for something that another process does. */

const EVERY_MS = 50;

/**
 * Waits until something is so; what it throws counts as "not yet".
 *
 * @throws Error with what was waited for, after a minute or `withinMs`
 */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  { withinMs = 60_000 }: { readonly withinMs?: number } = {},
): Promise<void> {
  const end = Date.now() + withinMs;
  let last: unknown;
  do {
    try {
      if (await isSo()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  } while (Date.now() < end);
  throw new Error(`waited in vain until ${what}`, { cause: last });
}
