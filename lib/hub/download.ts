/**
 * One file of the hub onto the disk: gone on with after a break, and checked before it counts.
 *
 * It is written beside its place under a name that tells its content apart, so that what is
 * there of it is never gone on with by another one's bytes.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { sha256, sha256File } from "../base/digest.ts";
import { ExperimentError } from "../base/errors.ts";
import { sleep } from "../base/sleep.ts";
import { removeIfThere, syncPath, writeAll } from "../base/files.ts";
import {
  type Answer,
  ask,
  type HubOptions,
  reasonOf,
  SILENCE_MS,
  unreachable,
} from "./requests.ts";

/** A file as the hub's list has it. */
export interface HubFile {
  /** Its name in the model's repository. */
  readonly name: string;
  /** How long it is, where the list says. */
  readonly bytes?: number | undefined;
  /** Its SHA-256, of large files, or else its id in git, where the list says. */
  readonly etag?: string | undefined;
}

/** A file that was fetched. */
export interface FetchedFile {
  /** Its length. */
  readonly bytes: number;
  /** Its digest. */
  readonly sha256: string;
  /** What the hub calls its content, if it does. */
  readonly etag?: string;
}

/** Told how far a file has come. */
export type OnBytes = (file: string, done: number, total: number | undefined) => void;

/** Attempts that bring nothing before it is given up. */
const MAX_IDLE_ATTEMPTS = 6;

/**
 * Fetches a file into a folder, in place of a former one of its name.
 *
 * @throws ExperimentError as `ask` does; "hub/damaged" when it is not what the hub says it is;
 *   "hub/disk" when it cannot be written
 */
export async function download(
  file: HubFile,
  url: string,
  options: HubOptions & { readonly dir: string; readonly onBytes?: OnBytes | undefined },
): Promise<FetchedFile> {
  const target = join(options.dir, file.name);
  for (let isFirst = true;; isFirst = false) {
    const part = await bring(file, url, { ...options, target });
    const digest = await sha256File(part.path);
    const fault = await faultOf(part, digest);
    if (fault === undefined) {
      await onDisk(target, async () => {
        await syncPath(part.path);
        await Deno.rename(part.path, target);
        await syncPath(options.dir);
        await removeOtherParts(target);
      });
      const { bytes, etag } = part;
      return { bytes, sha256: digest, ...(etag === undefined ? {} : { etag }) };
    }
    await removeIfThere(part.path);
    // What was gone on with may have been another's all the same: once more from its start.
    if (isFirst) continue;
    throw new ExperimentError("hub/damaged", `${file.name} ${fault}`, {
      at: { file: target },
      mend:
        "run the same command again; if it is so once more, the hub or what lies between is at " +
        "fault",
    });
  }
}

/** A file that is all there, and not yet checked. */
interface Part {
  readonly path: string;
  readonly bytes: number;
  readonly etag: string | undefined;
  /** How long it should be, where anybody said. */
  readonly wanted: number | undefined;
}

async function bring(
  file: HubFile,
  url: string,
  options: HubOptions & {
    readonly dir: string;
    readonly target: string;
    readonly onBytes?: OnBytes | undefined;
  },
): Promise<Part> {
  const { target, onBytes, signal } = options;
  let { etag, bytes: wanted } = file;
  let waitMs = options.waitMs ?? 1000;
  // What an answer lost and the next one brought again is no progress.
  for (let idle = 0, most = 0;;) {
    const path = partOf(target, etag);
    const had = await sizeOf(path);
    // Whose bytes they are is known only where the content has a name.
    const from = etag === undefined || (wanted !== undefined && had > wanted) ? 0 : had;
    if (from > 0 && from === wanted) return { path, bytes: from, etag, wanted };
    let why: string;
    const answer = await ask(url, from > 0 ? { range: `bytes=${from}-` } : {}, options);
    const said = saidOf(answer, from);
    etag ??= said.etag;
    wanted ??= said.total;
    if (partOf(target, etag) !== path) {
      // Its name has become known: what there is of it may be gone on with.
      await answer.response.body?.cancel();
      continue;
    }
    if (said.start === undefined) {
      await answer.response.body?.cancel();
      await removeIfThere(path);
      why = "the hub does not go on where it was asked to";
    } else {
      const { done, reason } = await append(path, answer.response, {
        from: said.start,
        signal,
        onBytes: (done) => onBytes?.(file.name, done, wanted),
      });
      const isWhole = reason === undefined && (wanted === undefined || done >= wanted);
      if (isWhole) return { path, bytes: done, etag, wanted };
      if (done > Math.max(from, most)) {
        most = done;
        idle = 0;
        waitMs = options.waitMs ?? 1000;
      }
      why = reason ?? `the answer ended after ${done} of ${wanted} bytes`;
    }
    if (++idle === MAX_IDLE_ATTEMPTS) throw unreachable(`${file.name}: ${why}`, options);
    options.onWait?.(`${file.name}: ${why}; going on in ${Math.ceil(waitMs / 1000)} s`);
    await sleep(waitMs, signal);
    waitMs *= 2;
  }
}

/** What an answer says of a file: where its bytes begin, how long it is in all, its content's name. */
function saidOf({ response, own }: Answer, from: number) {
  const { headers, status } = response;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  const linked = own.get("x-linked-size"), length = headers.get("content-length");
  const total = linked ?? (status === 206 ? range?.[2] : status === 200 ? length : undefined);
  const name = (own.get("x-linked-etag") ?? own.get("etag"))?.replace(/^W\//, "")
    .replaceAll('"', "");
  const start = status === 206
    ? Number(range?.[1]) === from ? from : undefined
    : status === 200
    ? 0
    : undefined;
  return {
    start,
    total: total !== undefined && total !== null && /^\d+$/.test(total) ? Number(total) : undefined,
    etag: name !== undefined && isDigest(name) ? name : undefined,
  };
}

/** SHA-256, or git's SHA-1 of a blob: other names of content cannot be checked. */
function isDigest(etag: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag);
}

async function append(
  path: string,
  response: Response,
  { from, signal, onBytes }: {
    readonly from: number;
    readonly signal: AbortSignal | undefined;
    readonly onBytes: (done: number) => void;
  },
): Promise<{ readonly done: number; readonly reason?: string }> {
  let done = from;
  const file = await onDisk(path, async () => {
    const opened = await Deno.open(path, { write: true, create: true });
    await opened.truncate(from);
    await opened.seek(from, Deno.SeekMode.Start);
    return opened;
  });
  try {
    const reader = (response.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>()).getReader();
    try {
      for (;;) {
        const next = await spoken(reader);
        signal?.throwIfAborted();
        if (next.done) return { done };
        await onDisk(path, () => writeAll(file, next.value));
        done += next.value.length;
        onBytes(done);
      }
    } catch (error) {
      await reader.cancel().catch(() => {});
      signal?.throwIfAborted();
      if (error instanceof ExperimentError) throw error;
      return { done, reason: `the connection broke: ${reasonOf(error as Error)}` };
    }
  } finally {
    file.close();
  }
}

/** The next bytes, if any come within a time. */
async function spoken<T>(reader: ReadableStreamDefaultReader<T>) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    const late = new Error(`no byte came for ${SILENCE_MS / 1000} s`);
    timer = setTimeout(() => reject(late), SILENCE_MS);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is wrong with a file that is all there; undefined if nothing that can be told. */
async function faultOf(
  { path, bytes, etag, wanted }: Part,
  digest: string,
): Promise<string | undefined> {
  if (wanted !== undefined && bytes !== wanted) {
    return `has ${bytes} bytes, the hub says ${wanted}`;
  }
  if (etag?.length === 64 && etag !== digest) {
    return `has the SHA-256 ${digest}, the hub says ${etag}`;
  }
  if (etag?.length === 40) {
    const own = await gitBlobId(path, bytes);
    if (own !== etag) return `has the id ${own} in git, the hub says ${etag}`;
  }
  return undefined;
}

async function gitBlobId(path: string, bytes: number): Promise<string> {
  const hash = createHash("sha1").update(`blob ${bytes}\0`);
  const file = await Deno.open(path);
  for await (const piece of file.readable) hash.update(piece);
  return hash.digest("hex");
}

/** Where a file is written before it is whole. */
function partOf(target: string, etag: string | undefined): string {
  return `${target}.${etag === undefined ? "unnamed" : sha256(etag).slice(0, 16)}.part`;
}

async function removeOtherParts(target: string): Promise<void> {
  const start = `${basename(target)}.`;
  for await (const { name } of Deno.readDir(dirname(target))) {
    const isPart = name.startsWith(start) && name.endsWith(".part");
    if (isPart) await removeIfThere(join(dirname(target), name));
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/**
 * Does something on the disk.
 *
 * @throws ExperimentError "hub/disk" saying why it cannot be done
 */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code } = cause as { readonly code?: string };
    const isFull = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
    throw new ExperimentError(
      "hub/disk",
      isFull ? "the disk is full" : `it cannot be written: ${(cause as Error).message}`,
      {
        at: { file: path },
        mend: `${isFull ? "make room" : "make it writable"}, or set TITRATE_DATA to another ` +
          "folder, and run the same command again, which goes on where this one stopped",
        cause,
      },
    );
  }
}
