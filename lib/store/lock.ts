/**
 * Locks: `flock` on a file that is never deleted.
 *
 * The kernel lets go of the lock when its holder closes the file or dies, so
 * nothing is ever unlocked by hand. A key's lock file tells who holds it and counts
 * the attempts at the key; it is empty until the first one.
 */
import { sleep } from "../base/sleep.ts";

interface LockNote {
  readonly attempt: number;
  readonly pid: number;
}

const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 500;
/** More attempts than anybody makes: a number beyond is no count, but damage. */
const MOST_ATTEMPTS = 1_000_000;

/** How to wait for a lock that somebody else holds. */
export interface WaitOptions {
  /** Aborted: waiting ends with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called once when it has to wait, with whoever holds the lock in words. */
  readonly onWait?: ((holder: string) => void) | undefined;
  /** Whether others that share it may hold it at the same time. */
  readonly isShared?: boolean | undefined;
}

/** A lock that is held until it is released. */
export class FileLock {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  #isHeld = true;

  private constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** Takes the lock if it is free; undefined if somebody holds it who does not share it. */
  static async tryTake(
    path: string,
    { isShared = false }: { readonly isShared?: boolean } = {},
  ): Promise<FileLock | undefined> {
    const file = await Deno.open(path, { read: true, write: true, create: true });
    try {
      if (await file.tryLock(!isShared)) return new FileLock(file, path);
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return undefined;
  }

  /**
   * Takes the lock, waiting while somebody else holds it.
   *
   * @throws the signal's reason when it is aborted meanwhile
   */
  static async take(
    path: string,
    { signal, onWait, isShared = false }: WaitOptions = {},
  ): Promise<FileLock> {
    let waitMs = FIRST_WAIT_MS;
    for (let isFirst = true;; isFirst = false) {
      signal?.throwIfAborted();
      const lock = await FileLock.tryTake(path, { isShared });
      if (lock !== undefined) return lock;
      if (isFirst) onWait?.(await describeHolder(path));
      await sleep(waitMs, signal);
      waitMs = Math.min(waitMs * 1.5, LONGEST_WAIT_MS);
    }
  }

  /** Counts an attempt, notes this process as the holder, and returns the attempt's number. */
  async countAttempt(): Promise<number> {
    const attempt = ((await readNote(this.#path))?.attempt ?? 0) + 1;
    const note: LockNote = { attempt, pid: Deno.pid };
    await this.#file.truncate(0);
    await this.#file.seek(0, Deno.SeekMode.Start);
    await this.#file.write(new TextEncoder().encode(JSON.stringify(note)));
    return attempt;
  }

  /** Lets go of the lock; doing it again does nothing. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#file.close();
  }

  /** Releases it at the end of a `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}

async function describeHolder(path: string): Promise<string> {
  const note = await readNote(path);
  return note === undefined ? "another run" : `another run (process ${note.pid})`;
}

async function readNote(path: string): Promise<LockNote | undefined> {
  try {
    const note: unknown = JSON.parse(await Deno.readTextFile(path));
    const { attempt, pid } = note as Partial<LockNote>;
    return isCount(attempt, MOST_ATTEMPTS) && isCount(pid, 2 ** 31) ? note as LockNote : undefined;
  } catch {
    return undefined; // empty before the first attempt, or cut off by a full disk
  }
}

function isCount(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < most;
}
