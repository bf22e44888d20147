/**
 * Compiled programs, kept: in memory while they are used and a while longer, and on the disk
 * for the next process.
 *
 * A program is known by the hash of all that it follows from: its text, the options, the
 * plugin and what it runs on. A file that does not load is compiled anew and written over.
 */
import { sha256 } from "../../base/digest.ts";
import { ExperimentError } from "../../base/errors.ts";
import type { XlaModule } from "./module.ts";
import type { PjrtClient } from "./pjrt/client.ts";
import type { LoadedExecutable } from "./pjrt/executable.ts";
import { checkFits, memoryLimit, needOf } from "./memory.ts";

/** A program that is ready to run; give it back with `release`. */
export interface Program {
  /** What it was compiled from. */
  readonly module: XlaModule;
  /** The indices of the inputs that it takes over. */
  readonly donated: readonly number[];
  /** The compiled form. */
  readonly executable: LoadedExecutable;
  /** The most of a device's memory that it takes at any time, inputs counted. */
  readonly needBytes: number;
  /** Says that it is not used any more; once. */
  release(): void;
}

/** What programs are compiled with. */
export interface ProgramsOptions {
  /** The folder that compiled programs are kept in; absent: they are not. */
  readonly folder?: string | undefined;
  /** XLA's flags. */
  readonly flags?: Readonly<Record<string, string>>;
  /** What else a compiled program depends on: the processor or GPU that it was made for. */
  readonly machine: string;
  /** The part of a device's memory that is this client's; absent: all. */
  readonly memoryShare?: number | undefined;
}

/** How a module is compiled, and beside what it runs. */
export interface GetOptions {
  /** How many devices run it side by side; 1 if absent. */
  readonly replicas?: number;
  /** What is in the device's memory besides the program's inputs; 0 if absent. */
  readonly besideBytes?: number;
}

/** How many programs that nobody uses are kept ready, and how many files. */
const IDLE = 8;
const FILES = 256;

interface Held {
  readonly executable: LoadedExecutable;
  users: number;
}

/** The programs of one client. */
export class Programs {
  /** By hash; those used last stand last. */
  readonly #held = new Map<string, Held>();
  readonly #compiling = new Map<string, Promise<Held>>();
  readonly #options: ProgramsOptions;
  /** How many were compiled, and how many came from the disk. */
  readonly counts = { compiled: 0, loaded: 0 };

  /** Compiles nothing yet. */
  constructor(readonly client: PjrtClient, options: ProgramsOptions) {
    this.#options = options;
  }

  /**
   * Compiles a module, unless that was done before.
   *
   * @throws ExperimentError "engine/memory" where it takes more than the device has
   */
  async get(module: XlaModule, options: GetOptions = {}): Promise<Program> {
    const held = await this.#find(module, options);
    const memory = memoryOf(held, options), { needBytes } = memory;
    checkFits({ ...memory, limitBytes: this.limitBytes() });
    held.users++;
    let isReleased = false;
    return {
      module,
      donated: module.inputs.flatMap(({ donatedTo }, i) => donatedTo === undefined ? [] : [i]),
      executable: held.executable,
      needBytes,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        held.users--;
        this.#dropIdle(IDLE);
      },
    };
  }

  /**
   * What a program takes with what is beside it, whether it fits or not.
   *
   * @throws ExperimentError "engine/memory" where the compiler does not get so far
   */
  async needOf(module: XlaModule, options: GetOptions = {}): Promise<number> {
    const { needBytes } = memoryOf(await this.#find(module, options), options);
    this.#dropIdle(IDLE);
    return needBytes;
  }

  /** Frees those that nobody uses. */
  dispose(): void {
    this.#dropIdle(0);
  }

  /** The bytes of a device that may be taken; undefined where the plugin does not tell. */
  limitBytes(): number | undefined {
    const { memoryShare: share = 1 } = this.#options;
    return memoryLimit(this.client.memoryOf(this.client.devices[0])?.limitBytes, { share });
  }

  async #find(module: XlaModule, { replicas = 1 }: GetOptions): Promise<Held> {
    const hash = this.#hashOf(module, replicas), known = this.#held.get(hash);
    if (known !== undefined) {
      this.#held.delete(hash);
      this.#held.set(hash, known);
      return known;
    }
    let making = this.#compiling.get(hash);
    if (making === undefined) {
      making = this.#make(hash, module, replicas).finally(() => this.#compiling.delete(hash));
      this.#compiling.set(hash, making);
    }
    return await making;
  }

  async #make(hash: string, { text }: XlaModule, replicas: number): Promise<Held> {
    let executable = await this.#load(hash);
    if (executable === undefined) {
      const { flags = {} } = this.#options;
      executable = await this.client.compile(text, { replicas, flags });
      this.counts.compiled++;
      await this.#keep(hash, executable);
    } else {
      this.counts.loaded++;
    }
    const held = { executable, users: 0 };
    this.#held.set(hash, held);
    return held;
  }

  #hashOf({ text }: XlaModule, replicas: number): string {
    const { client: { plugin, platformVersion, devices: [device] } } = this;
    return sha256(JSON.stringify({
      text,
      replicas,
      flags: this.#options.flags ?? {},
      machine: [this.#options.machine, platformVersion, device.kind],
      plugin: [plugin.api.version, ...plugin.attributes, fileOf(plugin.path)],
    }));
  }

  #dropIdle(keep: number): void {
    const idle = [...this.#held].filter(([, { users }]) => users === 0);
    for (const [hash, { executable }] of idle.slice(0, Math.max(0, idle.length - keep))) {
      this.#held.delete(hash);
      executable.dispose();
    }
  }

  async #load(hash: string): Promise<LoadedExecutable | undefined> {
    const { folder } = this.#options;
    if (folder === undefined) return undefined;
    const path = `${folder}/${hash}`;
    try {
      const bytes = await Deno.readFile(path);
      const digest = new TextDecoder().decode(bytes.subarray(0, DIGEST_BYTES));
      const program = bytes.slice(DIGEST_BYTES);
      if (sha256(program) !== digest) return undefined;
      const executable = await this.client.load(program);
      // What is used is kept longest.
      await Deno.utime(path, new Date(), new Date()).catch(() => {});
      return executable;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof ExperimentError) {
        return undefined;
      }
      throw error;
    }
  }

  /** Writes a program beside and renames it; that it cannot be kept stops nothing. */
  async #keep(hash: string, { program }: LoadedExecutable): Promise<void> {
    const { folder } = this.#options;
    if (folder === undefined) return;
    try {
      const bytes = program.serialise();
      await Deno.mkdir(folder, { recursive: true });
      const beside = `${folder}/${hash}.${Deno.pid}`;
      const file = new Uint8Array(DIGEST_BYTES + bytes.length);
      new TextEncoder().encodeInto(sha256(bytes), file);
      file.set(bytes, DIGEST_BYTES);
      await Deno.writeFile(beside, file);
      await Deno.rename(beside, `${folder}/${hash}`);
      await dropOldest(folder);
    } catch {
      // A full disk or a plugin that does not serialise: the next process compiles again.
    }
  }
}

function memoryOf({ executable }: Held, { besideBytes = 0 }: GetOptions) {
  const memory = executable.program.memory();
  return {
    needBytes: needOf(memory) + besideBytes,
    stateBytes: memory.argumentBytes + besideBytes,
  };
}

/** The digest of a file's program stands before it, in hexadecimal digits. */
const DIGEST_BYTES = 64;

/** What tells a plugin's file from another version of it: reading it all would take seconds. */
function fileOf(path: string): unknown {
  try {
    const { size, mtime } = Deno.statSync(path);
    return [path, size, mtime?.getTime()];
  } catch {
    return path;
  }
}

async function dropOldest(folder: string): Promise<void> {
  const files = [];
  for await (const { name } of Deno.readDir(folder)) {
    const { mtime } = await Deno.stat(`${folder}/${name}`);
    files.push({ path: `${folder}/${name}`, usedMs: mtime?.getTime() ?? 0 });
  }
  files.sort((a, b) => b.usedMs - a.usedMs);
  for (const { path } of files.slice(FILES)) await Deno.remove(path);
}
