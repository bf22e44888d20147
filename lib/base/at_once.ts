/** Doing many things that wait for something, a few of them at a time. */

/**
 * Does something for every item, for at most so many of them at once, in their order.
 *
 * Nothing more begins once one has failed.
 *
 * @throws what the first one that fails throws
 */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const workSome = async () => {
    while (next < items.length) {
      const item = items[next++]!;
      try {
        await work(item);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, workSome));
}
