/**
 * NVIDIA's driver and the GPUs that it sees, by its library `libcuda.so.1`.
 *
 * Source: the CUDA driver API, https://docs.nvidia.com/cuda/cuda-driver-api/.
 */
import { whyNotLoaded } from "../../base/library.ts";

/** A GPU of this machine. */
export interface Gpu {
  /** Such as "NVIDIA H100 80GB HBM3". */
  readonly name: string;
  /** As the driver's functions name it. */
  readonly handle: number;
  /** Its memory. */
  readonly bytes: number;
  /** Compute capability, such as "9.0". */
  readonly capability: string;
}

/** What the driver tells. */
export interface Driver {
  /** The newest CUDA that it serves: 1000 * major + 10 * minor. */
  readonly version: number;
  /** Those that this process may use: CUDA_VISIBLE_DEVICES may hide some. */
  readonly gpus: readonly Gpu[];
}

/** Why there is no driver to ask. */
export interface NoDriver {
  /** Whether its library is missing, or there but does not work. */
  readonly why: "missing" | "failing";
  /** What was said of it. */
  readonly message: string;
}

const SYMBOLS = {
  cuInit: { parameters: ["u32"], result: "i32" },
  cuDriverGetVersion: { parameters: ["buffer"], result: "i32" },
  cuDeviceGetCount: { parameters: ["buffer"], result: "i32" },
  cuDeviceGet: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetName: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDeviceTotalMem_v2: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetAttribute: { parameters: ["buffer", "i32", "i32"], result: "i32" },
} as const;

/** Those that a GPU's memory is asked by: through a context, which takes some of it. */
const MEMORY_SYMBOLS = {
  cuInit: { parameters: ["u32"], result: "i32" },
  cuDevicePrimaryCtxRetain: { parameters: ["buffer", "i32"], result: "i32" },
  cuCtxSetCurrent: { parameters: ["usize"], result: "i32" },
  cuMemGetInfo_v2: { parameters: ["buffer", "buffer"], result: "i32" },
  cuDevicePrimaryCtxRelease_v2: { parameters: ["i32"], result: "i32" },
} as const;

/** CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR. */
const CAPABILITY = [75, 76] as const;

/** CUDA_ERROR_NO_DEVICE: the driver works and sees nothing. */
const NO_DEVICE = 100;

const NAME_BYTES = 256;

type DriverLibrary = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
type MemoryLibrary = Deno.DynamicLibrary<typeof MEMORY_SYMBOLS>["symbols"];

/** What of a GPU's memory no program has; or why this process gets none. */
export type FreeMemory = { readonly freeBytes: number } | {
  /** Whether other programs have it all, have the GPU for themselves, or it is another fault. */
  readonly why: "full" | "taken" | "failing";
  /** What the driver answers. */
  readonly message: string;
};

/** Asks the driver. */
export function askDriver(path = "libcuda.so.1"): Driver | NoDriver {
  let library;
  try {
    library = Deno.dlopen(path, SYMBOLS);
  } catch (error) {
    return { why: "missing", message: whyNotLoaded(error) };
  }
  try {
    return describe(library.symbols);
  } catch (error) {
    return { why: "failing", message: error instanceof Error ? error.message : String(error) };
  }
}

/** CUDA_ERROR_OUT_OF_MEMORY, CUDA_ERROR_DEVICE_UNAVAILABLE. */
const FULL = 2, TAKEN = 46;

/** Asks what of a GPU's memory is free, whoever has the rest; the GPU is one that `askDriver` told. */
export function askFreeMemory({ handle }: Pick<Gpu, "handle">, path = "libcuda.so.1"): FreeMemory {
  let cuda: MemoryLibrary;
  try {
    cuda = Deno.dlopen(path, MEMORY_SYMBOLS).symbols;
  } catch (error) {
    return { why: "failing", message: whyNotLoaded(error) };
  }
  const context = new BigUint64Array(1), free = new BigUint64Array(1), all = new BigUint64Array(1);
  const refused = (code: number, name: string): FreeMemory => ({
    why: code === FULL ? "full" : code === TAKEN ? "taken" : "failing",
    message: `${name} answers ${code}`,
  });
  cuda.cuInit(0);
  const taken = cuda.cuDevicePrimaryCtxRetain(bytesOf(context), handle);
  if (taken !== 0) return refused(taken, "cuDevicePrimaryCtxRetain");
  try {
    cuda.cuCtxSetCurrent(context[0]!);
    const told = cuda.cuMemGetInfo_v2(bytesOf(free), bytesOf(all));
    return told === 0 ? { freeBytes: Number(free[0]) } : refused(told, "cuMemGetInfo");
  } finally {
    cuda.cuCtxSetCurrent(0n);
    cuda.cuDevicePrimaryCtxRelease_v2(handle);
  }
}

function describe(cuda: DriverLibrary): Driver {
  const number = (call: (out: Int32Array<ArrayBuffer>) => number, name: string) => {
    const out = new Int32Array(1);
    check(call(out), name);
    return out[0]!;
  };
  const version = number((out) => cuda.cuDriverGetVersion(bytesOf(out)), "cuDriverGetVersion");
  const started = cuda.cuInit(0);
  if (started === NO_DEVICE) return { version, gpus: [] };
  check(started, "cuInit");
  const count = number((out) => cuda.cuDeviceGetCount(bytesOf(out)), "cuDeviceGetCount");
  const gpus = Array.from({ length: count }, (_, ordinal): Gpu => {
    const device = number((out) => cuda.cuDeviceGet(bytesOf(out), ordinal), "cuDeviceGet");
    const name = new Uint8Array(NAME_BYTES), bytes = new BigUint64Array(1);
    check(cuda.cuDeviceGetName(name, NAME_BYTES, device), "cuDeviceGetName");
    check(cuda.cuDeviceTotalMem_v2(bytesOf(bytes), device), "cuDeviceTotalMem");
    const capability = CAPABILITY.map((attribute) =>
      number(
        (out) => cuda.cuDeviceGetAttribute(bytesOf(out), attribute, device),
        "cuDeviceGetAttribute",
      )
    );
    return {
      name: textOf(name),
      handle: device,
      bytes: Number(bytes[0]),
      capability: capability.join("."),
    };
  });
  return { version, gpus };
}

function check(code: number, name: string): void {
  if (code !== 0) throw new Error(`${name} answers ${code}`);
}

function bytesOf({ buffer }: Int32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>) {
  return new Uint8Array(buffer);
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end === -1 ? bytes.length : end));
}
