/**
 * Opens the engine: the plugin, one client of it in this process, and the programs of that.
 */
import { ExperimentError } from "../../base/errors.ts";
import { processorName } from "../../base/process.ts";
import { XlaEngine } from "./engine.ts";
import { findPlugin, PLUGIN_VARIABLE } from "./find_plugin.ts";
import type { Platform, Precision } from "./module.ts";
import { PjrtClient } from "./pjrt/client.ts";
import type { NamedValue } from "./pjrt/named_values.ts";
import { openPlugin } from "./pjrt/plugin.ts";
import { Programs } from "./programs.ts";

/** What an engine is opened for. */
export interface OpenOptions {
  /** What it is to run on. */
  readonly platform: Platform;
  /** The type of the products' operands. */
  readonly precision: Precision;
  /** How many devices train side by side. */
  readonly replicas: number;
  /** How many threads a CPU may use. */
  readonly threads: number;
  /** The folder that compiled programs are kept in; absent: they are not. */
  readonly cache?: string | undefined;
  /** The part of a device's memory that is this process's; absent: all. */
  readonly memoryShare?: number | undefined;
}

/** A GPU computes on its own: so many steps keep it busy. A CPU takes turns with this process. */
const STEPS_AHEAD: Readonly<Record<Platform, number>> = { cpu: 2, cuda: 4 };

const clients = new Map<string, Promise<PjrtClient>>();

/**
 * Opens the engine.
 *
 * @throws ExperimentError where there is no plugin, none of its devices can be used, or
 *   "engine/memory-variable"
 */
export async function openXla(options: OpenOptions): Promise<XlaEngine> {
  const { platform, precision, replicas, cache, memoryShare } = options;
  const client = await clientFor(findPlugin(platform), options);
  checkReplicas(replicas, client.devices.length);
  const programs = new Programs(client, {
    ...(cache === undefined ? {} : { folder: cache }),
    machine: `${platform === "cpu" ? processorName() ?? "" : ""} ${flagsOfXla()}`,
    memoryShare,
  });
  // A limit that is none is told before anything is computed.
  programs.limitBytes();
  return new XlaEngine({
    programs,
    precision,
    platform,
    replicas,
    stepsAhead: STEPS_AHEAD[platform],
  });
}

/**
 * Sees whether each replica has a device of its own.
 *
 * @throws ExperimentError "engine/no-gpu"
 */
export function checkReplicas(replicas: number, devices: number): void {
  if (replicas <= devices) return;
  throw new ExperimentError(
    "engine/no-gpu",
    `there ${devices === 1 ? "is 1 device" : `are ${devices} devices`} for ${replicas} replicas`,
    { mend: `ask for at most ${devices}, or see whether CUDA_VISIBLE_DEVICES hides some` },
  );
}

/** The client of a plugin, made once: two would each take the memory of a GPU. */
function clientFor(path: string, options: OpenOptions): Promise<PjrtClient> {
  const { platform, threads, replicas } = options;
  // Of a GPU a process has one client, with the share of memory that it was first asked for.
  const key = platform === "cpu" ? `${path} ${threads} ${replicas}` : path;
  let client = clients.get(key);
  if (client === undefined) {
    client = startClient(path, options);
    clients.set(key, client);
    // A GPU that was busy may be free the next time.
    client.catch(() => clients.delete(key));
  }
  return client;
}

async function startClient(path: string, options: OpenOptions): Promise<PjrtClient> {
  const { platform, threads } = options;
  // What plugins write to standard error is told in their errors too.
  setUnlessSet("TF_CPP_MIN_LOG_LEVEL", "3");
  // XLA's CPU client asks this variable for its number of threads, at its start.
  if (platform === "cpu") Deno.env.set("NPROC", String(threads));
  const plugin = openPlugin(path);
  // Its options tell the plugins apart, so a wrong one would stumble over them.
  const isForCuda = plugin.attributes.has("cuda_version");
  if (isForCuda !== (platform === "cuda")) {
    throw new ExperimentError(
      "engine/pjrt-plugin",
      `the plugin ${path} is for ${isForCuda ? "CUDA" : "another platform than CUDA"}`,
      {
        mend: `let ${PLUGIN_VARIABLE} name a plugin for ${
          platform === "cuda" ? "CUDA" : "the CPU"
        }`,
      },
    );
  }
  return await PjrtClient.create(plugin, createOptions(options));
}

/** The part of a GPU's memory that XLA takes unless told otherwise. */
const MEMORY_FRACTION = 0.75;

function createOptions(
  { platform, replicas, memoryShare }: OpenOptions,
): Record<string, NamedValue> {
  if (platform === "cpu") return { cpu_device_count: BigInt(replicas) };
  // Others may need memory of the same GPU: it is taken as it is needed.
  return {
    preallocate: false,
    ...(memoryShare === undefined ? {} : { memory_fraction: MEMORY_FRACTION * memoryShare }),
  };
}

/** XLA's flags, which the plugin reads from this variable and compiles by. */
function flagsOfXla(): string {
  return Deno.env.get("XLA_FLAGS") ?? "";
}

function setUnlessSet(name: string, value: string): void {
  if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
}
