/** Runs a task kind as a worker would, in a temporary folder. */
import type { InputArtifact, TaskEvent, TaskKind, TaskOutcome } from "../../lib/graph/task.ts";

/** What came of running a kind. */
export interface KindRun {
  readonly artifact: InputArtifact;
  readonly outcome: TaskOutcome;
  readonly events: readonly TaskEvent[];
}

/** What a kind is run with; params as a spec gives them. */
export interface KindRunOptions {
  readonly params?: unknown;
  readonly inputs?: Readonly<Record<string, readonly InputArtifact[]>>;
  /** A folder, in which folders for the artifact and for scratch are made. */
  readonly dir: string;
  readonly signal?: AbortSignal;
}

/** Checks the params, runs the kind, and returns its artifact and events. */
export async function runKind(kind: TaskKind, options: KindRunOptions): Promise<KindRun> {
  const outDir = await Deno.makeTempDir({ dir: options.dir, prefix: `${kind.kind}-` });
  const scratchDir = await Deno.makeTempDir({ dir: options.dir, prefix: "scratch-" });
  const events: TaskEvent[] = [];
  const outcome = await kind.run({
    params: kind.params.parse(options.params ?? {}),
    inputs: options.inputs ?? {},
    outDir,
    scratchDir,
    device: { name: "none", threads: 1 },
    emit: (event) => void events.push(event),
    signal: options.signal ?? new AbortController().signal,
  });
  return { artifact: { key: outDir, dir: outDir, facts: outcome.facts }, outcome, events };
}
