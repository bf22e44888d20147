/**
 * The rights that each command is started with: what it needs, by name.
 *
 * Two of them hold no command back: native libraries, which DuckDB is, and the start
 * of Deno, which workers are, could do anything. They keep mistakes in, not attackers.
 */
import type { Rights } from "../../base/rights.ts";
import { ENV_PROGRAM, LIBRARY_PATHS, WORKER_VARIABLES } from "../../executor/local/environment.ts";
import { type Call, DEFAULT_SPEC } from "./call.ts";
import { declaredVariables } from "./variables.ts";

interface Needs {
  /** Opens the database, which is a native library, or asks the system about processes. */
  readonly ffi?: boolean;
  /** Reads a spec, and so the variables that it declares. */
  readonly spec?: boolean;
  /** Writes below the folder of results. */
  readonly write?: boolean;
  /** Starts workers. */
  readonly workers?: boolean;
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
  rebuild: { ffi: true, write: true },
  devices: { ffi: true },
};

/** Variables that say how a terminal is, and those that are Titrate's own. */
const COMMON_VARIABLES = [
  "TERM",
  "TERM_PROGRAM",
  "TMUX",
  "COLUMNS",
  "NO_COLOR",
  "CLICOLOR_FORCE",
  "FORCE_COLOR",
  "TITRATE_*",
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
  const { ffi = false, spec, write, workers } = Object.hasOwn(NEEDS, call.command ?? "")
    ? NEEDS[call.command!]!
    : {};
  const named = spec === true ? await namedVariables(call) : [];
  return {
    ffi,
    env: [
      ...new Set([
        ...COMMON_VARIABLES,
        ...(workers === true ? [...WORKER_VARIABLES, ...LIBRARY_PATHS] : []),
        ...named,
      ]),
    ],
    ...(write === true ? { write: below(machine.cwd, call.results) } : {}),
    ...(workers === true
      ? { run: machine.hasLibraryPaths ? [machine.deno, ENV_PROGRAM] : [machine.deno] }
      : {}),
  };
}

function below(folder: string, path: string): string {
  return path.startsWith("/") ? path : `${folder}/${path}`;
}

/** Those that the spec declares, or that an override adds to it. */
async function namedVariables({ command, operands, set }: Call): Promise<string[]> {
  const overrides = set.flatMap((each) => /^\s*env\.(\w+)/.exec(each)?.[1] ?? []);
  // `where` may be given the cell alone.
  const hasSpec = operands.length > (command === "where" ? 1 : 0);
  return [...await declaredVariables(hasSpec ? operands[0]! : DEFAULT_SPEC), ...overrides];
}
