/**
 * A restricted reader of Python's pickle form: data, and calls of what is allowed by name.
 *
 * A pickle is a program that may call anything. Here a name that the reader of a file does
 * not allow is refused before it is called, and nothing is ever imported. Dictionaries become
 * maps, lists and tuples arrays.
 *
 * @see Python's `pickletools`, protocols 2 to 4
 */

/** Why a pickle is not read. */
export class PickleError extends Error {}

/** What a pickle may call, by "module.name", with the arguments that it gives. */
export type Callables = ReadonlyMap<string, (args: readonly unknown[]) => unknown>;

/** What a pickle is read with. */
export interface PickleRules {
  /** What may be called, and so named. */
  readonly callables: Callables;
  /** What stands for an object that is kept outside of the pickle. */
  readonly persistent: (id: unknown) => unknown;
}

/** A name in a pickle, which a later operation may call. */
class Global {
  constructor(readonly name: string, readonly call: (args: readonly unknown[]) => unknown) {}
}

/** The name of a global that stands as an argument, as storage types do. */
export function globalName(value: unknown): string | undefined {
  return value instanceof Global ? value.name : undefined;
}

const MARK = Symbol("mark");
/** No state of a model is nested or remembered beyond it. */
const MAX_MEMO = 1 << 22;

/**
 * Reads the pickle that begins at a place.
 *
 * @returns its value, and where it ends
 * @throws PickleError when it is damaged, or names what may not be called
 */
export function readPickle(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  rules: PickleRules,
): { readonly value: unknown; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: unknown[] = [], memo = new Map<number, unknown>();
  let at = start;
  const take = (count: number) => {
    if (!(count >= 0 && at + count <= bytes.length)) throw new PickleError("it ends too soon");
    at += count;
    return at - count;
  };
  const text = (count: number) => {
    const from = take(count);
    return new TextDecoder().decode(bytes.subarray(from, from + count));
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new PickleError("it ends too soon");
    const found = text(end - at);
    at = end + 1;
    return found;
  };
  const pop = () => {
    if (stack.length === 0 || stack.at(-1) === MARK) throw new PickleError("its stack is empty");
    return stack.pop();
  };
  const popMark = () => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw new PickleError("it has no mark");
    const items = stack.splice(mark);
    return items.slice(1);
  };
  const put = (slot: number) => {
    if (memo.size >= MAX_MEMO || stack.length === 0) throw new PickleError("its memo is damaged");
    memo.set(slot, stack.at(-1));
  };
  const get = (slot: number) => {
    if (!memo.has(slot)) throw new PickleError(`it has no memo ${slot}`);
    stack.push(memo.get(slot));
  };
  const global = (module: string, name: string) => {
    const full = `${module}.${name}`, call = rules.callables.get(full);
    if (call === undefined) {
      throw new PickleError(`it asks for ${full}, and only tensors are read`);
    }
    stack.push(new Global(full, call));
  };
  const setItems = (target: unknown, items: readonly unknown[]) => {
    if (!(target instanceof Map) || items.length % 2 !== 0) {
      throw new PickleError("it sets items of what is no dictionary");
    }
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  };
  const append = (target: unknown, items: readonly unknown[]) => {
    if (!Array.isArray(target)) throw new PickleError("it appends to what is no list");
    for (const item of items) target.push(item);
  };
  const long = (count: number) => {
    const from = take(count);
    let value = 0n;
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i]!);
    const signed = count > 0 ? BigInt.asIntN(8 * count, value) : 0n;
    return BigInt(Number(signed)) === signed ? Number(signed) : signed;
  };
  for (;;) {
    const code = bytes[take(1)]!;
    switch (code) {
      case 0x80: // PROTO
        take(1);
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x2E: // STOP
        return { value: pop(), end: at };
      case 0x28: // MARK
        stack.push(MARK);
        break;
      case 0x30: // POP
        pop();
        break;
      case 0x4E: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(code === 0x88);
        break;
      case 0x4A: // BININT
        stack.push(view.getInt32(take(4), true));
        break;
      case 0x4B: // BININT1
        stack.push(bytes[take(1)]!);
        break;
      case 0x4D: // BININT2
        stack.push(view.getUint16(take(2), true));
        break;
      case 0x8A: // LONG1
        stack.push(long(bytes[take(1)]!));
        break;
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(take(8), false));
        break;
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING
      case 0x42: // BINBYTES
        stack.push(text(view.getUint32(take(4), true)));
        break;
      case 0x8C: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
      case 0x43: // SHORT_BINBYTES
        stack.push(text(bytes[take(1)]!));
        break;
      case 0x7D: // EMPTY_DICT
        stack.push(new Map());
        break;
      case 0x5D: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        break;
      case 0x74: // TUPLE
        stack.push(popMark());
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: { // TUPLE3
        const items = Array.from({ length: code - 0x84 }, pop);
        stack.push(items.reverse());
        break;
      }
      case 0x75: { // SETITEMS
        const items = popMark();
        setItems(stack.at(-1), items);
        break;
      }
      case 0x73: { // SETITEM
        const value = pop(), key = pop();
        setItems(stack.at(-1), [key, value]);
        break;
      }
      case 0x65: { // APPENDS
        const items = popMark();
        append(stack.at(-1), items);
        break;
      }
      case 0x61: { // APPEND
        const item = pop();
        append(stack.at(-1), [item]);
        break;
      }
      case 0x71: // BINPUT
        put(bytes[take(1)]!);
        break;
      case 0x72: // LONG_BINPUT
        put(view.getUint32(take(4), true));
        break;
      case 0x94: // MEMOIZE
        put(memo.size);
        break;
      case 0x68: // BINGET
        get(bytes[take(1)]!);
        break;
      case 0x6A: // LONG_BINGET
        get(view.getUint32(take(4), true));
        break;
      case 0x63: // GLOBAL
        global(line(), line());
        break;
      case 0x93: { // STACK_GLOBAL
        const name = pop(), module = pop();
        global(String(module), String(name));
        break;
      }
      case 0x52: { // REDUCE
        const args = pop(), callable = pop();
        if (!(callable instanceof Global) || !Array.isArray(args)) {
          throw new PickleError("it calls what cannot be called");
        }
        stack.push(callable.call(args));
        break;
      }
      case 0x62: // BUILD: attributes of a dictionary, as torch's _metadata, mean nothing here
        pop();
        if (!(stack.at(-1) instanceof Map)) {
          throw new PickleError("it sets the state of what is no dictionary");
        }
        break;
      case 0x51: // BINPERSID
        stack.push(rules.persistent(pop()));
        break;
      default:
        throw new PickleError(`it has the unknown operation 0x${code.toString(16)}`);
    }
  }
}
