/**
 * Processes of this computer, asked through the C library: which there are, since
 * when, and whose children they are. Deno itself tells none of it.
 *
 * Needs FFI. What a system does not tell is absent: only Linux has `/proc`.
 */

/** The C library by operating system. */
const LIBRARIES: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.dylib",
};

const SYMBOLS = {
  execv: { parameters: ["buffer", "buffer"], result: "i32" },
  _exit: { parameters: ["i32"], result: "void" },
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  gethostname: { parameters: ["buffer", "usize"], result: "i32" },
  fopen: { parameters: ["buffer", "buffer"], result: "pointer" },
  fread: { parameters: ["buffer", "usize", "usize", "pointer"], result: "usize" },
  fclose: { parameters: ["pointer"], result: "i32" },
} as const;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Library | undefined;

function library(): Library | undefined {
  const name = LIBRARIES[Deno.build.os];
  if (name === undefined) return undefined;
  return opened ??= Deno.dlopen(name, SYMBOLS).symbols;
}

/** What the system tells of a process. */
export interface ProcessFacts {
  /** The number of the process that started it, or took it over. */
  readonly parent: number;
  /** Its process group: what a terminal's Ctrl-C reaches together. */
  readonly group: number;
  /** When it began; numbers are used again, this tells one from the other. */
  readonly startedAt: Date;
  /** The program that it runs, as far as the system names it. */
  readonly program: string;
  /** Whether it was started so that the end of its terminal does not concern it. */
  readonly ignoresHangup: boolean;
}

/** Ticks of a second in `/proc`: one number on all that Deno runs on. */
const TICKS = 100;

/** What is known of a process; undefined if it is gone, or on a system that does not tell. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const bootMs = bootTimeMs();
  if (stat === undefined || bootMs === undefined) return undefined;
  // The name stands in brackets and may hold brackets and spaces itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group] = fields;
  if (state === "Z" || state === "X") return undefined;
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(textOf(`/proc/${pid}/status`) ?? "")?.[1];
  return {
    parent: Number(parent),
    group: Number(group),
    startedAt: new Date(bootMs + Number(fields[19]) * (1000 / TICKS)),
    program: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
    ignoresHangup: ignored !== undefined && (BigInt(`0x${ignored}`) & 1n) === 1n,
  };
}

let bootedAtMs: number | undefined;

/** Asked once: what stands beside it grows with the machine's processors and takes long to write. */
function bootTimeMs(): number | undefined {
  if (bootedAtMs !== undefined) return bootedAtMs;
  const seconds = /^btime (\d+)$/m.exec(textOf("/proc/stat", LONG_BYTES) ?? "")?.[1];
  return seconds === undefined ? undefined : bootedAtMs = Number(seconds) * 1000;
}

/** The clock may be set a little meanwhile. */
const SAME_START_MS = 2000;

/** Whether a process is still there: the one that began then, if that is given. */
export function isRunning(pid: number, startedAt?: Date): boolean {
  if (Deno.build.os !== "linux") return library()?.kill(pid, 0) === 0;
  const facts = processFacts(pid);
  if (facts === undefined || startedAt === undefined) return facts !== undefined;
  return Math.abs(facts.startedAt.getTime() - startedAt.getTime()) <= SAME_START_MS;
}

/** Whether standard input is as `nohup` leaves it where it was a terminal: not to be read. */
export function isInputUnreadable(): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(textOf("/proc/self/fdinfo/0") ?? "")?.[1];
  return flags !== undefined && (parseInt(flags, 8) & 3) === 1;
}

/** The computer's name; undefined if it has none. */
export function hostName(): string | undefined {
  const bytes = new Uint8Array(256);
  if (library()?.gethostname(bytes, 255n) !== 0) return undefined;
  const name = new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  return name === "" ? undefined : name;
}

/** The processor as the system names it; undefined where it does not. */
export function processorName(): string | undefined {
  return /^model name\s*:\s*(.+)$/m.exec(textOf("/proc/cpuinfo") ?? "")?.[1]?.trim();
}

/**
 * Runs another program in this process, with its environment, streams and number.
 *
 * @throws Error where it cannot be run
 */
export function replaceProcess(program: string, args: readonly string[]): never {
  const words = [program, ...args].map(cString);
  const pointers = new BigUint64Array(words.length + 1);
  for (const [index, word] of words.entries()) {
    pointers[index] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(word));
  }
  library()?.execv(words[0]!, pointers);
  throw new Error(`${program} cannot be run in this process`);
}

/** Ends the process at once, whatever its main thread does. */
export function exitNow(code: number): void {
  library()?._exit(code);
}

/** Makes a folder and those above it, as far as that goes. */
export function makeFolder(path: string): void {
  for (let end = path.indexOf("/", 1);; end = path.indexOf("/", end + 1)) {
    library()?.mkdir(cString(end === -1 ? path : path.slice(0, end)), 0o777);
    if (end === -1) return;
  }
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** As much of `/proc/stat` as may stand before the time of the start, with many processors. */
const LONG_BYTES = 1 << 18;
/** More than is asked for of any other file stands within so much of its beginning. */
const SHORT_BYTES = 1 << 14;

/** How a file begins that Deno keeps from programs; undefined if there is none. */
function textOf(path: string, most = SHORT_BYTES): string | undefined {
  const libc = Deno.build.os === "linux" ? library() : undefined;
  const file = libc?.fopen(cString(path), cString("r")) ?? null;
  if (libc === undefined || file === null) return undefined;
  const bytes = new Uint8Array(most);
  const length = Number(libc.fread(bytes, 1n, BigInt(bytes.length), file));
  libc.fclose(file);
  return new TextDecoder().decode(bytes.subarray(0, length));
}
