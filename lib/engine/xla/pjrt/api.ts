/**
 * The functions of a PJRT plugin, called by name.
 *
 * Each takes one struct and returns an error or nothing. Errors become exceptions and are
 * freed; what a function gives is read from its struct. Knows nothing of what the functions
 * are for.
 */
import { ExperimentError } from "../../../base/errors.ts";
import { codeName, errorOf } from "./failure.ts";
import { type FunctionName, FUNCTIONS, KNOWN_VERSION, OLDEST_MINOR, TABLE } from "./layout.ts";
import { type Address, bytesAt, type Fields, type FieldValue, Struct } from "./struct.ts";

type Layout<Name extends FunctionName> = (typeof FUNCTIONS)[Name];

/** The arguments of a function by the names of its fields. */
export type Arguments<Name extends FunctionName> = Partial<
  Record<Fields<Layout<Name>>, FieldValue>
>;

/** The struct of a function after the call: what it gives stands there. */
export type Results<Name extends FunctionName> = Struct<Layout<Name>>;

/** Functions that return an error; the two that tell of one return nothing. */
export type Callable = Exclude<FunctionName, "Error_Message" | "Error_Destroy">;

const AT_ONCE = { parameters: ["buffer"], result: "usize" } as const;
const ELSEWHERE = { parameters: ["buffer"], result: "usize", nonblocking: true } as const;

/** The table of a plugin's functions. */
export class PjrtApi {
  /** The interface's version that the plugin was built with. */
  readonly version: { readonly major: number; readonly minor: number };
  readonly #slots: Uint8Array<ArrayBuffer>;
  readonly #atOnce = new Map<FunctionName, Deno.UnsafeFnPointer<typeof AT_ONCE>>();
  readonly #elsewhere = new Map<FunctionName, Deno.UnsafeFnPointer<typeof ELSEWHERE>>();

  /**
   * Reads the table at an address.
   *
   * @throws ExperimentError "engine/pjrt-version" where its version cannot be used
   */
  constructor(table: Address, { plugin }: { readonly plugin: string }) {
    const head = Struct.within(TABLE, bytesAt(table, TABLE.size));
    this.version = { major: head.number("major"), minor: head.number("minor") };
    const { major, minor } = this.version;
    if (major !== KNOWN_VERSION.major || minor < OLDEST_MINOR) {
      throw new ExperimentError(
        "engine/pjrt-version",
        `the plugin ${plugin} speaks version ${major}.${minor} of the PJRT interface`,
        {
          mend: `use one that speaks ${KNOWN_VERSION.major}.${OLDEST_MINOR} or later; ` +
            `${KNOWN_VERSION.major}.${KNOWN_VERSION.minor} was tried`,
        },
      );
    }
    this.#slots = bytesAt(table, head.number("structSize"));
  }

  /** Whether the plugin has a function; those of later versions may be absent. */
  has(name: FunctionName): boolean {
    return this.#slot(name) !== 0n;
  }

  /**
   * Calls a function on this thread; for those that are over at once.
   *
   * @throws ExperimentError what the plugin told
   */
  call<Name extends Callable>(name: Name, given: Arguments<Name> = {}): Results<Name> {
    const struct = argumentsOf(name, given);
    this.#check(name, this.#function(name)(struct.bytes));
    return struct;
  }

  /** Calls a function for each of many addresses, with one struct: there are hundreds a step. */
  callForEach<Name extends Callable>(
    name: Name,
    field: Fields<Layout<Name>>,
    addresses: readonly Address[],
  ): void {
    const struct = argumentsOf(name, {} as Arguments<Name>);
    const call = this.#function(name);
    for (const address of addresses) {
      struct.set(field, address);
      this.#check(name, call(struct.bytes));
    }
  }

  /**
   * Calls a function on another thread, so that this one can go on meanwhile.
   *
   * @throws ExperimentError what the plugin told
   */
  async callElsewhere<Name extends Callable>(
    name: Name,
    given: Arguments<Name> = {},
  ): Promise<Results<Name>> {
    const struct = argumentsOf(name, given);
    let pointer = this.#elsewhere.get(name);
    if (pointer === undefined) {
      pointer = new Deno.UnsafeFnPointer<typeof ELSEWHERE>(this.#pointer(name), ELSEWHERE);
      this.#elsewhere.set(name, pointer);
    }
    this.#check(name, await pointer.call(struct.bytes));
    return struct;
  }

  #function(name: FunctionName): (struct: Uint8Array<ArrayBuffer>) => bigint {
    let pointer = this.#atOnce.get(name);
    if (pointer === undefined) {
      pointer = new Deno.UnsafeFnPointer<typeof AT_ONCE>(this.#pointer(name), AT_ONCE);
      this.#atOnce.set(name, pointer);
    }
    return (struct) => pointer.call(struct);
  }

  #pointer<Definition>(name: FunctionName): Deno.PointerObject<Definition> {
    const pointer = Deno.UnsafePointer.create<Definition>(this.#slot(name));
    if (pointer !== null) return pointer;
    throw errorOf({ from: name, code: codeName(12), message: "the plugin lacks this function" });
  }

  #slot(name: FunctionName): Address {
    const { slot } = FUNCTIONS[name];
    if (slot + 8 > this.#slots.length) return 0n;
    return new DataView(this.#slots.buffer).getBigUint64(slot, true);
  }

  #check(from: FunctionName, error: Address): void {
    if (error === 0n) return;
    // These two functions return nothing: what stands in their place is no error.
    const told = argumentsOf("Error_Message", { error });
    this.#function("Error_Message")(told.bytes);
    const message = told.text("message", "messageSize");
    const code = argumentsOf("Error_GetCode", { error });
    const second = this.#function("Error_GetCode")(code.bytes);
    // Where there is no code to be told there is another error.
    for (const each of second === 0n ? [error] : [error, second]) {
      this.#function("Error_Destroy")(argumentsOf("Error_Destroy", { error: each }).bytes);
    }
    const name = second === 0n ? codeName(code.number("code")) : codeName(2);
    throw errorOf({ from, code: name, message });
  }
}

function argumentsOf<Name extends FunctionName>(
  name: Name,
  given: Arguments<Name>,
): Results<Name> {
  return Struct.of<Layout<Name>>(FUNCTIONS[name], given);
}
