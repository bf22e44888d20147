/**
 * What a driver and its worker say to each other: JSON, one message a line.
 *
 * A worker's messages begin with a record separator, because its standard output
 * is not its own: native libraries print there too. One job is on at a time.
 */
import type { Json, JsonObject } from "../base/canonical.ts";
import type { Numerics } from "../base/numerics.ts";
import type { Fault } from "../base/errors.ts";
import type { InputRef, TaskEvent } from "../graph/task.ts";

/** The version of these messages; a worker of another one is refused. */
export const PROTOCOL = 1;

/** Stands before every message of a worker. */
export const MARK = "\x1e";

/** A task to do, with all that its worker has to know. */
export interface Job {
  /** Names the artifact. */
  readonly key: string;
  /** The kind by name, and the version that the driver knows. */
  readonly kind: string;
  /** Must be the version of the worker's kind. */
  readonly version: number;
  /** Complete params, defaults filled in. */
  readonly params: JsonObject;
  /** Artifacts to read, by role. */
  readonly inputs: Readonly<Record<string, readonly InputRef[]>>;
  /** An earlier point of the same training. */
  readonly start?: { readonly key: string; readonly step: number };
  /** Where numbers are computed, a name of the devices, and how many threads it may use. */
  readonly device: { readonly name: string; readonly threads: number };
  /** What the device's results depend on, as it stands in keys. */
  readonly numerics: Numerics;
  /** The hash of the kind's module graph. */
  readonly code: string;
  /** The `startedAt` of an artifact that is there and to be made anew all the same. */
  readonly replaces?: string;
  /** Whether a checkpoint that other code wrote is dropped; it is gone on from if not. */
  readonly strictCode?: boolean;
}

/** What the driver says. */
export type ToWorker =
  | { readonly type: "job"; readonly job: Job; readonly store: string }
  | { readonly type: "abort"; readonly key: string };

/** What the worker says; the last four end a job. */
export type FromWorker =
  | { readonly type: "hello"; readonly protocol: number; readonly pid: number }
  /** Another run computes the key; `holder` says in words which. */
  | { readonly type: "waiting"; readonly holder: string }
  | { readonly type: "started"; readonly attempt: number }
  | { readonly type: "event"; readonly event: TaskEvent }
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
export async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
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
