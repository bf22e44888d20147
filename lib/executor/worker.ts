/**
 * The worker's side of the protocol: one job after another until the input ends.
 *
 * It knows kinds only by their contract. The terminal's Ctrl-C reaches every
 * process, so a worker ignores it: the driver decides, and sends "abort".
 */
import { ExperimentError } from "../base/errors.ts";
import { writeAllSync } from "../base/files.ts";
import type { Kinds, TaskContext } from "../graph/task.ts";
import { ArtifactStore } from "../store/objects/artifacts.ts";
import type { Job } from "./executor.ts";
import { runJob } from "./job.ts";
import {
  formatMessage,
  type FromWorker,
  MARK,
  parseMessage,
  PROTOCOL,
  type ToWorker,
} from "./protocol.ts";

/** What a worker has to be told besides its kinds. */
export interface WorkerOptions {
  /** The key that a job has by its outside files as they are now. */
  readonly keyOf: (job: Job) => Promise<string>;
  /** Rejects with an ExperimentError where a device cannot be used. */
  readonly check: (device: string) => Promise<void>;
  /** The rate of plain matrix products there, in floating-point operations a second. */
  readonly productRate: (device: TaskContext<unknown>["device"]) => Promise<number>;
}

/**
 * Serves jobs of the given kinds over standard input and output.
 *
 * Never returns: the process exits when its input ends, even while it is busy,
 * because then the driver is gone. Its first argument is the folder that paths are
 * relative to. Needs the permissions to read, to write the store, and FFI (see
 * `stdin_thread.ts`).
 */
export function serveWorker(kinds: Kinds, options: WorkerOptions): void {
  Deno.addSignalListener("SIGINT", () => {});
  // It may have been started elsewhere for the sake of its rights.
  const [folder] = Deno.args;
  if (folder !== undefined) Deno.chdir(folder);
  const server = new Server(kinds, options);
  const input = new Worker(import.meta.resolve("./stdin_thread.ts"), { type: "module" });
  input.addEventListener("message", (event: MessageEvent<string | null>) => {
    if (event.data === null) Deno.exit(0);
    server.receive(parseMessage<ToWorker>(event.data));
  });
  tell({ type: "hello", protocol: PROTOCOL, pid: Deno.pid });
}

class Server {
  readonly #stores = new Map<string, Promise<ArtifactStore>>();
  #current: { readonly key: string; readonly abort: AbortController } | undefined;

  constructor(readonly kinds: Kinds, readonly options: WorkerOptions) {}

  receive(message: ToWorker): void {
    if (message.type === "abort") {
      if (this.#current?.key !== message.key) return;
      this.#current.abort.abort(new DOMException("the run was interrupted", "AbortError"));
      return;
    }
    if (this.#current !== undefined) throw new Error("a worker does one job at a time");
    const abort = new AbortController();
    this.#current = { key: message.type === "job" ? message.job.key : "", abort };
    this.#serve(message, abort.signal).then((last) => {
      this.#current = undefined;
      tell(last);
    });
  }

  /** Does what it is asked; returns the message that ends it. */
  async #serve(
    message: Exclude<ToWorker, { type: "abort" }>,
    signal: AbortSignal,
  ): Promise<FromWorker> {
    try {
      if (message.type === "job") return await this.#run(message, signal);
      await this.options.check(message.device);
      return { type: "done", wasThere: false };
    } catch (error) {
      return endOf(error, signal);
    }
  }

  async #run(
    { job, threads, memoryShare, store: root }: Extract<ToWorker, { type: "job" }>,
    signal: AbortSignal,
  ): Promise<FromWorker> {
    const kind = await this.kinds.get(job.kind);
    if (kind === undefined) throw new Error(`this worker knows no kind "${job.kind}"`);
    const store = await this.#open(root);
    const given = { kind, store, threads, memoryShare, tell, signal };
    const wasThere = await runJob(job, { ...this.options, ...given });
    return { type: "done", wasThere };
  }

  #open(root: string): Promise<ArtifactStore> {
    const known = this.#stores.get(root);
    if (known !== undefined) return known;
    const onWarning = (message: string) => tell({ type: "warning", message });
    const store = ArtifactStore.open(root, { onWarning });
    this.#stores.set(root, store);
    return store;
  }
}

function endOf(error: unknown, signal: AbortSignal): FromWorker {
  if (signal.aborted && error === signal.reason) return { type: "aborted" };
  if (error instanceof ExperimentError) return { type: "failed", faults: error.faults };
  const bug = error instanceof Error ? error : new Error(String(error));
  return { type: "bug", message: bug.message, stack: bug.stack ?? bug.message };
}

function tell(message: FromWorker): void {
  const bytes = new TextEncoder().encode(MARK + formatMessage(message));
  try {
    writeAllSync(Deno.stdout, bytes);
  } catch (error) {
    // Nobody listens any more: the driver is gone, and the input ends too.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    throw error;
  }
}
