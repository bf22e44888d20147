/** What the page is sent: the parts of it, each as a text that is sent anew when it changed. */
import { printable } from "../base/terminal.ts";
import { shellLine } from "./command_line.ts";
import type { MachineView } from "./machine.ts";
import { gridOf } from "./grid_view.ts";
import type { ResultsWatch } from "./results_watch.ts";
import {
  curvesOf,
  failuresOf,
  formatScore,
  headOf,
  queueOf,
  runningOf,
  taskOf,
} from "./run_view.ts";

/** What a reader looks at. */
export interface Asked {
  /** A run's id; absent: the newest that is on. */
  readonly run?: string | undefined;
  /** The key of a task of it. */
  readonly task?: string | undefined;
}

/** The parts by name, as JSON; those of a run are null where there is none. */
export function partsOf(
  watch: ResultsWatch,
  { machine, asked, started }: {
    readonly machine: MachineView;
    readonly asked: Asked;
    readonly started: string;
  },
): Map<string, string> {
  const id = asked.run ?? watch.latest();
  const run = id === undefined ? undefined : watch.run(id);
  const parts: Record<string, unknown> = {
    machine,
    started,
    runs: { runs: watch.runs(), shown: run?.plan.run },
    run: run && headOf(run, shellLine(run.plan)),
    running: run && runningOf(run),
    curves: run && curvesOf(run),
    grid: run && gridOf(run, watch.scores),
    failures: run && failuresOf(run),
    queue: run && queueOf(run),
    task: run && asked.task !== undefined
      ? taskOf(run, asked.task, scoreText(watch, run.tasks.get(asked.task)?.artifact ?? ""))
      : undefined,
  };
  return new Map(
    Object.entries(parts).map(([name, part]) => [name, JSON.stringify(part ?? null, shown)]),
  );
}

/** What a text from outside holds that would turn the direction of its line is shown, not obeyed. */
function shown(_name: string, value: unknown): unknown {
  return typeof value === "string" ? printable(value) : value;
}

function scoreText({ scores }: ResultsWatch, key: string): string {
  const score = scores.of(key);
  if (score === undefined) return "";
  const { benchmark, metric, split, value, declared } = score;
  return `${benchmark} ${split} ${metric} ${formatScore(value, declared?.unit)}`;
}
