/**
 * Does one job in a worker: locks the key, checks the inputs, runs the kind, commits.
 *
 * What outlives a kill stands in the store's scratch folder of the key: the
 * measurement log, and below `task/` whatever the kind keeps as checkpoints.
 */
import { ExperimentError } from "../base/errors.ts";
import { listOf } from "../base/list.ts";
import { openSecrets } from "../base/secrets.ts";
import type {
  InputArtifact,
  InputRole,
  MadeBy,
  StoredArtifact,
  TaskContext,
  TaskEvent,
  TaskKind,
} from "../graph/task.ts";
import { type ArtifactStore, TASK_SCRATCH } from "../store/objects/artifacts.ts";
import type { Attempt } from "../store/objects/attempt.ts";
import { isDiskFault, isDiskFull, storeFault } from "../store/faults.ts";
import { MeasurementLog } from "../store/objects/measurements.ts";
import type { Job, JobEvent } from "./executor.ts";
import { refuseSecrets, sealEvent, sealOutcome } from "./secrets.ts";

/** What a job is done with. */
export interface JobOptions {
  /** The kind that the job names. */
  readonly kind: TaskKind;
  /** Where artifacts are read and committed. */
  readonly store: ArtifactStore;
  /** The key that the job has by its outside files as they are now. */
  readonly keyOf: (job: Job) => Promise<string>;
  /** How many threads it may use. */
  readonly threads: number;
  /** The part of its device's memory that is its own; absent: all. */
  readonly memoryShare?: number | undefined;
  /** The rate of plain matrix products on a device, in floating-point operations a second. */
  readonly productRate: (device: TaskContext<unknown>["device"]) => Promise<number>;
  /** Tells the driver. */
  readonly tell: (event: JobEvent) => void;
  /** Aborted when the run is interrupted. */
  readonly signal: AbortSignal;
}

/** At most one progress message in this time; the last one is always told. */
const PROGRESS_EVERY_MS = 100;

/**
 * Does a job, unless its artifact is there already.
 *
 * @returns whether the artifact was there
 * @throws ExperimentError "executor/input-lost", "executor/file-changed", and what the store and the kind throw
 */
export async function runJob(job: Job, options: JobOptions): Promise<boolean> {
  try {
    return await lockAndRun(job, options);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof ExperimentError) throw error;
    const path = options.store.root;
    if (isDiskFull(error)) throw storeFault(error, { doing: `write what ${job.kind} makes`, path });
    // A right that is taken away is as a disk that fails, where it is the store's.
    if (!isDiskFault(error) && !isRefusedIn(path, error)) throw error;
    throw storeFault(error, { doing: `go on with this ${job.kind}`, path });
  }
}

/** Whether the system refuses a place below a folder, which errors name as they were given it. */
function isRefusedIn(folder: string, error: Error): boolean {
  return error instanceof Deno.errors.PermissionDenied && error.message.includes(folder);
}

async function lockAndRun(job: Job, options: JobOptions): Promise<boolean> {
  const { kind, store, tell, signal } = options;
  if (kind.version !== job.version) {
    throw new Error(`${kind.kind} is of version ${kind.version}, the job of ${job.version}`);
  }
  await using attempt = await store.begin(job.key, {
    signal,
    onWait: (holder) => tell({ type: "waiting", holder }),
    onReaders() {
      const message = "waits until another run has read the result that is to be made anew";
      tell({ type: "warning", message });
    },
    // A run at the same time may have made it anew already: that one counts.
    isStale: ({ startedAt }) => startedAt === job.replaces,
  });
  if (attempt.existing !== undefined) return true;
  tell({ type: "started", attempt: attempt.number });
  try {
    await run(job, attempt, options);
  } catch (error) {
    // Whatever the error says of it, a person has to know this and nothing else.
    if (!isAborted(error, signal) && await isGone(attempt.scratchDir)) throw lost(job, store.root);
    throw error;
  }
  return false;
}

function isAborted(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && error === signal.reason;
}

async function isGone(dir: string): Promise<boolean> {
  return await Deno.stat(dir).then(() => false, (error) => error instanceof Deno.errors.NotFound);
}

/** The error for results that somebody deleted. */
function lost({ kind }: Job, root: string): ExperimentError {
  return new ExperimentError(
    "executor/results-lost",
    `what this ${kind} was making was deleted meanwhile`,
    {
      at: { file: root },
      mend: "leave the results folder alone while a run is on; run again",
    },
  );
}

/** Runs the kind and commits what it made. */
async function run(job: Job, attempt: Attempt, options: JobOptions): Promise<void> {
  const { kind, tell, signal } = options;
  const startedAt = new Date();
  const startedMs = performance.now();
  using opening = new Inputs(options);
  const inputs = await opening.open(job);
  const start = job.start && {
    ...await opening.find({ key: job.start.key, output: "" }),
    step: job.start.step,
  };
  const scratchDir = `${attempt.scratchDir}/${TASK_SCRATCH}`;
  await noteCode(job, { attempt, tell });
  await Deno.mkdir(scratchDir, { recursive: true });
  const log = await MeasurementLog.open(attempt.scratchDir);
  using reporter = new Reporter(log, tell);
  const { compiledDir: cache } = options.store;
  const { threads, memoryShare } = options;
  const device = { name: job.device, threads, cache, memoryShare };
  const opened = openSecrets(job.params, (name) => Deno.env.get(name));
  const context: TaskContext<unknown> = {
    params: opened.value,
    inputs,
    ...(start === undefined ? {} : { start }),
    keepsState: job.keepsState ?? true,
    keepsModel: job.keepsModel ?? true,
    outDir: attempt.outDir,
    scratchDir,
    device,
    emit: (event) => reporter.emit(sealEvent(event, opened)),
    signal,
  };
  const outcome = await sealOutcome(() => kind.run(context), opened);
  await reporter.finish(attempt.outDir);
  await refuseSecrets(attempt.outDir, opened);
  await checkFiles(job, { ...options, attempt });
  const elapsedMs = Math.round(performance.now() - startedMs);
  const hasTrained = (outcome.facts.ownFlops ?? 0) > 0;
  await attempt.commit({
    kind: job.kind,
    version: job.version,
    params: job.params,
    inputs: job.inputs,
    outcome,
    code: job.code,
    device: job.device,
    ...(kind.isNumeric ? { engine: job.numerics.engine } : {}),
    ...(hasTrained ? { productRate: await options.productRate(device) } : {}),
    ...(job.start === undefined ? {} : { start: job.start }),
    startedAt: startedAt.toISOString(),
    elapsedMs,
  });
}

/** In scratch: the hash of each code that wrote there, a line each. */
const CODE_FILE = "code.txt";

/**
 * Notes which code writes in scratch. What other code left there is gone on from with
 * a warning; under strict code it is dropped.
 */
async function noteCode(
  { code, strictCode }: Job,
  { attempt, tell }: { readonly attempt: Attempt; readonly tell: (event: JobEvent) => void },
): Promise<void> {
  const path = `${attempt.scratchDir}/${CODE_FILE}`;
  const text = await Deno.readTextFile(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  const earlier = text.split("\n").filter((line) => line !== "");
  const isOther = earlier.some((line) => line !== code);
  if (isOther) {
    const message = strictCode === true
      ? "an unfinished attempt of other code is dropped"
      : "goes on from an unfinished attempt of other code";
    tell({ type: "warning", message });
  }
  if (strictCode === true && (isOther || earlier.length === 0)) await attempt.emptyScratch();
  const codes = strictCode === true ? [code] : [...new Set([...earlier, code])];
  // A kill while it is written must not leave half a note.
  await Deno.writeTextFile(`${path}.new`, codes.map((each) => `${each}\n`).join(""));
  await Deno.rename(`${path}.new`, path);
}

/** How many files a message names. */
const NAMED_FILES = 3;

/**
 * Refuses to keep what was made of other files than those that the key stands for.
 *
 * The planner digests files, the task reads them later: in between they can change.
 */
async function checkFiles(
  job: Job,
  options: JobOptions & { readonly attempt: Attempt },
): Promise<void> {
  const files = options.kind.files?.(job.params) ?? [];
  if (files.length === 0 || await isKeyStill(job, options)) return;
  // A checkpoint of theirs would be gone on from as if it were of this key.
  await options.attempt.emptyScratch();
  const named = listOf(files.map(({ file }) => file), NAMED_FILES);
  throw new ExperimentError(
    "executor/file-changed",
    `the files of this ${job.kind} changed after it was planned: ${named}`,
    { mend: "run again; the task is planned anew with the files as they are now" },
  );
}

/** Whether the files still give the job's key; not if one cannot be read any more. */
async function isKeyStill(job: Job, { keyOf }: JobOptions): Promise<boolean> {
  try {
    return await keyOf(job) === job.key;
  } catch (error) {
    if (error instanceof ExperimentError) return false;
    throw error;
  }
}

/** What a task reads, opened by role; kept from being removed until it is disposed of. */
class Inputs implements Disposable {
  readonly #held = new DisposableStack();
  readonly #options: JobOptions;

  constructor(options: JobOptions) {
    this.#options = options;
  }

  /** What stands in each role: a list, one, or undefined, as the role says. */
  async open(
    job: Job,
  ): Promise<Record<string, InputArtifact | readonly InputArtifact[] | undefined>> {
    const inputs: Record<string, InputArtifact | readonly InputArtifact[] | undefined> = {};
    for (const [name, role] of Object.entries<InputRole>(this.#options.kind.inputs)) {
      const found: InputArtifact[] = [];
      for (const ref of job.inputs[name] ?? []) {
        const stored = await this.find(ref);
        const training = job.trainings?.[ref.key], seed = job.seeds?.[ref.key];
        found.push({
          ...stored,
          ...(training === undefined ? {} : { training }),
          ...(seed === undefined ? {} : { seed }),
          open: () => openAs(role, stored),
        });
      }
      inputs[name] = role.many === true ? found : found[0];
    }
    return inputs;
  }

  async find(
    { key, output }: { readonly key: string; readonly output: string },
  ): Promise<StoredArtifact & { readonly made: MadeBy }> {
    const { store, signal, tell } = this.#options;
    const held = await store.hold(key, {
      signal,
      onWait(holder) {
        const message = `waits for ${holder}, which makes its input ${key.slice(0, 12)} anew`;
        tell({ type: "warning", message });
      },
    });
    if (held === undefined) {
      throw new ExperimentError("executor/input-lost", `the input ${key} is missing or damaged`, {
        mend: "run again: what is lost is computed anew",
      });
    }
    this.#held.use(held);
    const dir = output === "" ? store.dirOf(key) : `${store.dirOf(key)}/${output}`;
    const { kind, params, outcome: { facts, scores } } = held.record;
    return { key, dir, facts, made: { kind, params, scores } };
  }

  [Symbol.dispose](): void {
    this.#held.dispose();
  }
}

function openAs(role: InputRole, { dir }: StoredArtifact): Promise<unknown> {
  if (role.open === undefined) throw new Error(`nothing opens ${role.types.join(" or ")}`);
  return role.open(dir);
}

/** Passes a task's events on: measurements into the log first, progress not too often. */
class Reporter {
  readonly #log: MeasurementLog;
  readonly #tell: (event: JobEvent) => void;
  #toldMs = -Infinity;
  #held: TaskEvent | undefined;
  #isOpen = true;

  constructor(log: MeasurementLog, tell: (event: JobEvent) => void) {
    this.#log = log;
    this.#tell = tell;
  }

  emit(event: TaskEvent): void {
    if (event.type === "progress") {
      const nowMs = performance.now();
      this.#held = event;
      if (nowMs - this.#toldMs < PROGRESS_EVERY_MS) return;
      this.#toldMs = nowMs;
      this.#flush();
      return;
    }
    if (event.type === "measurement") {
      const { type: _, ...measurement } = event;
      this.#log.append(measurement);
    }
    this.#tell(event);
  }

  /** Writes the measurements into the artifact. */
  async finish(outDir: string): Promise<void> {
    this.#flush();
    this.#isOpen = false;
    await this.#log.finish(outDir);
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.#log.close();
    this.#isOpen = false;
  }

  #flush(): void {
    if (this.#held !== undefined) this.#tell(this.#held);
    this.#held = undefined;
  }
}
