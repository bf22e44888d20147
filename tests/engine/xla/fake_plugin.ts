/**
 * A plugin made of callbacks: a table of functions as a real one gives it, behind which
 * nothing is computed. It sees what the real ones keep to themselves: structs that are too
 * small, handles that are freed twice, used after their end, or never freed.
 */
import {
  type FunctionName,
  FUNCTIONS,
  KNOWN_VERSION,
  TABLE,
} from "../../../lib/engine/xla/pjrt/layout.ts";
import { type Plugin, pluginAt } from "../../../lib/engine/xla/pjrt/plugin.ts";
import {
  type Address,
  addressesAt,
  addressOf,
  allocate,
  Struct,
  utf8,
} from "../../../lib/engine/xla/pjrt/struct.ts";

/** What a handle stands for. */
type Kind =
  | "error"
  | "event"
  | "client"
  | "buffer"
  | "executable"
  | "loaded"
  | "serialised"
  | "topology";

/** A failure to come. */
export interface Planned {
  /** The interface's number of its code. */
  readonly code: number;
  /** The words. */
  readonly message: string;
}

const CALLBACK = { parameters: ["pointer"], result: "usize" } as const;
const DELETER = { parameters: ["usize"], result: "void" } as const;
const SLOTS_END = 1144;
const LOST = 14;

/** How the plugin behaves where the interface leaves it open. */
export interface FakeOptions {
  /** The version that it says it speaks. */
  readonly minor?: number;
  /** Functions that its table does not reach to. */
  readonly without?: readonly FunctionName[];
  /** The memory that its device may take; absent: it does not tell. */
  readonly limitBytes?: number;
  /** The peak of every program. */
  readonly peakBytes?: number;
  /** What of it are a program's inputs. */
  readonly argumentBytes?: number;
  /** How many devices it has. */
  readonly devices?: number;
  /** Inputs that programs take over whose text does not say it. */
  readonly donated?: readonly number[];
  /** "cpu" unless another is given. */
  readonly platform?: string;
}

/** A plugin that only keeps the books; close it with `using`. */
export class FakePlugin implements Disposable {
  /** What was called, in order. */
  readonly calls: FunctionName[] = [];
  /** What was done wrong. */
  readonly faults: string[] = [];
  /** Handles that were given out and not freed. */
  readonly live = new Map<Address, Kind>();
  /** Programs that were compiled, as their texts. */
  readonly programs: string[] = [];
  /** Whether events become ready by themselves; if not, `await` returns at once all the same. */
  areEventsReady = true;
  /** Whether runs go on until `endRun`, as a device's do that computes on its own. */
  holdsRuns = false;
  readonly #table = allocate(SLOTS_END);
  readonly #callbacks: Deno.UnsafeCallback<typeof CALLBACK>[] = [];
  readonly #deleter = new Deno.UnsafeCallback(DELETER, (handle) => {
    if (!this.live.delete(handle)) this.faults.push("a serialised program is freed twice");
  });
  readonly #planned = new Map<FunctionName, Planned[]>();
  readonly #errors = new Map<Address, { code: number; text: Uint8Array<ArrayBuffer> }>();
  readonly #kept: unknown[] = [];
  readonly #deleted = new Set<Address>();
  readonly #late: Planned[] = [];
  readonly #poisoned = new Map<Address, Planned>();
  readonly #shapes = new Map<Address, Shape>();
  /** Runs that are not over, oldest first. */
  readonly #runs: HeldRun[] = [];
  #next = 0x1000n;
  readonly #options: FakeOptions;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    const table = new DataView(this.#table.buffer);
    const last = Math.min(
      SLOTS_END,
      ...(options.without ?? []).map((each) => FUNCTIONS[each].slot),
    );
    table.setBigUint64(TABLE.fields.structSize[0], BigInt(last), true);
    table.setInt32(TABLE.fields.major[0], KNOWN_VERSION.major, true);
    table.setInt32(TABLE.fields.minor[0], options.minor ?? KNOWN_VERSION.minor, true);
    for (const name of Object.keys(FUNCTIONS) as FunctionName[]) {
      const callback = Deno.UnsafeCallback.threadSafe(CALLBACK, (args) => this.#called(name, args));
      // A callback alone is no reason for a test's process to go on.
      callback.unref();
      this.#callbacks.push(callback);
      const { slot } = FUNCTIONS[name];
      table.setBigUint64(slot, Deno.UnsafePointer.value(callback.pointer), true);
    }
  }

  /** The plugin as it is after loading. */
  open(): Plugin {
    const plugin = pluginAt(addressOf(this.#table), { path: "/fake/plugin.so" });
    const { api } = plugin, callElsewhere = api.callElsewhere.bind(api);
    // A callback cannot wait: who waits for a run on another thread is let wait here.
    api.callElsewhere = async (name, given) => {
      const { event } = (given ?? {}) as { readonly event?: Address };
      if (name === "Event_Await" && event !== undefined) await this.#runOf(event)?.over.promise;
      return await callElsewhere(name, given);
    };
    return plugin;
  }

  /** Ends the oldest of the runs that are held, and with it what waits for its results. */
  endRun(): void {
    this.#runs.shift()!.over.resolve();
  }

  /** How often a function was called. */
  countCalls(name: FunctionName): number {
    return this.calls.filter((each) => each === name).length;
  }

  /** Lets the next call of a function fail. */
  fail(name: FunctionName, planned: Planned = { code: LOST, message: "the device is lost" }): void {
    this.#planned.set(name, [...this.#planned.get(name) ?? [], planned]);
  }

  /** Lets the next run begin and then fail. */
  failLate(planned: Planned = { code: LOST, message: "the device is lost" }): void {
    this.#late.push(planned);
  }

  /** How many handles of a kind are live. */
  count(kind: Kind): number {
    return [...this.live.values()].filter((each) => each === kind).length;
  }

  [Symbol.dispose](): void {
    for (const each of [...this.#callbacks, this.#deleter]) each.close();
  }

  #called(name: FunctionName, pointer: Deno.PointerValue): bigint {
    this.calls.push(name);
    const view = new Deno.UnsafePointerView(pointer!);
    const size = Number(view.getBigUint64(0));
    const bytes = new Uint8Array(view.getArrayBuffer(Math.max(size, FUNCTIONS[name].size)));
    if (size < FUNCTIONS[name].size) this.faults.push(`${name}: a struct of ${size} bytes`);
    if (view.getBigUint64(8) !== 0n) this.faults.push(`${name}: an extension`);
    const planned = this.#planned.get(name)?.shift();
    if (planned !== undefined && name !== "Event_Await") return this.#error(planned);
    const args = Struct.within(FUNCTIONS[name], bytes) as Struct<never> as Args;
    const result = this.#answer(name, args, planned);
    return result ?? 0n;
  }

  #error({ code, message }: Planned): Address {
    const error = this.#give("error");
    this.#errors.set(error, { code, text: utf8(message) });
    return error;
  }

  #give(kind: Kind): Address {
    const handle = this.#next += 16n;
    this.live.set(handle, kind);
    return handle;
  }

  #use(args: Args, field: string, kind: Kind): Address {
    const handle = args.address(field);
    if (this.live.get(handle) !== kind) {
      this.faults.push(`${this.calls.at(-1)}: no live ${kind} in ${field}`);
    }
    return handle;
  }

  #free(args: Args, field: string, kind: Kind): void {
    this.live.delete(this.#use(args, field, kind));
  }

  #text(args: Args, field: string, text: string): void {
    const bytes = utf8(text);
    this.#kept.push(bytes);
    args.set(field, bytes);
    args.set(`${field}Size`, bytes.length);
  }

  #answer(name: FunctionName, args: Args, planned: Planned | undefined): Address | undefined {
    switch (name) {
      case "Error_Destroy":
        return this.#free(args, "error", "error"), undefined;
      case "Error_Message": {
        const { text } = this.#errors.get(this.#use(args, "error", "error"))!;
        args.set("message", text);
        return args.set("messageSize", text.length), undefined;
      }
      case "Error_GetCode":
        args.set("code", this.#errors.get(this.#use(args, "error", "error"))!.code);
        return undefined;
      case "Event_Destroy":
        return this.#free(args, "event", "event"), undefined;
      case "Event_IsReady": {
        const isHeld = this.#runOf(this.#use(args, "event", "event")) !== undefined;
        return args.set("isReady", this.areEventsReady && !isHeld), undefined;
      }
      case "Event_Await": {
        const failure = planned ?? this.#poisoned.get(this.#use(args, "event", "event"));
        return failure === undefined ? undefined : this.#error(failure);
      }
      case "Client_Create":
        return args.set("client", this.#give("client")), undefined;
      case "Client_Destroy":
        return this.#free(args, "client", "client"), undefined;
      case "Client_PlatformName":
        return this.#text(args, "platformName", this.#options.platform ?? "cpu"), undefined;
      case "Client_PlatformVersion":
        return this.#text(args, "platformVersion", "fake 1"), undefined;
      case "Client_AddressableDevices": {
        const devices = Array.from({ length: this.#options.devices ?? 1 }, (_, i) => BigInt(i + 1));
        const list = BigUint64Array.from(devices);
        this.#kept.push(list);
        args.set("addressableDevices", list);
        return args.set("numAddressableDevices", list.length), undefined;
      }
      case "DeviceDescription_Kind":
        return this.#text(args, "deviceKind", "fake"), undefined;
      case "Device_GetDescription":
        return args.set("deviceDescription", args.address("device")), undefined;
      case "Device_MemoryStats": {
        const { limitBytes } = this.#options;
        if (limitBytes === undefined) return this.#error({ code: 12, message: "not here" });
        args.set("bytesLimit", limitBytes);
        return args.set("bytesLimitIsSet", true), undefined;
      }
      case "Client_BufferFromHostBuffer":
        args.set("buffer", this.#give("buffer"));
        return args.set("doneWithHostBuffer", this.#give("event")), undefined;
      case "Client_Compile": {
        const struct = new Deno.UnsafePointerView(
          Deno.UnsafePointer.create(args.address("program"))!,
        );
        const code = Deno.UnsafePointer.create(struct.getBigUint64(16))!;
        const size = Number(struct.getBigUint64(24));
        const text = new Deno.UnsafePointerView(code).getArrayBuffer(size);
        const program = new TextDecoder().decode(text);
        this.programs.push(program);
        const loaded = this.#give("loaded");
        this.#shapes.set(loaded, this.#shapeOf(program));
        return args.set("executable", loaded), undefined;
      }
      case "Executable_DeserializeAndLoad":
        return args.set("loadedExecutable", this.#give("loaded")), undefined;
      case "LoadedExecutable_GetExecutable":
        return args.set("executable", this.#give("executable")), undefined;
      case "LoadedExecutable_Destroy":
        return this.#free(args, "executable", "loaded"), undefined;
      case "Executable_Destroy":
        return this.#free(args, "executable", "executable"), undefined;
      case "Executable_GetCompiledMemoryStats":
        this.#use(args, "executable", "executable");
        args.set("argumentSizeInBytes", this.#options.argumentBytes ?? 0);
        return args.set("peakMemoryInBytes", this.#options.peakBytes ?? 0), undefined;
      case "Executable_Serialize":
        this.#text(args, "serializedBytes", "a program");
        args.set("serializedExecutable", this.#give("serialised"));
        args.set("serializedExecutableDeleter", Deno.UnsafePointer.value(this.#deleter.pointer));
        return undefined;
      case "LoadedExecutable_Execute":
        return this.#execute(args);
      case "Buffer_Destroy":
        return this.#free(args, "buffer", "buffer"), undefined;
      case "Buffer_IsDeleted": {
        const isDeleted = this.#deleted.has(this.#use(args, "buffer", "buffer"));
        return args.set("isDeleted", isDeleted), undefined;
      }
      case "Buffer_ToHostBuffer": {
        const event = this.#give("event"), source = this.#use(args, "src", "buffer");
        this.#runs.find(({ outputs }) => outputs.has(source))?.events.add(event);
        return args.set("event", event), undefined;
      }
      case "TopologyDescription_Create":
        return args.set("topology", this.#give("topology")), undefined;
      case "TopologyDescription_Destroy":
        return this.#free(args, "topology", "topology"), undefined;
      case "Compile":
        return args.set("executable", this.#give("executable")), undefined;
      default:
        return undefined;
    }
  }

  #runOf(event: Address): HeldRun | undefined {
    return this.#runs.find(({ events }) => events.has(event));
  }

  #shapeOf(program: string): Shape {
    const [, parameters, results] = /@main\(([^]*?)\) -> \((.*?)\) \{/.exec(program) ?? [];
    if (results === undefined) return { outputs: 1, donated: this.#options.donated ?? [] };
    const donated = parameters!.trim().split("\n").flatMap((line, i) =>
      line.includes("tf.aliasing_output") ? [i] : []
    );
    return { outputs: results.split(", ").length, donated };
  }

  #execute(args: Args): undefined {
    const loaded = this.#use(args, "executable", "loaded");
    const shape = this.#shapes.get(loaded) ?? this.#shapeOf("");
    const replicas = args.number("numDevices"), count = args.number("numArgs");
    for (const list of addressesAt(args.address("argumentLists"), replicas)) {
      const inputs = addressesAt(list, count);
      for (const each of inputs) {
        const isThere = this.live.get(each) === "buffer" && !this.#deleted.has(each);
        if (!isThere) this.faults.push("Execute: an input that is no live buffer");
      }
      for (const index of shape.donated) this.#deleted.add(inputs[index]!);
    }
    const run: HeldRun = { events: new Set(), outputs: new Set(), over: Promise.withResolvers() };
    if (this.holdsRuns) this.#runs.push(run);
    for (const list of addressesAt(args.address("outputLists"), replicas)) {
      const outputs = new BigUint64Array(viewOf(list, 8 * shape.outputs));
      for (let i = 0; i < shape.outputs; i++) run.outputs.add(outputs[i] = this.#give("buffer"));
    }
    const events = new BigUint64Array(viewOf(args.address("deviceCompleteEvents"), 8 * replicas));
    const failure = this.#late.shift();
    for (let i = 0; i < replicas; i++) {
      run.events.add(events[i] = this.#give("event"));
      if (failure !== undefined) this.#poisoned.set(events[i]!, failure);
    }
  }
}

/** A run that is not over. */
interface HeldRun {
  /** Of its end on each device, and of downloads of what it computes. */
  readonly events: Set<Address>;
  /** What it computes. */
  readonly outputs: Set<Address>;
  /** Its end. */
  readonly over: PromiseWithResolvers<void>;
}

/** What is to be seen of a program. */
interface Shape {
  readonly outputs: number;
  readonly donated: readonly number[];
}

/** The struct of any function. */
interface Args {
  address(name: string): Address;
  number(name: string): number;
  set(name: string, value: number | boolean | Address | ArrayBufferView<ArrayBuffer>): void;
}

function viewOf(address: Address, size: number): ArrayBuffer {
  return new Deno.UnsafePointerView(Deno.UnsafePointer.create(address)!).getArrayBuffer(size);
}
