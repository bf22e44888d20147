/**
 * Reads what runs tell while they are on, and what they told before they ended.
 *
 * Only folders and files that a run makes are read: a link, which could lead anywhere, is
 * none. What is cut off or not understood is passed over; a run writes it anew, or never.
 */
import type { z } from "zod";
import { isGone } from "../database/killed.ts";
import {
  eventSchema,
  LIVE_FILES,
  type LiveEvent,
  type LiveNow,
  type LivePlan,
  type LiveRequest,
  nowSchema,
  planSchema,
} from "./records.ts";

/** The most that is read of a file at once: a run's plan of 100,000 tasks takes less. */
const MOST_BYTES = 64 << 20;

/** The ids of the runs whose folders are there, in the order of their beginning. */
export async function liveRuns(live: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(live));
    return entries.filter(({ name, isDirectory }) => isDirectory && isRunId(name))
      .map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

/** Whether a name is a run's id. */
export function isRunId(name: string): boolean {
  return /^\d{8}T\d{6}Z-[0-9a-f]{4}$/.test(name);
}

/** What a run is; undefined where that cannot be read. */
export async function readPlan(live: string, run: string): Promise<LivePlan | undefined> {
  return await readJson(`${live}/${run}/${LIVE_FILES.plan}`, planSchema);
}

/** What runs at this moment; undefined before a run has told it. */
export async function readNow(live: string, run: string): Promise<LiveNow | undefined> {
  return await readJson(`${live}/${run}/${LIVE_FILES.now}`, nowSchema);
}

/** Whether a run's process is there; of other computers it is taken to be. */
export function isOn({ process }: LivePlan): boolean {
  const { startedAt, ...known } = process;
  return !isGone({
    pid: known.pid,
    ...(known.host === undefined ? {} : { host: known.host }),
    ...(startedAt === undefined ? {} : { processStartedAt: new Date(startedAt) }),
  });
}

/** The events of a run, read on from where the last reading ended. */
export class EventReader {
  readonly #path: string;
  #offset = 0;

  /** Begins at the first event. */
  constructor(live: string, run: string) {
    this.#path = `${live}/${run}/${LIVE_FILES.events}`;
  }

  /** The events since the last call, as far as they are written to the end of their lines. */
  async next(): Promise<LiveEvent[]> {
    const bytes = await readFrom(this.#path, this.#offset);
    const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
    this.#offset += whole.length;
    return new TextDecoder().decode(whole).split("\n").flatMap((line) => {
      const event = parse(line, eventSchema);
      return event === undefined ? [] : [event];
    });
  }
}

/**
 * Asks a run for something; it looks every second.
 *
 * @throws what the file system says where nothing can be written
 */
export async function askRun(live: string, run: string, request: LiveRequest): Promise<void> {
  const name = request.type === "cancel-run" ? "cancel" : `cancel-${request.key}`;
  const dir = `${live}/${run}/${LIVE_FILES.requests}`;
  const { isDirectory } = await Deno.lstat(dir);
  if (!isDirectory) throw new Error(`${dir} is no folder`);
  await Deno.writeTextFile(`${dir}/${name}`, "", { createNew: true }).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  return parse(new TextDecoder().decode(await readFrom(path, 0)), schema);
}

function parse<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return text === "" ? undefined : schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The bytes of a file from a place on; none of what is no file, or not there. */
async function readFrom(path: string, offset: number): Promise<Uint8Array> {
  try {
    const info = await Deno.lstat(path);
    const length = Math.min(info.size - offset, MOST_BYTES);
    if (!info.isFile || length <= 0) return new Uint8Array();
    using file = await Deno.open(path);
    await file.seek(offset, Deno.SeekMode.Start);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = await file.read(bytes.subarray(done));
      if (count === null) break;
      done += count;
    }
    return bytes.subarray(0, done);
  } catch {
    return new Uint8Array();
  }
}
