/**
 * The rights that each command is started with: what it needs, by name.
 *
 * Two of them hold no command back: native libraries, which DuckDB is, and the start
 * of Deno, which workers are, could do anything. They keep mistakes in, not attackers.
 */
import { startsAtHome } from "../../base/home.ts";
import type { Rights } from "../../base/rights.ts";
import { ENV_PROGRAM, LIBRARY_PATHS, WORKER_VARIABLES } from "../../executor/local/environment.ts";
import { besideOut, type Call, DEFAULT_PORT, DEFAULT_SPEC, spoolOf } from "./call.ts";
import { reportFolder } from "./report_folder.ts";
import { declaredVariables } from "./variables.ts";

interface Needs {
  /** Opens the database, which is a native library, or asks the system about processes. */
  readonly ffi?: boolean;
  /** Reads a spec, and so the variables that it declares. */
  readonly spec?: boolean;
  /** Writes below the folder of results. */
  readonly write?: boolean;
  /** Writes below the folder that its last argument names. */
  readonly folder?: boolean;
  /** Writes a report. */
  readonly report?: boolean;
  /** Asks how much room a disk has. */
  readonly disk?: boolean;
  /** Starts workers. */
  readonly workers?: boolean;
  /** Serves the live page. */
  readonly page?: boolean;
}

/** What commands need; those that are not here read files and no more. */
const NEEDS: Readonly<Record<string, Needs>> = {
  run: { ffi: true, spec: true, write: true, workers: true },
  plan: { ffi: true, spec: true },
  explain: { ffi: true, spec: true },
  where: { ffi: true, spec: true },
  status: { ffi: true },
  sql: { ffi: true },
  figure: { ffi: true },
  report: { ffi: true, report: true },
  rebuild: { ffi: true, write: true },
  ui: { ffi: true, page: true },
  devices: { ffi: true },
  // Installing begins by looking at disk, driver and installer; it becomes a process that may.
  gpu: { ffi: true, disk: true },
  // It learns from the spec what is to be fetched and where to, and becomes a process that may.
  data: { ffi: true, spec: true },
  export: { ffi: true, spec: true, folder: true },
};

/** The rights of the process that fetches models: the hub's hosts, the data folder, the token. */
export function fetchingRights(
  { data, hosts }: { readonly data: string; readonly hosts: readonly string[] },
): Rights {
  return {
    ...writeBelow(Deno.cwd(), data),
    net: hosts,
    env: [...COMMON_VARIABLES, ...HUB_VARIABLES, "HF_TOKEN"],
  };
}

/** The rights of the process that installs a GPU's plugin: the user's cache, and the installer. */
export function installingRights(
  { cache, program }: { readonly cache: string; readonly program: string },
): Rights {
  return { write: cache, run: [program], env: COMMON_VARIABLES, ffi: true };
}

/** Variables that say where the hub is. */
const HUB_VARIABLES = ["HF_ENDPOINT"];

/**
 * Where the plugin of a device is looked for, in the user's cache and beside the Pythons of the
 * search path, and what it is told: what it need not print, and on how many threads to compute.
 */
const PLUGIN_VARIABLES = [
  "HOME",
  "XDG_CACHE_HOME",
  "PATH",
  "VIRTUAL_ENV",
  "TF_CPP_MIN_LOG_LEVEL",
  "NPROC",
];

/** Variables that say how a terminal is, and those that are Titrate's own. */
const COMMON_VARIABLES = [
  "TERM",
  "TERM_PROGRAM",
  "LC_ALL",
  "LC_CTYPE",
  "LANG",
  "TMUX",
  "COLUMNS",
  "NO_COLOR",
  "CLICOLOR_FORCE",
  "FORCE_COLOR",
  "TITRATE_*",
  ...PLUGIN_VARIABLES,
];

/** What the process is that is to be given rights. */
export interface Machine {
  /** The folder that paths are relative to. */
  readonly cwd: string;
  /** The Deno that runs. */
  readonly deno: string;
  /** Whether the environment says where native libraries are looked for. */
  readonly hasLibraryPaths: boolean;
}

/** The rights of a call. */
export async function rightsOf(call: Call, machine: Machine): Promise<Rights> {
  const { ffi = false, spec, write, folder, report, disk = false, workers, page } =
    Object.hasOwn(NEEDS, call.command ?? "") ? NEEDS[call.command!]! : {};
  const named = spec === true ? await namedVariables(call) : [];
  return {
    ffi,
    disk,
    env: [
      ...new Set([
        ...COMMON_VARIABLES,
        ...(workers === true ? [...WORKER_VARIABLES, ...LIBRARY_PATHS] : []),
        ...(call.command === "data" ? HUB_VARIABLES : []),
        ...(page === true ? [...SCREEN_VARIABLES, ...LIBRARY_PATHS] : []),
        // What a run is started with again is passed on by name where Deno does not pass it on.
        ...(page === true && machine.hasLibraryPaths ? ["*"] : []),
        ...named,
      ]),
    ],
    ...(write === true ? writeBelow(machine.cwd, call.results) : {}),
    ...(report === true
      ? writeBelow(machine.cwd, reportFolder({ ...call, experiments: call.operands }))
      : {}),
    ...(folder === true && call.operands.length > 1
      ? writeBelow(machine.cwd, call.operands.at(-1)!)
      : {}),
    ...(workers === true
      ? { run: machine.hasLibraryPaths ? [machine.deno, ENV_PROGRAM] : [machine.deno] }
      : {}),
    ...(page === true ? pageRights(call, machine) : {}),
    ...(call.command === "sql" ? queryRights(call, machine) : {}),
  };
}

/** The folder of Titrate's own modules, which a command is loaded from. */
const CODE = decodeURIComponent(new URL("../..", import.meta.url).pathname).replace(/\/$/, "");

/** Where a system has the program that opens a browser. */
export const OPENERS: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "/usr/bin/xdg-open",
  darwin: "/usr/bin/open",
};

/** Variables that say whether there is a desktop. */
const SCREEN_VARIABLES = ["DISPLAY", "WAYLAND_DISPLAY"];

/**
 * The rights of the live page's server: one port of this computer, the folder of results and in
 * it what runs are asked by, the start of Deno to run again, and of a browser.
 */
function pageRights(
  { results, port = String(DEFAULT_PORT), opens }: Call,
  { cwd, deno, hasLibraryPaths }: Machine,
): Rights {
  if (startsAtHome(results)) return {};
  const folder = results.startsWith("/") ? results : `${cwd}/${results}`;
  const opener = opens === false ? undefined : OPENERS[Deno.build.os];
  return {
    read: [...new Set([folder, realPath(folder)]), CODE],
    // A folder with a comma is one that the process starts in: the one that it is given.
    write: folder.includes(",") ? folder : `${folder}/store/live`,
    // A port of no sense is told by the command, which needs none for that.
    net: /^\d{1,5}$/.test(port) && Number(port) < 65_536 ? [`127.0.0.1:${port}`] : [],
    run: [
      deno,
      ...(hasLibraryPaths ? [ENV_PROGRAM] : []),
      ...(opener === undefined ? [] : [opener]),
    ],
    load: true,
  };
}

/**
 * The rights of a query: to read the results and what the call names, and to write what it
 * names. To read is no more than that, unless the call says so.
 */
function queryRights(
  { results, file, out, allowsFiles }: Call,
  { cwd }: Machine,
): Pick<Rights, "read" | "write" | "files"> {
  const absolute = (path: string) => path.startsWith("/") ? path : `${cwd}/${path}`;
  const named = [results, ...(file === undefined ? [] : [file])].map(absolute);
  const written = out === undefined
    ? []
    : [absolute(out), besideOut(absolute(out)), spoolOf(absolute(out))];
  const read = new Set([...named, ...written].flatMap((path) => [path, realPath(path)]));
  return {
    ...(allowsFiles === true ? {} : { read: [CODE, ...read] }),
    ...(written.some((path) => path.includes(","))
      ? { write: written[0]!.replace(/[^/]*$/, "") }
      : written.length > 0
      ? { files: written }
      : {}),
  };
}

/** The path without links; as it is where nothing is there yet. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

/** A folder below a "~" the command refuses: it is not to be made. */
function writeBelow(folder: string, path: string): Pick<Rights, "write"> {
  if (startsAtHome(path)) return {};
  return { write: path.startsWith("/") ? path : `${folder}/${path}` };
}

/** Those that the spec declares, or that an override adds to it. */
async function namedVariables({ command, operands, set }: Call): Promise<string[]> {
  const overrides = set.flatMap((each) => /^\s*env\.(\w+)/.exec(each)?.[1] ?? []);
  return [...await declaredVariables(specOf(command, operands)), ...overrides];
}

/** The spec among a command's arguments, which may be left out before what follows it. */
function specOf(command: string | undefined, operands: readonly string[]): string {
  if (command === "data") return operands[1] ?? DEFAULT_SPEC;
  const after = command === "where" ? 1 : command === "export" ? 2 : 0;
  return operands.length > after ? operands[0]! : DEFAULT_SPEC;
}
