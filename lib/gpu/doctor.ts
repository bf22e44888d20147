/**
 * Looks at all that the device `cuda` needs, from the machine up to a product that is computed,
 * and says of each whether it is well and what to do where it is not.
 */
import { basename, dirname, join } from "node:path";
import { ExperimentError } from "../base/errors.ts";
import type { Executable } from "../engine/engine.ts";
import { Graph } from "../engine/ir/graph.ts";
import {
  askDriver,
  askFreeMemory,
  type Driver,
  type FreeMemory,
  type Gpu,
  type NoDriver,
} from "../engine/xla/cuda_driver.ts";
import type { XlaEngine } from "../engine/xla/engine.ts";
import { findPlugin, PLUGIN_VARIABLE } from "../engine/xla/find_plugin.ts";
import { openXla } from "../engine/xla/open.ts";
import { openPlugin, type Plugin } from "../engine/xla/pjrt/plugin.ts";
import { CUDA_PACKAGES, cudaName, type CudaVersion } from "./packages.ts";

/** What was found of one thing. */
export interface Finding {
  /** The thing: "driver", "plugin". */
  readonly what: string;
  /** Whether it is as the device needs it. */
  readonly isWell: boolean;
  /** What there is, or what is wrong, a line each. */
  readonly told: readonly string[];
  /** What to do where it is not well. */
  readonly mend?: string;
}

/** What is looked at; tests give others. */
export interface Patient {
  /** The kind of machine. */
  readonly build: Pick<typeof Deno.build, "os" | "arch">;
  /** Asks the driver. */
  readonly driver: () => Driver | NoDriver;
  /** Asks what of a GPU's memory is free. */
  readonly freeMemory: (gpu: Gpu) => FreeMemory;
  /** Finds and loads the plugin. */
  readonly plugin: () => Pick<Plugin, "path" | "attributes">;
  /** Opens the engine on it. */
  readonly engine: () => Promise<XlaEngine>;
  /** The size of the matrices whose product is timed: large enough for a GPU's units. */
  readonly productSize: number;
}

/** This machine, with the driver and the plugin that the device `cuda` takes. */
const THIS_MACHINE: Patient = {
  build: Deno.build,
  driver: askDriver,
  freeMemory: askFreeMemory,
  plugin: () => openPlugin(findPlugin("cuda")),
  engine: () => openXla({ platform: "cuda", precision: "bfloat16", replicas: 1, threads: 1 }),
  productSize: 4096,
};

/** Looks; what cannot be told for want of something before it is left out. */
export async function* examine(patient: Patient = THIS_MACHINE): AsyncGenerator<Finding> {
  yield machine(patient.build);
  const driver = patient.driver();
  yield driverFinding(driver);
  const hasDriver = !("why" in driver);
  if (hasDriver) {
    yield gpus(driver);
    for (const gpu of driver.gpus) yield memory(gpu, patient.freeMemory(gpu));
  }
  let plugin;
  try {
    plugin = patient.plugin();
  } catch (error) {
    yield failed("plugin", error);
    return;
  }
  const cuda = versionOf(plugin.attributes);
  yield pluginFinding(plugin, cuda);
  if (cuda === undefined) return;
  if (hasDriver) yield serves(driver, cuda);
  yield libraries(plugin);
  // A client that finds no GPU says nothing that was not said.
  if (!hasDriver || driver.gpus.length === 0) return;
  let engine;
  try {
    engine = await patient.engine();
  } catch (error) {
    yield failed("start", error);
    return;
  }
  yield started(engine);
  try {
    yield await products(engine, patient.productSize);
  } catch (error) {
    yield failed("products", error);
  }
}

function machine({ os, arch }: Patient["build"]): Finding {
  const isWell = os === "linux" && arch === "x86_64", told = [`${os} on ${arch}`];
  if (isWell) return { what: "machine", isWell, told };
  return { what: "machine", isWell, told, mend: "the plugins are for Linux on x86-64" };
}

function driverFinding(driver: Driver | NoDriver): Finding {
  const what = "driver";
  if (!("why" in driver)) {
    return { what, isWell: true, told: [`serves CUDA up to ${cudaName(driver.version)}`] };
  }
  return {
    what,
    isWell: false,
    told: [
      driver.why === "missing"
        ? "NVIDIA's driver is not there: libcuda.so.1 cannot be loaded"
        : "NVIDIA's driver is there and does not work",
      driver.message,
    ],
    mend: driver.why === "missing"
      ? "install NVIDIA's driver; in a container, start it with the GPUs passed in"
      : MEND_DRIVER,
  };
}

function gpus({ gpus }: Driver): Finding {
  const told = gpus.map(({ name, capability }) => `${name}, compute capability ${capability}`);
  if (gpus.length > 0) return { what: "GPUs", isWell: true, told };
  return {
    what: "GPUs",
    isWell: false,
    told: ["the driver sees none that this process may use"],
    mend: 'see whether "nvidia-smi" lists one and CUDA_VISIBLE_DEVICES hides it',
  };
}

/** The least part of a GPU's memory that is to be free. */
const LEAST_FREE = 0.1;

/** What is free of a GPU, whoever has the rest: of what another program holds a plugin knows nothing. */
function memory({ name, bytes }: Gpu, found: FreeMemory): Finding {
  const what = "memory", all = gibibytes(bytes);
  if ("freeBytes" in found) {
    const told = [`${gibibytes(found.freeBytes)} of ${all} of the ${name} are free`];
    if (found.freeBytes >= LEAST_FREE * bytes) return { what, isWell: true, told };
    return { what, isWell: false, told, mend: MEND_BUSY };
  }
  const { why, message } = found;
  return {
    what,
    isWell: false,
    told: [
      why === "full"
        ? `nothing of ${all} of the ${name} is free`
        : why === "taken"
        ? `another program has the ${name} for itself`
        : `the ${name} cannot be used`,
      message,
    ],
    mend: why === "failing" ? MEND_DRIVER : MEND_BUSY,
  };
}

const MEND_BUSY = 'see in "nvidia-smi" which program has it, and end or wait for it, or let ' +
  "CUDA_VISIBLE_DEVICES name another GPU";

const MEND_DRIVER =
  'see what "nvidia-smi" says; after an update of the driver the machine has to be restarted';

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** @param cuda the version that it is built for; absent: it is for another platform */
function pluginFinding({ path }: Pick<Plugin, "path">, cuda: number | undefined): Finding {
  const what = "plugin";
  if (cuda !== undefined) {
    return { what, isWell: true, told: [path, `built for CUDA ${cudaName(cuda)}`] };
  }
  return {
    what,
    isWell: false,
    told: [`${path} is for another platform than CUDA`],
    mend: `let ${PLUGIN_VARIABLE} name a plugin for CUDA, or unset it`,
  };
}

function versionOf(attributes: Plugin["attributes"]): number | undefined {
  const version = Number(attributes.get("cuda_version"));
  return Number.isFinite(version) && version > 0 ? version : undefined;
}

/** A plugin runs on drivers of its own major version of CUDA and of later ones. */
function serves(driver: Driver, version: number): Finding {
  const what = "driver for the plugin";
  const major = Math.floor(version / 1000);
  const known = CUDA_PACKAGES[String(major) as CudaVersion];
  const least = known?.leastDriver ?? major * 1000;
  if (driver.version >= least) return { what, isWell: true, told: ["new enough"] };
  return {
    what,
    isWell: false,
    told: [`it serves CUDA up to ${cudaName(driver.version)}, the plugin needs ${major}`],
    mend: `update the driver${known === undefined ? "" : ` to ${known.leastDriverName} or later`}${
      major > 12 && driver.version >= CUDA_PACKAGES["12"].leastDriver
        ? ", or install the plugin for an older CUDA: deno task gpu install --cuda 12"
        : ""
    }`,
  };
}

/** Whether ptxas, without which nothing is compiled, lies where the plugin looks for it. */
function libraries({ path }: Pick<Plugin, "path">): Finding {
  const what = "libraries", packages = join(dirname(path), "..", "..");
  const known = Object.values(CUDA_PACKAGES).find(({ plugin }) =>
    basename(dirname(plugin)) === basename(dirname(path))
  );
  if (known === undefined) return { what, isWell: true, told: ["not looked for: another plugin"] };
  try {
    if (Deno.statSync(join(packages, known.ptxas)).isFile) {
      return { what, isWell: true, told: ["NVIDIA's compiler lies beside the plugin"] };
    }
  } catch {
    // Told below.
  }
  return {
    what,
    isWell: false,
    told: [`${join(packages, known.ptxas)} is not there`],
    mend: "install NVIDIA's packages beside the plugin: deno task gpu install; where CUDA is " +
      "installed elsewhere, set XLA_FLAGS=--xla_gpu_cuda_data_dir=FOLDER",
  };
}

function started({ options: { programs: { client } } }: XlaEngine): Finding {
  const told = client.devices.map((device) => {
    const limit = client.memoryOf(device)?.limitBytes;
    return `${device.kind}, ${
      limit === undefined ? "without a limit of memory" : `takes up to ${gibibytes(limit)}`
    }`;
  });
  return { what: "start", isWell: true, told };
}

async function products(engine: XlaEngine, size: number): Promise<Finding> {
  const rate = await bfloat16Rate(engine, size);
  return {
    what: "products",
    isWell: true,
    told: [`${(rate / 1e12).toFixed(1)} TFLOP/s, bfloat16, ${size} x ${size}`],
  };
}

/** So many in a row that starting them does not count. */
const PRODUCTS = 16, REPEATS = 5;

/** Operations a second of products in a row, the best of some. */
async function bfloat16Rate(engine: XlaEngine, size: number): Promise<number> {
  const graph = new Graph();
  const a = graph.input("a", [size, size]);
  let product = a;
  for (let i = 0; i < PRODUCTS; i++) product = graph.matmul(product, a);
  // All that comes back is one number, so that copies are not what is timed.
  graph.output("sum", graph.reduceSum(product, [0, 1]));
  // The input's products are all 1 and stay so.
  const resident = { a: new Float32Array(size * size).fill(1 / size) };
  const executable: Executable = await engine.compile(graph, resident);
  try {
    await executable.run({});
    let leastMs = Infinity;
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const startMs = performance.now();
      await executable.run({});
      leastMs = Math.min(leastMs, performance.now() - startMs);
    }
    return PRODUCTS * 2 * size ** 3 / (leastMs / 1000);
  } finally {
    await executable.dispose();
  }
}

function failed(what: string, error: unknown): Finding {
  if (!(error instanceof ExperimentError)) throw error;
  const [{ message, mend }] = error.faults;
  return { what, isWell: false, told: [message], ...(mend === undefined ? {} : { mend }) };
}
