/**
 * Compiled programs: one that only describes itself, and one that is loaded on devices.
 */
import type { ModuleTensor } from "../module.ts";
import type { PjrtApi } from "./api.ts";
import { PjrtBuffer } from "./buffer.ts";
import { settle } from "./event.ts";
import { failureOf } from "./failure.ts";
import { STRUCTS } from "./layout.ts";
import { type Attribute, readNamedValues } from "./named_values.ts";
import type { Owner } from "./owner.ts";
import { type Address, bytesAt, pointersTo, Struct } from "./struct.ts";

const DELETER = { parameters: ["usize"], result: "void" } as const;

/** What a program takes of a device's memory, in bytes, as its compiler planned it. */
export interface ProgramMemory {
  /** Its inputs. */
  readonly argumentBytes: number;
  /** Its results. */
  readonly outputBytes: number;
  /** Results that lie where inputs lay. */
  readonly aliasBytes: number;
  /** What it needs in between. */
  readonly temporaryBytes: number;
  /** The most at any time; 0 where the plugin does not tell. */
  readonly peakBytes: number;
}

/** A compiled program, on no device in particular. */
export class PjrtExecutable {
  #isDestroyed = false;

  /** Takes over a handle. */
  constructor(readonly api: PjrtApi, readonly address: Address) {}

  /** What it takes of a device's memory. */
  memory(): ProgramMemory {
    const executable = this.address;
    const told = this.api.call("Executable_GetCompiledMemoryStats", { executable });
    return {
      argumentBytes: told.number("argumentSizeInBytes"),
      outputBytes: told.number("outputSizeInBytes"),
      aliasBytes: told.number("aliasSizeInBytes"),
      temporaryBytes: told.number("tempSizeInBytes"),
      peakBytes: told.number("peakMemoryInBytes"),
    };
  }

  /** How many results it has. */
  outputs(): number {
    return this.api.call("Executable_NumOutputs", { executable: this.address })
      .number("numOutputs");
  }

  /** The compiler's estimates by name; undefined where the plugin has none. */
  costs(): ReadonlyMap<string, Attribute> | undefined {
    try {
      const told = this.api.call("Executable_GetCostAnalysis", { executable: this.address });
      return readNamedValues(told.address("properties"), told.number("numProperties"));
    } catch (error) {
      if (failureOf(error)?.code === "UNIMPLEMENTED") return undefined;
      throw error;
    }
  }

  /** The program after all optimisation, in XLA's own form: an HloModuleProto with its options. */
  optimised(): Uint8Array<ArrayBuffer> {
    const executable = this.address;
    const program = Struct.of(STRUCTS.Program);
    // Asked twice: the first call tells the size.
    this.api.call("Executable_OptimizedProgram", { executable, program });
    const code = new Uint8Array(new ArrayBuffer(program.number("codeSize")));
    program.set("code", code);
    this.api.call("Executable_OptimizedProgram", { executable, program });
    return code;
  }

  /** The program as bytes that a client of the same plugin can load again. */
  serialise(): Uint8Array<ArrayBuffer> {
    const told = this.api.call("Executable_Serialize", { executable: this.address });
    try {
      return bytesAt(told.address("serializedBytes"), told.number("serializedBytesSize"));
    } finally {
      const deleter = Deno.UnsafePointer.create<typeof DELETER>(
        told.address("serializedExecutableDeleter"),
      );
      if (deleter !== null) {
        new Deno.UnsafeFnPointer(deleter, DELETER).call(told.address("serializedExecutable"));
      }
    }
  }

  /** Frees it; several times does no harm. */
  dispose(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.api.call("Executable_Destroy", { executable: this.address });
  }
}

/** How a program is run. */
export interface RunOptions {
  /** The results' names and types, in their order; those of one replica. */
  readonly outputs: readonly ModuleTensor[];
  /** The indices of inputs whose memory the program takes over. */
  readonly donated?: readonly number[];
}

/** A run that was begun. */
export interface Run {
  /** The results by replica; they can be used at once, and are computed when they are. */
  readonly outputs: readonly (readonly PjrtBuffer[])[];
  /** Resolves when it is over on all devices; rejects with what went wrong. */
  readonly done: Promise<void>;
}

/** A compiled program on the devices of a client. */
export class LoadedExecutable {
  /** What tells of it. */
  readonly program: PjrtExecutable;
  #isDestroyed = false;

  /**
   * Takes over a handle.
   *
   * @throws ExperimentError where the plugin does not tell of it; the handle is freed
   */
  constructor(readonly owner: Owner, readonly address: Address) {
    const { api } = owner;
    let told;
    try {
      told = api.call("LoadedExecutable_GetExecutable", { loadedExecutable: address });
    } catch (error) {
      api.call("LoadedExecutable_Destroy", { executable: address });
      throw error;
    }
    this.program = new PjrtExecutable(api, told.address("executable"));
    owner.live.executables++;
  }

  /**
   * Begins a run; resolves when the devices have it, before it is over.
   *
   * Inputs that are donated are given up: they must not be used again, by whom ever.
   *
   * @param inputs by replica, in the order of the program's
   * @throws ExperimentError where it cannot begin; donated inputs may be lost all the same
   */
  async run(
    inputs: readonly (readonly PjrtBuffer[])[],
    { outputs, donated = [] }: RunOptions,
  ): Promise<Run> {
    const { api } = this.owner;
    const replicas = inputs.length;
    const lists = inputs.map((each) => BigUint64Array.from(each, ({ address }) => address));
    const results = inputs.map(() => new BigUint64Array(outputs.length));
    const events = new BigUint64Array(replicas);
    await api.callElsewhere("LoadedExecutable_Execute", {
      executable: this.address,
      options: Struct.of(STRUCTS.ExecuteOptions),
      argumentLists: pointersTo(lists),
      numDevices: replicas,
      numArgs: inputs[0]?.length ?? 0,
      outputLists: pointersTo(results),
      deviceCompleteEvents: events,
    });
    PjrtBuffer.giveUpAll(inputs.flatMap((each) => donated.map((index) => each[index]!)));
    return {
      outputs: results.map((list) =>
        [...list].map((address, i) => new PjrtBuffer(this.owner, address, outputs[i]!))
      ),
      done: allSettled([...events].map((event) => settle(api, event))),
    };
  }

  /** Frees it; several times does no harm. */
  dispose(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.program.dispose();
    this.owner.api.call("LoadedExecutable_Destroy", { executable: this.address });
    this.owner.live.executables--;
  }
}

/** Waits for all, then tells the first failure: until then their memory is in use. */
async function allSettled(waits: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(waits);
  for (const each of results) if (each.status === "rejected") throw each.reason;
}
