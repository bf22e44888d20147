/**
 * A PJRT plugin: a shared library that compiles programs for one kind of device and runs
 * them. It is loaded once a process and never unloaded.
 */
import { ExperimentError } from "../../../base/errors.ts";
import { whyNotLoaded } from "../../../base/library.ts";
import { mendPlugin } from "../find_plugin.ts";
import { PjrtApi } from "./api.ts";
import { type Attribute, readNamedValues } from "./named_values.ts";
import { type Address, utf8 } from "./struct.ts";

/** A plugin that is ready to make clients. */
export interface Plugin {
  /** Where it was loaded from. */
  readonly path: string;
  /** Its functions. */
  readonly api: PjrtApi;
  /** What it tells of itself, such as the version of StableHLO that it reads. */
  readonly attributes: ReadonlyMap<string, Attribute>;
}

const SYMBOLS = { GetPjrtApi: { parameters: [], result: "usize" } } as const;

/** The C library with its flag for a library that is never unloaded, by operating system. */
const LOADERS: Partial<Record<typeof Deno.build.os, { name: string; noDelete: number }>> = {
  linux: { name: "libc.so.6", noDelete: 0x1000 },
  darwin: { name: "libSystem.dylib", noDelete: 0x80 },
};
const NOW = 2;
const LOADING = {
  dlopen: { parameters: ["buffer", "i32"], result: "pointer", optional: true },
} as const;

const opened = new Map<string, Plugin>();

/**
 * Loads a plugin.
 *
 * @throws ExperimentError "engine/pjrt-plugin" where the file is none or cannot be loaded,
 *   "engine/pjrt-version" where it speaks another version of the interface
 */
export function openPlugin(path: string): Plugin {
  let plugin = opened.get(path);
  if (plugin === undefined) {
    plugin = pluginAt(loadTable(path), { path });
    opened.set(path, plugin);
  }
  return plugin;
}

/** The plugin whose table of functions stands at an address. */
export function pluginAt(table: Address, { path }: { readonly path: string }): Plugin {
  const api = new PjrtApi(table, { plugin: path });
  api.call("Plugin_Initialize");
  const told = api.call("Plugin_Attributes");
  const attributes = readNamedValues(told.address("attributes"), told.number("numAttributes"));
  return { path, api, attributes };
}

function loadTable(path: string): Address {
  try {
    if (!Deno.statSync(path).isFile) throw new Error("it is no file");
  } catch (cause) {
    throw refused(path, cause instanceof Deno.errors.NotFound ? "there is no such file" : cause);
  }
  try {
    const table = Deno.dlopen(path, SYMBOLS).symbols.GetPjrtApi();
    keepLoaded(path);
    return table;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw refused(path, /GetPjrtApi/.test(text) ? "it has no function GetPjrtApi" : cause);
  }
}

/**
 * Deno unloads libraries when a process ends, and a plugin's threads, which know nothing of it,
 * would run into memory that is gone.
 */
function keepLoaded(path: string): void {
  const loader = LOADERS[Deno.build.os];
  if (loader === undefined) return;
  const { symbols } = Deno.dlopen(loader.name, LOADING);
  symbols.dlopen?.(utf8(`${path}\0`), NOW | loader.noDelete);
}

function refused(path: string, reason: unknown): ExperimentError {
  const said = whyNotLoaded(reason), own = `${path}: `;
  const words = said.startsWith(own) ? said.slice(own.length) : said;
  return new ExperimentError("engine/pjrt-plugin", `cannot load the plugin ${path}: ${words}`, {
    mend: mendPlugin(path),
    cause: reason,
  });
}
