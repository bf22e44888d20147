/**
 * One attempt at a key: holds the key's lock while a task writes its artifact.
 *
 * An artifact becomes visible by one rename, when all of it is on the disk. A
 * kill before that leaves a folder under `tmp/`, which the next attempt removes.
 */
import { removeIfThere, syncPath } from "../../base/files.ts";
import type { FileLock } from "../lock.ts";
import { isPresent, seal } from "./_files.ts";
import { storeFault } from "../faults.ts";
import {
  type ArtifactRecord,
  formatRecord,
  type NewArtifact,
  RECORD_FILE,
  RECORD_FORMAT,
  type RecordedFile,
} from "./record.ts";

/** Where an attempt writes, as the store lays it out. */
export interface AttemptPlaces {
  /** An empty folder; what stands in it at `commit` becomes the artifact. */
  readonly outDir: string;
  /** A folder that outlives a kill, for checkpoints. */
  readonly scratchDir: string;
  /** Where the artifact goes. */
  readonly finalDir: string;
}

/** An attempt at a key; dispose of it, committed or not. */
export class Attempt {
  /** The key that is held. */
  readonly key: string;
  /** Counts the attempts at this key from 1, kills included. */
  readonly number: number;
  /** A sound artifact that somebody else committed meanwhile: nothing is left to do. */
  readonly existing?: ArtifactRecord;
  /** An empty folder to write the artifact in; not made when there is an `existing`. */
  readonly outDir: string;
  /** A folder that outlives a kill, for checkpoints; deleted by `commit`. */
  readonly scratchDir: string;
  readonly #finalDir: string;
  readonly #lock: FileLock;
  #isOver = false;

  /** For the store alone: call `ArtifactStore.begin`. */
  constructor(
    key: string,
    parts: AttemptPlaces & {
      lock: FileLock;
      number: number;
      existing?: ArtifactRecord | undefined;
    },
  ) {
    this.key = key;
    this.number = parts.number;
    this.outDir = parts.outDir;
    this.scratchDir = parts.scratchDir;
    this.#finalDir = parts.finalDir;
    this.#lock = parts.lock;
    if (parts.existing === undefined) return;
    this.existing = parts.existing;
    this.#isOver = true;
    this.#lock.release();
  }

  /**
   * Makes what stands in `outDir` the artifact, all of it or nothing.
   *
   * Forces files and folders to the disk, renames, deletes the scratch folder and
   * lets go of the lock. When it fails, scratch is kept and nothing is visible, but
   * for one case: if the disk fails to confirm the rename, the artifact may be there,
   * whole. A scratch folder that cannot be deleted is left to the store's next sweep.
   *
   * @throws ExperimentError "store/disk-full" or "store/io"
   * @throws Error when the task left what no artifact can hold, such as a link
   */
  async commit(artifact: NewArtifact): Promise<ArtifactRecord> {
    if (this.#isOver) throw new Error(`the attempt at ${this.key} is over`);
    try {
      const record = await this.#seal(artifact);
      const parent = this.#finalDir.slice(0, this.#finalDir.lastIndexOf("/"));
      await Deno.mkdir(parent, { recursive: true });
      await Deno.rename(this.outDir, this.#finalDir);
      await syncPath(parent);
      await syncPath(`${parent}/..`);
      this.#isOver = true;
      await removeIfThere(this.scratchDir).catch(() => {});
      return record;
    } catch (error) {
      throw storeFault(error, { doing: "write the artifact", path: this.#finalDir });
    } finally {
      await this.abandon();
    }
  }

  /**
   * Removes what earlier attempts left in scratch, so that this one does not go on from it.
   *
   * @throws ExperimentError "store/io"
   */
  async emptyScratch(): Promise<void> {
    try {
      await removeIfThere(this.scratchDir);
      await Deno.mkdir(this.scratchDir);
    } catch (error) {
      throw storeFault(error, { doing: "empty the scratch folder", path: this.scratchDir });
    }
  }

  /** Gives up: removes what was written, keeps scratch, lets go of the lock. */
  async abandon(): Promise<void> {
    try {
      if (!this.#isOver) await removeIfThere(this.outDir);
    } catch (error) {
      throw storeFault(error, { doing: "remove an unfinished artifact", path: this.outDir });
    } finally {
      this.#isOver = true;
      this.#lock.release();
    }
  }

  /** Gives up, unless it is committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.abandon();
  }

  async #seal(artifact: NewArtifact): Promise<ArtifactRecord> {
    if (await isPresent(`${this.outDir}/${RECORD_FILE}`)) {
      throw new Error(`a task may not write ${RECORD_FILE}, which is the store's`);
    }
    let record!: ArtifactRecord;
    await seal(this.outDir, {
      name: RECORD_FILE,
      textOf: (files) => formatRecord(record = this.#recordOf(artifact, files)),
    });
    return record;
  }

  #recordOf(artifact: NewArtifact, files: readonly RecordedFile[]): ArtifactRecord {
    return {
      format: RECORD_FORMAT,
      key: this.key,
      kind: artifact.kind,
      version: artifact.version,
      params: artifact.params,
      inputs: artifact.inputs,
      outcome: artifact.outcome,
      code: artifact.code,
      device: artifact.device,
      ...(artifact.productRate === undefined ? {} : { productRate: artifact.productRate }),
      ...(artifact.start === undefined ? {} : { start: artifact.start }),
      ...(artifact.engine === undefined ? {} : { engine: artifact.engine }),
      attempt: this.number,
      startedAt: artifact.startedAt,
      elapsedMs: artifact.elapsedMs,
      files,
    };
  }
}
