/**
 * What a Deno process may do, as flags of `deno run`: each right by its name, never all.
 */

/** The rights of a process. */
export interface Rights {
  /** The files and folders that it may read; all if absent. */
  readonly read?: readonly string[];
  /** The files that it may write, none of which has a comma in its path. */
  readonly files?: readonly string[];
  /** The one folder below which it may write. */
  readonly write?: string | undefined;
  /** The hosts that it may reach, such as "huggingface.co", "*.hf.co" or "127.0.0.1:80". */
  readonly net?: readonly string[];
  /** The programs that it may start, by their paths. */
  readonly run?: readonly string[];
  /** The environment variables that it may read, such as "HOME" or "CUDA_*"; others seem unset. */
  readonly env?: readonly string[];
  /** Whether it may load native libraries. */
  readonly ffi?: boolean;
  /** Whether it may ask how much room a disk has. */
  readonly disk?: boolean;
  /** Whether it may ask how busy the computer is. */
  readonly load?: boolean;
}

/** Flags, and the folder to start the process in where they only hold there. */
export interface Grant {
  /** For `deno run`, before the module. */
  readonly flags: readonly string[];
  /** The folder to start it in, and to leave at once; absent where any will do. */
  readonly startIn?: string;
}

/**
 * The flags that give a process its rights.
 *
 * Deno parts a list of paths at commas and knows no way to write one. A folder that
 * has one in its path is given as ".", to a process that is started in it.
 */
export function grant({ read, write, net = [], run = [], env = [], ...rights }: Rights): Grant {
  const needsStart = write !== undefined && write.includes(",");
  const written = [
    ...(write === undefined ? [] : [needsStart ? "." : write]),
    ...rights.files ?? [],
  ];
  const system = [
    ...(rights.disk === true ? ["statfs"] : []),
    ...(rights.load === true ? ["cpus", "systemMemoryInfo"] : []),
  ];
  const flags = [
    "--no-prompt",
    "--frozen",
    namedFlag("--allow-read", read),
    ...(written.length === 0 ? [] : [`--allow-write=${written.join(",")}`]),
    ...(net.length === 0 ? [] : [`--allow-net=${net.join(",")}`]),
    ...(run.length === 0 ? [] : [namedFlag("--allow-run", run)]),
    ...(env.length === 0 ? [] : [`--allow-env=${env.join(",")}`]),
    "--ignore-env",
    ...(rights.ffi === true ? ["--allow-ffi"] : []),
    ...(system.length === 0 ? [] : [`--allow-sys=${system.join(",")}`]),
  ];
  return needsStart ? { flags, startIn: write } : { flags };
}

/** A right to these paths; to all where none is named, or one cannot be. */
function namedFlag(flag: string, paths: readonly string[] | undefined): string {
  const isNamed = paths !== undefined && !paths.some((each) => each.includes(","));
  return isNamed ? `${flag}=${paths.join(",")}` : flag;
}
