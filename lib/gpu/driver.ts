/**
 * NVIDIA's driver and the GPUs that it sees, by its library `libcuda.so.1`.
 *
 * Source: the CUDA driver API, https://docs.nvidia.com/cuda/cuda-driver-api/.
 */
import { whyNotLoaded } from "../base/library.ts";

/** A GPU of this machine. */
export interface Gpu {
  /** Such as "NVIDIA H100 80GB HBM3". */
  readonly name: string;
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

/** CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR. */
const CAPABILITY = [75, 76] as const;

/** CUDA_ERROR_NO_DEVICE: the driver works and sees nothing. */
const NO_DEVICE = 100;

const NAME_BYTES = 256;

/** The functions of the driver. */
export type DriverLibrary = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

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
    return { name: textOf(name), bytes: Number(bytes[0]), capability: capability.join(".") };
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
