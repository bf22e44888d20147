/**
 * The devices that numbers can be computed on: one table, which all that names a
 * device reads.
 *
 * A device is an engine on some hardware. Its entry says what its results are called
 * in keys, how many tasks it takes at a time and with how many threads, whether it
 * can be used here and now, and how it is opened; only then is its engine loaded.
 */
import { ExperimentError } from "../base/errors.ts";
import type { Numerics } from "../base/numerics.ts";
import { type DeviceOptions, readDeviceName } from "./device_name.ts";
import type { Engine } from "./engine.ts";
import type { Platform } from "./xla/module.ts";

/** What is known of a task when it is given its threads. */
export interface Load {
  /** Floating-point operations of the task. */
  readonly flops: number;
  /** How many tasks may run at once. */
  readonly jobs: number;
  /** How many run or are ready to, this one counted. */
  readonly active: number;
}

/** A device of the table. */
export interface Device {
  /** One line for help. */
  readonly about: string;
  /** What of it has not been tried on hardware; absent: nothing. */
  readonly untried?: string;
  /** What its results depend on, as it stands in keys. */
  readonly numerics: Numerics;
  /** The module that `open` loads: what it imports is the code behind the device's results. */
  readonly module: URL;
  /** How many tasks it takes at a time of those that share it. */
  slots(): number;
  /** How many places a pre-training takes: all of a GPU's, which are then parts of its memory. */
  trainingSlots(): number;
  /** The size of the square matrices whose product tells its speed; absent: that of a core. */
  readonly productSize?: number;
  /** How many threads a task gets, at least 1; results do not depend on it. */
  threads(load: Load): number;
  /**
   * Asks whether it can be used on this machine now, before anything is computed; absent
   * where it always can. It takes what `open` takes, so whoever computes asks, and where
   * processes of others compute, it is asked there.
   *
   * @throws ExperimentError why not, and what to do about it
   */
  check?(): Promise<void>;
  /**
   * Loads its engine.
   *
   * @throws ExperimentError what `check` would have told
   */
  open(options: OpenOptions): Promise<Engine>;
}

/** What an engine is opened with. */
export interface OpenOptions {
  /** How many threads it may use. */
  readonly threads: number;
  /** A folder for what it compiles, kept from process to process; absent: nothing is kept. */
  readonly cache?: string | undefined;
  /** The part of its memory that may be taken; absent: all. */
  readonly memoryShare?: number | undefined;
}

/** This module: what stands in a task's code for the module of the device that it opens. */
export const DEVICES_MODULE: URL = new URL(import.meta.url);

/** The table's names, as `--device` takes them. */
export type DeviceName = "cpu" | "xla-cpu" | "cuda" | "tfjs-cpu" | "tfjs-node-gpu";

/** The device unless another is asked for. */
export const DEFAULT_DEVICE: DeviceName = "cpu";

/**
 * The engines. Each is loaded where it is opened: a literal name would have Deno read all three
 * for every command.
 */
const ONNX = new URL("./onnx/engine.ts", import.meta.url);
const TFJS = new URL("./tfjs/engine.ts", import.meta.url);
const XLA = new URL("./xla/engine.ts", import.meta.url);
const OPEN_XLA = new URL("./xla/open.ts", import.meta.url);

/** A GPU takes about a millisecond to multiply such matrices, far more than to be told to. */
const GPU_PRODUCT = 8192;

/**
 * So many fine-tunings or evaluations share a GPU: each leaves most of it idle, and a quarter of
 * the memory of a small one holds bert-base with its moments.
 */
const GPU_PLACES = 4;

/** What of `cuda` no test shows. */
const UNTRIED_CUDA =
  "it has not run on a GPU yet, neither alone nor in replicas: its engine is tested on CPUs, and " +
  "its steps were compiled for one H100 and for eight; tests/gpu/run.sh tries it";

/** Devices by name. */
export const DEVICES: Readonly<Record<DeviceName, Device>> = {
  "cpu": {
    about: "ONNX Runtime and WASM kernels, on all cores",
    numerics: { engine: "onnx-cpu", precision: "float32" },
    module: ONNX,
    slots: cores,
    trainingSlots: () => 1,
    threads: shareOfCores,
    async open(options) {
      const { OnnxEngine }: typeof import("./onnx/engine.ts") = await import(ONNX.href);
      return new OnnxEngine(options);
    },
  },
  "xla-cpu": xla("cpu", {}),
  "cuda": xla("cuda", {}),
  "tfjs-cpu": {
    about: "TensorFlow.js in plain JavaScript: slow, to check others against",
    numerics: { engine: "tfjs-cpu", precision: "float32" },
    module: TFJS,
    slots: cores,
    trainingSlots: () => 1,
    threads: () => 1,
    async open() {
      const { TfjsEngine }: typeof import("./tfjs/engine.ts") = await import(TFJS.href);
      return await TfjsEngine.open("cpu");
    },
  },
  "tfjs-node-gpu": {
    about: "TensorFlow.js on an NVIDIA GPU, where its package is installed",
    untried: "it has not run on a GPU yet, only with TensorFlow on the CPU",
    numerics: { engine: "tfjs-node-gpu", precision: "float32" },
    module: TFJS,
    // TensorFlow takes all of a GPU's memory for itself.
    slots: () => 1,
    trainingSlots: () => 1,
    threads: () => 1,
    async check() {
      await this.open({ threads: 1 });
    },
    async open() {
      const { TfjsEngine }: typeof import("./tfjs/engine.ts") = await import(TFJS.href);
      return await TfjsEngine.open("tfjs-node-gpu");
    },
  },
};

/** Devices whose precision or number of replicas can be chosen. */
const WITH_OPTIONS: Partial<Record<DeviceName, (options: DeviceOptions) => Device>> = {
  "xla-cpu": (options) => xla("cpu", options),
  "cuda": (options) => xla("cuda", options),
};

/** A device of XLA's: the same engine on a CPU's plugin, for those and for tests, and on a GPU's. */
function xla(platform: Platform, chosen: DeviceOptions): Device {
  const { precision = platform === "cuda" ? "bfloat16" : "float32", replicas = 1 } = chosen;
  const open = async (options: OpenOptions) => {
    const { openXla }: typeof import("./xla/open.ts") = await import(OPEN_XLA.href);
    return await openXla({ ...options, platform, precision, replicas });
  };
  return {
    about: platform === "cuda"
      ? "XLA on an NVIDIA GPU, products in bfloat16 unless told otherwise"
      : "XLA on the CPU, through any PJRT plugin for it",
    ...(platform === "cuda" ? { untried: UNTRIED_CUDA } : {}),
    numerics: { engine: `xla-${platform}`, precision, ...(replicas === 1 ? {} : { replicas }) },
    module: XLA,
    slots: platform === "cuda" ? () => GPU_PLACES : cores,
    trainingSlots: () => platform === "cuda" ? GPU_PLACES : 1,
    ...(platform === "cuda" ? { productSize: GPU_PRODUCT } : {}),
    threads: platform === "cuda" ? () => 1 : shareOfCores,
    check: async () => void await open({ threads: 1 }),
    open,
  };
}

/**
 * The device of a name, with its options: "cuda", "cuda:precision=float32,replicas=4".
 *
 * @throws ExperimentError "engine/unknown-device", "engine/device-option"
 */
export function deviceOf(name: string): Device {
  const { device, options } = readDeviceName(name);
  if (!Object.hasOwn(DEVICES, device)) {
    throw new ExperimentError("engine/unknown-device", `there is no device "${device}"`, {
      mend: `use one of ${Object.keys(DEVICES).join(", ")}`,
    });
  }
  if (Object.keys(options).length === 0) return DEVICES[device as DeviceName];
  const withOptions = WITH_OPTIONS[device as DeviceName];
  if (withOptions !== undefined) return withOptions(options);
  throw new ExperimentError("engine/device-option", `the device "${device}" has no options`, {
    mend: `ask for "${device}" alone, or for ${Object.keys(WITH_OPTIONS).join(" or ")}`,
  });
}

/**
 * The one name of a device with its options, less those that are its own: what results are
 * filed under and recorded with.
 *
 * @throws ExperimentError as `deviceOf` does
 */
export function canonicalDeviceName(name: string): string {
  const { device } = readDeviceName(name);
  const { numerics: chosen } = deviceOf(name), { numerics: usual } = deviceOf(device);
  const options = (["precision", "replicas"] as const).flatMap((each) =>
    chosen[each] === usual[each] ? [] : [`${each}=${chosen[each]}`]
  );
  return options.length === 0 ? device : `${device}:${options.join(",")}`;
}

const opened = new Map<string, Promise<Engine>>();

/**
 * The engine of a device, opened once a process and number of threads.
 *
 * @throws ExperimentError where there is no such device, or it cannot be used here
 */
export function openDevice(
  { name, threads, cache, memoryShare }: OpenOptions & { readonly name: string },
): Promise<Engine> {
  const key = JSON.stringify([name, threads, cache, memoryShare]);
  let engine = opened.get(key);
  if (engine === undefined) {
    engine = deviceOf(name).open({ threads, cache, memoryShare });
    opened.set(key, engine);
    // What failed is tried again: a GPU that was busy may be free next time.
    engine.catch(() => opened.delete(key));
  }
  return engine;
}

function cores(): number {
  return Math.max(1, navigator.hardwareConcurrency);
}

/** A training of so many FLOPs, half a minute on a core, is worth a worker of its own. */
const LONG_FLOPS = 1e12;

/**
 * A task's share of the cores, since jobs that each take all cores only fight over
 * them. A long task that has nobody beside it gets all.
 */
function shareOfCores({ flops, jobs, active }: Load): number {
  const beside = flops >= LONG_FLOPS ? Math.min(jobs, Math.max(1, active)) : jobs;
  return Math.max(1, Math.floor(cores() / beside));
}
