/** The tables of offsets, checked against what C makes of structs. */
import assert from "node:assert/strict";
import {
  type Field,
  FIELD_SIZES,
  FUNCTIONS,
  type StructLayout,
  STRUCTS,
} from "../../../lib/engine/xla/pjrt/layout.ts";

const ALL: Readonly<Record<string, StructLayout>> = { ...STRUCTS, ...FUNCTIONS };
/** Every struct begins with its size and a chain of extensions. */
const HEAD_BYTES = 16;

function fieldsOf({ fields }: StructLayout): [string, Field][] {
  return Object.entries(fields).sort(([, a], [, b]) => a[0] - b[0]);
}

Deno.test("STRUCTS and FUNCTIONS: each field is aligned to its size and lies within its struct", () => {
  for (const [name, layout] of Object.entries(ALL)) {
    assert.equal(layout.size % 8, 0, name);
    for (const [field, [offset, kind]] of fieldsOf(layout)) {
      const size = FIELD_SIZES[kind];
      assert.equal(offset % size, 0, `${name}.${field}`);
      assert(offset >= HEAD_BYTES && offset + size <= layout.size, `${name}.${field}`);
    }
  }
});

Deno.test("STRUCTS and FUNCTIONS: no two fields overlap, but for the forms of one value", () => {
  for (const [name, layout] of Object.entries(ALL)) {
    const fields = fieldsOf(layout);
    for (const [i, [field, [offset, kind]]] of fields.entries()) {
      const next = fields[i + 1];
      if (next === undefined || (name === "NamedValue" && next[1][0] === offset)) continue;
      assert(offset + FIELD_SIZES[kind] <= next[1][0], `${name}: ${field} and ${next[0]}`);
    }
  }
});

Deno.test("FUNCTIONS: each has a slot of its own", () => {
  const slots = Object.values(FUNCTIONS).map(({ slot }) => slot);
  assert.equal(new Set<number>(slots).size, slots.length);
  for (const slot of slots) assert.equal(slot % 8, 0);
});
