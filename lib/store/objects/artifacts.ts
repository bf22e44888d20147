/**
 * Artifacts on disk, named by their keys.
 *
 *     objects/ab/<key>/   a committed artifact and its record, never changed again
 *     locks/<key>         held by whoever computes the key
 *     locks/<key>.read    shared by those who read its artifact, which nobody removes then
 *     tmp/<key>-<id>/     being written; invisible, removed when its writer is dead
 *     scratch/<key>/      checkpoints of an unfinished task; outlive a kill
 *     compiled/           programs for devices that compile; may be deleted at any time
 *     damaged/<key>-<n>/  artifacts that failed their check, kept to be looked at
 */
import { ExperimentError } from "../../base/errors.ts";
import { removeIfThere } from "../../base/files.ts";
import type { Measurement } from "../../base/measures.ts";
import { isPresent, namesIn } from "./_files.ts";
import { type Finding, Inspector } from "./_inspect.ts";
import { sweep } from "./_sweep.ts";
import { FileLock } from "../lock.ts";
import { Attempt } from "./attempt.ts";
import { obstacleOn, storeFault } from "../faults.ts";
import { STORE_FOLDERS } from "../results_folder.ts";
import { MEASUREMENTS_FILE, readMeasurements } from "./measurements.ts";
import { type ArtifactRecord, RECORD_FILE } from "./record.ts";

const { objects, locks, tmp, scratch, damaged } = STORE_FOLDERS;

/** The folder in a key's scratch that is the task's own. */
export const TASK_SCRATCH = "task";

/** What a store may be given. */
export interface StoreOptions {
  /** Told what went wrong and was put right, such as a damaged artifact set aside. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Whether nothing in it is to be moved, as where the process may not write. */
  readonly isReadOnly?: boolean;
}

/** How to wait when another run holds a key. */
export interface BeginOptions {
  /** Aborted: `begin` throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called once when it has to wait, with whoever holds the key in words. */
  readonly onWait?: ((holder: string) => void) | undefined;
  /** Whether an artifact that is there is to be made anew; it is removed then. */
  readonly isStale?: ((record: ArtifactRecord) => boolean) | undefined;
  /** Called once when a stale artifact has to stay until those who read it are done. */
  readonly onReaders?: (() => void) | undefined;
}

/** How to wait for an artifact that another run is making anew. */
export type HoldOptions = Pick<BeginOptions, "signal" | "onWait">;

/** An artifact that stays where it is until it is let go of. */
export interface HeldArtifact extends Disposable {
  /** What is recorded of it; every file of it was checked. */
  readonly record: ArtifactRecord;
}

/** What of an artifact becomes rows of the database. */
export interface ArtifactRows {
  /** What is recorded of it. */
  readonly record: ArtifactRecord;
  /** Sorted, each once. */
  readonly measurements: readonly Measurement[];
}

/** A folder of artifacts; any number of processes may use one at the same time. */
export class ArtifactStore {
  /** The store's folder, as it was given. */
  readonly root: string;
  readonly #onWarning: (message: string) => void;
  readonly #isReadOnly: boolean;
  readonly #inspector = new Inspector();
  readonly #verifying = new Map<string, Promise<ArtifactRecord | undefined>>();
  readonly #warned = new Set<string>();
  #setAside: Promise<ReadonlySet<string>> | undefined;
  #isSwept = false;

  private constructor(root: string, options: StoreOptions) {
    this.root = root;
    this.#onWarning = options.onWarning ?? (() => {});
    this.#isReadOnly = options.isReadOnly === true;
  }

  /**
   * Opens a store; its folder is made by the first `begin`.
   *
   * @throws ExperimentError "store/bad-root" when something else stands there
   */
  static async open(root: string, options: StoreOptions = {}): Promise<ArtifactStore> {
    const folder = root.length > 1 ? root.replace(/\/+$/, "") : root;
    try {
      const info = await Deno.stat(folder);
      if (!info.isDirectory) throw notAFolder(folder);
    } catch (error) {
      if (error instanceof Deno.errors.NotADirectory) throw notAFolder(obstacleOn(folder));
      if (!(error instanceof Deno.errors.NotFound)) {
        throw storeFault(error, { doing: "open the store", path: folder });
      }
    }
    return new ArtifactStore(folder, options);
  }

  /**
   * Where the artifact of a key stands, or would stand.
   *
   * @throws ExperimentError "store/bad-key"
   */
  dirOf(key: string): string {
    if (!/^[0-9a-f]{64}$/.test(key)) {
      throw new ExperimentError("store/bad-key", `${JSON.stringify(key)} is no key`, {
        mend: "give all 64 hexadecimal digits of a task's key",
      });
    }
    return `${this.root}/${objects}/${key.slice(0, 2)}/${key}`;
  }

  /** Where a task of a key keeps checkpoints while it is unfinished. */
  taskScratchOf(key: string): string {
    return `${this.root}/${scratch}/${key}/${TASK_SCRATCH}`;
  }

  /** Where engines keep what they compile. */
  get compiledDir(): string {
    return `${this.root}/compiled`;
  }

  /** The keys that left something in scratch: those of unfinished tasks, by far the most. */
  async unfinished(): Promise<ReadonlySet<string>> {
    return new Set(await namesIn(`${this.root}/${scratch}`));
  }

  /**
   * The record of a key's artifact, if there is one and nothing about its files has
   * changed: their names, sizes and times. Cheap: they are read only where times differ.
   *
   * @throws ExperimentError "store/newer-format", "store/io"
   */
  async find(key: string): Promise<ArtifactRecord | undefined> {
    const found = await this.look(key);
    return found === "damaged" ? undefined : found;
  }

  /**
   * As `find`, but tells an artifact that cannot be used, or was set aside for that and
   * is not made anew yet, from none.
   *
   * @throws ExperimentError "store/newer-format", "store/io"
   */
  async look(key: string): Promise<ArtifactRecord | "damaged" | undefined> {
    const dir = this.dirOf(key);
    const finding = await this.#guard("read an artifact", dir, this.#inspector.glance(dir, key));
    if (finding.state === "damaged" && !this.#warned.has(key)) {
      this.#warned.add(key);
      this.#onWarning(`artifact ${key} cannot be used: ${finding.why}`);
    }
    if (finding.state === "damaged") return "damaged";
    if (finding.state === "absent" && (await this.#keysSetAside()).has(key)) return "damaged";
    return recordOf(finding);
  }

  /**
   * The record of a key's artifact, after checking the digest of every file.
   *
   * A damaged artifact is set aside with a warning, and counts as absent; where the
   * store is only read it stays where it is.
   *
   * @throws ExperimentError "store/newer-format", "store/io"
   */
  verify(key: string): Promise<ArtifactRecord | undefined> {
    const running = this.#verifying.get(key);
    if (running !== undefined) return running;
    const inspect = (dir: string) => this.#inspector.inspect(dir, key);
    const promise = this.#verify(key, inspect).finally(() => this.#verifying.delete(key));
    this.#verifying.set(key, promise);
    return promise;
  }

  /**
   * What of a key's artifact becomes rows: its record and its measurements, after
   * checking the digests of both.
   *
   * A damaged artifact is set aside with a warning, and counts as absent.
   *
   * @throws ExperimentError "store/newer-format", "store/io"
   */
  async readRows(key: string): Promise<ArtifactRows | undefined> {
    const dir = this.dirOf(key);
    const record = await this.#verify(
      key,
      (dir) => this.#inspector.inspectFile(dir, key, MEASUREMENTS_FILE),
    );
    return record === undefined ? undefined : { record, measurements: await readMeasurements(dir) };
  }

  /** Whether a key has an artifact, whatever its state. */
  has(key: string): boolean {
    try {
      return Deno.lstatSync(`${this.dirOf(key)}/${RECORD_FILE}`).isFile;
    } catch {
      return false;
    }
  }

  /**
   * A key's artifact, checked, and kept from being removed until it is let go of; waits
   * while another run makes it. Undefined where there is none and nobody is at it.
   *
   * @throws ExperimentError "store/newer-format", "store/io"; the signal's reason
   */
  async hold(key: string, options: HoldOptions = {}): Promise<HeldArtifact | undefined> {
    const held = await this.#tryHold(key, options);
    if (held !== undefined) return held;
    const path = `${this.root}/${locks}/${key}`;
    await this.#guard(
      "wait for an artifact",
      path,
      (async () => (await FileLock.take(path, options)).release())(),
    );
    return await this.#tryHold(key, options);
  }

  async #tryHold(key: string, { signal }: HoldOptions): Promise<HeldArtifact | undefined> {
    const path = `${this.root}/${locks}/${key}.read`;
    const lock = await this.#guard(
      "hold an artifact",
      path,
      Deno.mkdir(`${this.root}/${locks}`, { recursive: true })
        .then(() => FileLock.take(path, { signal, isShared: true })),
    );
    try {
      const record = await this.verify(key);
      if (record !== undefined) return { record, [Symbol.dispose]: () => lock.release() };
    } catch (error) {
      lock.release();
      throw error;
    }
    lock.release();
    return undefined;
  }

  /**
   * Takes a key's lock, waiting while another run computes it.
   *
   * @returns an attempt to commit or abandon; with `existing` when the artifact is
   *   there already
   * @throws ExperimentError "store/disk-full", "store/io", "store/newer-format";
   *   the signal's reason
   */
  async begin(key: string, options: BeginOptions = {}): Promise<Attempt> {
    const finalDir = this.dirOf(key);
    return await this.#guard("begin a task", this.root, this.#begin(key, finalDir, options));
  }

  /** The key of every artifact, in order, whatever the artifact's state. */
  async *keys(): AsyncGenerator<string> {
    for (const group of await namesIn(`${this.root}/${objects}`)) {
      for (const key of await namesIn(`${this.root}/${objects}/${group}`)) {
        if (/^[0-9a-f]{64}$/.test(key)) yield key;
      }
    }
  }

  async #verify(
    key: string,
    inspect: (dir: string) => Promise<Finding>,
  ): Promise<ArtifactRecord | undefined> {
    const dir = this.dirOf(key);
    return await this.#guard(
      "check an artifact",
      dir,
      (async () => {
        const finding = await inspect(dir);
        if (finding.state !== "damaged") return recordOf(finding);
        if (this.#isReadOnly) {
          this.#onWarning(`artifact ${key} is damaged: ${finding.why}; a run makes it anew`);
          return undefined;
        }
        // Only the holder of the lock may move it: somebody else may have set it
        // aside already and be about to commit a sound one in its place.
        const lock = await this.#tryLock(key);
        if (lock === undefined) {
          this.#onWarning(`artifact ${key} is damaged: ${finding.why}; another run is at it`);
          return undefined;
        }
        using _held = lock;
        return await this.#settle(key, inspect);
      })(),
    );
  }

  async #begin(key: string, finalDir: string, options: BeginOptions): Promise<Attempt> {
    await Deno.mkdir(`${this.root}/${locks}`, { recursive: true });
    const lock = await FileLock.take(`${this.root}/${locks}/${key}`, options);
    try {
      const isFirst = !this.#isSwept;
      this.#isSwept = true;
      await sweep(key, { root: this.root, isFirst });
      const existing = await this.#settleUnlessStale(key, options);
      const outDir = `${this.root}/${tmp}/${key}-${crypto.randomUUID().slice(0, 8)}`;
      const scratchDir = `${this.root}/${scratch}/${key}`;
      const number = existing?.attempt ?? await lock.countAttempt();
      if (existing === undefined) {
        await Deno.mkdir(outDir, { recursive: true });
        await Deno.mkdir(scratchDir, { recursive: true });
      }
      return new Attempt(key, { lock, number, existing, outDir, scratchDir, finalDir });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** As `#settle`; a stale artifact is removed as soon as nobody reads it any more. */
  async #settleUnlessStale(
    key: string,
    { isStale, signal, onReaders }: BeginOptions,
  ): Promise<ArtifactRecord | undefined> {
    const existing = await this.#settle(key, (dir) => this.#inspector.inspect(dir, key));
    if (existing === undefined) return undefined;
    // What its commit could not remove would pass for a checkpoint of a stale one's successor.
    await removeIfThere(`${this.root}/${scratch}/${key}`);
    if (isStale?.(existing) !== true) return existing;
    const readers = `${this.root}/${locks}/${key}.read`;
    using _ = await FileLock.take(readers, { signal, onWait: onReaders });
    const doomed = `${this.root}/${tmp}/${key}-${crypto.randomUUID().slice(0, 8)}`;
    await Deno.mkdir(`${this.root}/${tmp}`, { recursive: true });
    await Deno.rename(this.dirOf(key), doomed);
    await removeIfThere(doomed);
    return undefined;
  }

  /** Under the key's lock: the sound artifact if there is one; a damaged one is set aside. */
  async #settle(
    key: string,
    inspect: (dir: string) => Promise<Finding>,
  ): Promise<ArtifactRecord | undefined> {
    const dir = this.dirOf(key);
    const finding = await inspect(dir);
    if (finding.state !== "damaged") return recordOf(finding);
    const folder = `${this.root}/${damaged}`;
    await Deno.mkdir(folder, { recursive: true });
    let n = 1;
    while (await isPresent(`${folder}/${key}-${n}`)) n++;
    await Deno.rename(dir, `${folder}/${key}-${n}`);
    this.#setAside = undefined;
    this.#onWarning(
      `artifact ${key} is damaged: ${finding.why}; it is set aside as ${folder}/${key}-${n} ` +
        "and will be computed again",
    );
    return undefined;
  }

  async #tryLock(key: string): Promise<FileLock | undefined> {
    await Deno.mkdir(`${this.root}/${locks}`, { recursive: true });
    return await FileLock.tryTake(`${this.root}/${locks}/${key}`);
  }

  /** The keys of what was found damaged and set aside, listed once. */
  async #keysSetAside(): Promise<ReadonlySet<string>> {
    this.#setAside ??= namesIn(`${this.root}/${damaged}`)
      .then((names) => new Set(names.map((name) => name.split("-")[0]!)));
    return await this.#setAside;
  }

  async #guard<T>(doing: string, path: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw storeFault(error, { doing, path });
    }
  }
}

function recordOf(finding: Finding): ArtifactRecord | undefined {
  return finding.state === "sound" ? finding.record : undefined;
}

function notAFolder(path: string): ExperimentError {
  return new ExperimentError("store/bad-root", "cannot keep artifacts in what is no folder", {
    at: { file: path },
    mend: "move the file away, or name another results folder",
  });
}
