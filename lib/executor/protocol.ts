/**
 * What a driver and its worker say to each other: JSON, one message a line.
 *
 * A worker's messages begin with a record separator, because its standard output
 * is not its own: native libraries print there too. One job is on at a time.
 */
import type { Json, JsonObject } from "../base/canonical.ts";
import type { Fault } from "../base/errors.ts";
import type { Job, JobEvent } from "./executor.ts";

/** The version of these messages; a worker of another one is refused. */
export const PROTOCOL = 4;

/** Stands before every message of a worker. */
export const MARK = "\x1e";

/** What the driver says. */
export type ToWorker =
  | {
    readonly type: "job";
    readonly job: Job;
    /** How many threads it may use. */
    readonly threads: number;
    /** The part of its device's memory that is its own; absent: all. */
    readonly memoryShare?: number | undefined;
    /** The root of the store. */
    readonly store: string;
  }
  /** Asks whether numbers can be computed on a device here; answered as a job is. */
  | { readonly type: "check"; readonly device: string }
  | { readonly type: "abort"; readonly key: string };

/** What the worker says: what happens to its job, as it is; the last four end a job. */
export type FromWorker =
  | { readonly type: "hello"; readonly protocol: number; readonly pid: number }
  | JobEvent
  | { readonly type: "done"; readonly wasThere: boolean }
  | { readonly type: "failed"; readonly faults: readonly [Fault, ...Fault[]] }
  | { readonly type: "bug"; readonly message: string; readonly stack: string }
  | { readonly type: "aborted" };

/** A message as its line, without a mark. NaN and the infinities survive. */
export function formatMessage(message: ToWorker | FromWorker): string {
  return `${JSON.stringify(message, wrapNonFinite)}\n`;
}

/**
 * Reads a line of the other side.
 *
 * @throws Error when it is no message, a bug of the other side
 */
export function parseMessage<Message extends ToWorker | FromWorker>(line: string): Message {
  const message: unknown = line.includes(NON_FINITE)
    ? JSON.parse(line, unwrapNonFinite)
    : JSON.parse(line);
  if (typeof (message as { type?: unknown } | null)?.type !== "string") {
    throw new Error(`no message: ${line.slice(0, 200)}`);
  }
  return message as Message;
}

const NON_FINITE = "$nonFinite";

function wrapNonFinite(_name: string, value: unknown): unknown {
  const isNonFinite = typeof value === "number" && !Number.isFinite(value);
  return isNonFinite ? { [NON_FINITE]: String(value) } : value;
}

function unwrapNonFinite(_name: string, value: Json): unknown {
  if (value === null || typeof value !== "object") return value;
  const text = (value as JsonObject)[NON_FINITE];
  return typeof text === "string" ? Number(text) : value;
}

/** Splits a stream of bytes into lines without their ends; the last may lack one. */
export async function* messageLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const text = decoder.decode(bytes, { stream: true });
    const end = text.lastIndexOf("\n");
    if (end === -1) {
      rest += text;
      continue;
    }
    const lines = (rest + text.slice(0, end)).split("\n");
    rest = text.slice(end + 1);
    yield* lines;
  }
  if (rest !== "") yield rest;
}
