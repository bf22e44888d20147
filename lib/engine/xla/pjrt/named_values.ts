/** Options and attributes of the PJRT interface: values of several types by name. */
import { NAMED_VALUE_TYPES, STRUCTS } from "./layout.ts";
import { type Address, allocate, bytesAt, type Memory, Struct, utf8 } from "./struct.ts";

/** An option: a bigint is an int64, a number a float. */
export type NamedValue = string | bigint | number | boolean;

const { NamedValue: LAYOUT } = STRUCTS;

/** Options as an array of structs, and how many they are. */
export function writeNamedValues(
  values: Readonly<Record<string, NamedValue>>,
): Memory & { readonly count: number } {
  const entries = Object.entries(values);
  const bytes = allocate(LAYOUT.size * entries.length);
  const kept = entries.map(([name, value], i) => {
    const key = utf8(name);
    return Struct.within(LAYOUT, bytes.subarray(LAYOUT.size * i), {
      name: key,
      nameSize: key.length,
      ...written(value),
    });
  });
  const memory = { bytes, count: entries.length, kept };
  return memory;
}

function written(value: NamedValue) {
  if (typeof value === "string") {
    const pointer = utf8(value);
    return { type: NAMED_VALUE_TYPES.string, pointer, valueSize: pointer.length };
  }
  if (typeof value === "bigint") {
    return { type: NAMED_VALUE_TYPES.int64, int64: value, valueSize: 1 };
  }
  if (typeof value === "number") {
    return { type: NAMED_VALUE_TYPES.float, float: value, valueSize: 1 };
  }
  return { type: NAMED_VALUE_TYPES.bool, bool: value, valueSize: 1 };
}

/** What an attribute can hold. */
export type Attribute = string | number | boolean | readonly number[];

/** An array of native memory by name; what has a type of a later version is left out. */
export function readNamedValues(address: Address, count: number): Map<string, Attribute> {
  const bytes = bytesAt(address, LAYOUT.size * count);
  const found = new Map<string, Attribute>();
  for (let i = 0; i < count; i++) {
    const struct = Struct.within(LAYOUT, bytes.subarray(LAYOUT.size * i));
    const value = valueOf(struct);
    if (value !== undefined) found.set(struct.text("name", "nameSize"), value);
  }
  return found;
}

function valueOf(struct: Struct<typeof LAYOUT>): Attribute | undefined {
  switch (struct.number("type")) {
    case NAMED_VALUE_TYPES.string:
      return struct.text("pointer", "valueSize");
    case NAMED_VALUE_TYPES.int64:
      return struct.number("int64");
    case NAMED_VALUE_TYPES.int64s: {
      const bytes = bytesAt(struct.address("pointer"), 8 * struct.number("valueSize"));
      return [...new BigInt64Array(bytes.buffer)].map(Number);
    }
    case NAMED_VALUE_TYPES.float:
      return struct.number("float");
    case NAMED_VALUE_TYPES.bool:
      return struct.bool("bool");
    default:
      return undefined;
  }
}
