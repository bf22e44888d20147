/**
 * A client: a plugin at work on its devices. It compiles programs, takes data, and counts
 * what it has given out, since whatever outlives it would crash the process.
 */
import { ExperimentError } from "../../../base/errors.ts";
import type { Tensor } from "../../engine.ts";
import type { DType, Shape } from "../../ir/graph.ts";
import type { PjrtApi } from "./api.ts";
import { PjrtBuffer } from "./buffer.ts";
import { type CompileOptions, encodeCompileOptions } from "./compile_options.ts";
import { settle } from "./event.ts";
import { LoadedExecutable } from "./executable.ts";
import { BUFFER_TYPES, COPY_DURING_CALL } from "./layout.ts";
import { errorOf, failureOf } from "./failure.ts";
import { type NamedValue, writeNamedValues } from "./named_values.ts";
import type { Owner } from "./owner.ts";
import type { Plugin } from "./plugin.ts";
import { programOf } from "./program.ts";
import { type Address, addressesAt } from "./struct.ts";

/** A device of a client. */
export interface PjrtDevice {
  /** Its handle. */
  readonly address: Address;
  /** What it is, such as "NVIDIA H100 80GB HBM3" or "cpu". */
  readonly kind: string;
}

/** The memory of a device, in bytes, as far as the plugin tells. */
export interface DeviceMemory {
  /** Taken now. */
  readonly usedBytes: number;
  /** At most taken so far. */
  readonly peakBytes?: number;
  /** What the plugin may take. */
  readonly limitBytes?: number;
}

/** What is uploaded. */
export interface Upload {
  /** The elements; the caller's again once the call is over. */
  readonly data: Tensor;
  /** Of the elements. */
  readonly dtype: DType;
  /** The dimensions. */
  readonly shape: Shape;
  /** Where to; the client's first device if absent. */
  readonly device?: PjrtDevice;
}

/** Uploads from this size on are copied by another thread. */
const LARGE_BYTES = 1 << 20;

/** A plugin at work. */
export class PjrtClient implements Owner {
  /** The plugin's functions. */
  readonly api: PjrtApi;
  /** "cpu", "cuda" or another, as the plugin calls it. */
  readonly platform: string;
  /** The plugin's own version of the platform. */
  readonly platformVersion: string;
  /** Those that this process can use. */
  readonly devices: readonly [PjrtDevice, ...PjrtDevice[]];
  /** How many buffers and programs are there that have not been freed. */
  readonly live = { buffers: 0, executables: 0 };
  #isDestroyed = false;

  private constructor(readonly plugin: Plugin, readonly address: Address) {
    const { api } = plugin;
    this.api = api;
    this.platform = api.call("Client_PlatformName", { client: address })
      .text("platformName", "platformNameSize");
    this.platformVersion = api.call("Client_PlatformVersion", { client: address })
      .text("platformVersion", "platformVersionSize");
    const listed = api.call("Client_AddressableDevices", { client: address });
    const [first, ...rest] = addressesAt(
      listed.address("addressableDevices"),
      listed.number("numAddressableDevices"),
    ).map((device) => ({ address: device, kind: kindOf(plugin, device) }));
    if (first === undefined) {
      throw new ExperimentError("engine/no-gpu", "the plugin has no device on this machine", {
        mend: 'see what "nvidia-smi" says, or use the device "cpu"',
      });
    }
    this.devices = [first, ...rest];
  }

  /**
   * Starts a plugin; on a GPU this takes seconds, and this thread goes on meanwhile.
   *
   * @param options the plugin's own
   * @throws ExperimentError where it cannot be started here
   */
  static async create(
    plugin: Plugin,
    options: Readonly<Record<string, NamedValue>> = {},
  ): Promise<PjrtClient> {
    const values = writeNamedValues(options);
    const made = await plugin.api.callElsewhere("Client_Create", {
      createOptions: values,
      numOptions: values.count,
    });
    const client = made.address("client");
    try {
      return new PjrtClient(plugin, client);
    } catch (error) {
      plugin.api.call("Client_Destroy", { client });
      throw error;
    }
  }

  /** The memory of a device; undefined where the plugin does not tell. */
  memoryOf(device: PjrtDevice): DeviceMemory | undefined {
    let told;
    try {
      told = this.api.call("Device_MemoryStats", { device: device.address });
    } catch (error) {
      if (error instanceof ExperimentError) return undefined;
      throw error;
    }
    return {
      usedBytes: told.number("bytesInUse"),
      ...(told.bool("peakBytesInUseIsSet") ? { peakBytes: told.number("peakBytesInUse") } : {}),
      ...(told.bool("bytesLimitIsSet") ? { limitBytes: told.number("bytesLimit") } : {}),
    };
  }

  /**
   * Compiles a program; this thread goes on meanwhile.
   *
   * @param text StableHLO
   * @throws ExperimentError with the compiler's words
   */
  async compile(text: string, options: CompileOptions = {}): Promise<LoadedExecutable> {
    const compileOptions = encodeCompileOptions(options);
    const given = {
      client: this.address,
      program: programOf(text),
      compileOptions,
      compileOptionsSize: compileOptions.length,
    };
    const made = await this.api.callElsewhere("Client_Compile", given).catch((error) => {
      throw withLine(error, text);
    });
    return new LoadedExecutable(this, made.address("executable"));
  }

  /**
   * Makes a program ready that was compiled and serialised before, on a machine like this.
   *
   * @throws ExperimentError where the plugin does not take it
   */
  async load(serialised: Uint8Array<ArrayBuffer>): Promise<LoadedExecutable> {
    const made = await this.api.callElsewhere("Executable_DeserializeAndLoad", {
      client: this.address,
      serializedExecutable: serialised,
      serializedExecutableSize: serialised.length,
    });
    return new LoadedExecutable(this, made.address("loadedExecutable"));
  }

  /**
   * Copies a tensor to a device.
   *
   * @throws ExperimentError "engine/memory" where it does not fit
   */
  async upload({ data, dtype, shape, device = this.devices[0] }: Upload): Promise<PjrtBuffer> {
    const given = {
      client: this.address,
      data: onlyOurs(data),
      type: BUFFER_TYPES[dtype],
      dims: BigInt64Array.from(shape, BigInt),
      numDims: shape.length,
      hostBufferSemantics: COPY_DURING_CALL,
      device: device.address,
    };
    const { api } = this;
    const made = data.byteLength < LARGE_BYTES
      ? api.call("Client_BufferFromHostBuffer", given)
      : await api.callElsewhere("Client_BufferFromHostBuffer", given);
    const buffer = new PjrtBuffer(this, made.address("buffer"), { dtype, shape });
    try {
      await settle(api, made.address("doneWithHostBuffer"));
    } catch (error) {
      buffer.dispose();
      throw error;
    }
    return buffer;
  }

  /**
   * Frees the client, once all that it gave out is freed; several times does no harm.
   *
   * @throws Error where something is not
   */
  destroy(): void {
    if (this.#isDestroyed) return;
    const { buffers, executables } = this.live;
    if (buffers + executables > 0) {
      throw new Error(`${buffers} buffers and ${executables} programs outlive their client`);
    }
    this.#isDestroyed = true;
    this.api.call("Client_Destroy", { client: this.address });
  }
}

/** So much of a line is shown: those of constants and calls are long. */
const MOST_OF_LINE = 200;

/** The compiler's error with the line that it names by number, since nobody else has the text. */
function withLine(error: unknown, text: string): unknown {
  const failure = failureOf(error), [, number] = /-:(\d+):\d+/.exec(failure?.message ?? "") ?? [];
  const line = text.split("\n")[Number(number) - 1];
  if (failure === undefined || line === undefined) return error;
  const shown = line.trim().slice(0, MOST_OF_LINE);
  return errorOf({ ...failure, message: `${failure.message.trim()}; line ${number}: ${shown}` });
}

function kindOf({ api }: Plugin, device: Address): string {
  const described = api.call("Device_GetDescription", { device });
  const deviceDescription = described.address("deviceDescription");
  return api.call("DeviceDescription_Kind", { deviceDescription })
    .text("deviceKind", "deviceKindSize");
}

/** Memory that is shared with other threads cannot be given away: it is copied. */
function onlyOurs(data: Tensor): ArrayBufferView<ArrayBuffer> {
  return data.buffer instanceof ArrayBuffer
    ? data as ArrayBufferView<ArrayBuffer>
    : data.slice() as ArrayBufferView<ArrayBuffer>;
}
