import assert from "node:assert/strict";
import fc from "fast-check";
import { PendingRows } from "../../../lib/store/database/pending_rows.ts";
import { TABLES } from "../../../lib/store/database/schema.ts";

const pendingRows = () => new PendingRows({ table: TABLES.published, group: "experiment" });

/** A row of a value that others published, of a table whose groups are experiments. */
const published = (experiment: string, place: number) => ({ experiment, place, value: 0.5 });

Deno.test("replacing many groups looks at the rows of each alone", () => {
  const readsOf = (groups: number) => {
    const pending = pendingRows();
    let reads = 0;
    for (let i = 0; i < groups; i++) {
      const row = {
        ...published("", 0),
        get experiment() {
          reads++;
          return `study ${i}`;
        },
      };
      for (const _ of [1, 2]) {
        pending.replace(`study ${i}`);
        pending.put(row);
      }
    }
    assert.equal(pending.rows.size, groups);
    return reads;
  };
  assert.equal(readsOf(2000), 2 * readsOf(1000));
});

Deno.test("of a replaced group what was put after it waits, and of others all", () => {
  const group = fc.constantFrom("a", "b", "c"), places = fc.uniqueArray(fc.nat(5));
  const call = fc.record({ group, places, replaces: fc.boolean() });
  fc.assert(fc.property(fc.array(call), (calls) => {
    const pending = pendingRows(), held = new Map<string, Set<number>>();
    for (const { group, places, replaces } of calls) {
      const rows = places.map((place) => published(group, place));
      if (replaces) pending.replace(group);
      rows.forEach((row) => pending.put(row));
      held.set(group, new Set([...replaces ? [] : held.get(group) ?? [], ...places]));
    }
    assert.equal(pending.rows.size, [...held.values()].reduce((sum, { size }) => sum + size, 0));
  }));
});
