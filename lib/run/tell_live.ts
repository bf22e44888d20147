/**
 * What a run tells those who watch it: the tracker's events, as the records of its live
 * folder, with the losses of trainings thinned to curves. Tasks are named by the keys under which
 * they stand in the plan, also those that get another in the course of the run.
 */
import { placeOf } from "../graph/plan.ts";
import { Seeds } from "../graph/seeds.ts";
import type { Curve, LiveNow, LivePlan, LiveRequest } from "../store/live/records.ts";
import { LiveWriter } from "../store/live/writer.ts";
import { CurveThinner } from "./curve_thinner.ts";
import type { Progress, TrackedTask } from "./events.ts";
import { labelOf, type Study } from "./study.ts";
import type { RunningTask, TimeLeft, Tracker } from "./tracker.ts";

/** What a run is, beside its study. */
export interface LiveOptions {
  /** Its id, process and command line. */
  readonly about: Pick<LivePlan, "run" | "startedAt" | "argv" | "process">;
  /** How many tasks it does at once. */
  readonly jobs: number;
  /** Keeps track of it. */
  readonly tracker: Tracker;
  /** Given what a person asks of it. */
  readonly onRequest: (request: LiveRequest) => void;
}

/** Points that are kept of a curve. */
const CURVE_POINTS = 120;

/** How long a forecast of the whole run is good for: it looks at every task. */
const FORECAST_FOR_MS = 5000;

/** Tells what happens until the writer is closed; undefined where it cannot be written. */
export async function tellLive(
  study: Study,
  options: LiveOptions,
): Promise<LiveWriter | undefined> {
  const { tracker, onRequest } = options;
  const curves = new Map<TrackedTask, GrowingCurve>();
  const phases = new Map<TrackedTask, string>();
  const writer = await LiveWriter.open(study.folder.live, planOf(study, options), {
    now: nowTeller(tracker, curves),
    states: () => [...tracker.tasks.values()].map(({ state }) => state),
    onRequest,
    onWarning: (message) => tracker.warn(message),
  });
  if (writer === undefined) return undefined;
  const note = (task: TrackedTask | undefined, text: string, isWarning = false) => {
    const key = task && placeOf(task.planned);
    writer.tell({ type: "note", atMs: Date.now(), key, isWarning, text });
  };
  tracker.listen((event) => {
    const { task, type } = event;
    if (type === "state") tellState(writer, task, curves);
    else if (type === "warning") note(task, event.message, true);
    else if (type === "waiting") note(task, `waits for ${event.holder}, which computes the same`);
    else if (type === "started") note(task, `attempt ${event.attempt} begins`);
    else if (type === "progress") {
      const { phase, unit, total } = event;
      const text = phase ?? `${total} ${unit}`;
      if (phases.get(task) !== text) note(task, text);
      phases.set(task, text);
      grow(curves, task, event);
    }
  });
  return writer;
}

function planOf(
  { filing, graph, plan, options }: Study,
  { about, jobs }: LiveOptions,
): Omit<LivePlan, "version"> {
  const seeds = new Seeds(graph);
  return {
    ...about,
    experiment: filing.experiment,
    variant: filing.variant,
    cwd: Deno.cwd(),
    jobs,
    device: options.device,
    tasks: [...plan.tasks.values()].map(({ task, state }) => ({
      key: task.key,
      kind: task.kind,
      label: labelOf(task),
      cells: [...task.cells],
      seed: seeds.of(task.key),
      state: state === "run" ? "waiting" : state,
    })),
  };
}

function tellState(
  writer: LiveWriter,
  task: TrackedTask,
  curves: Map<TrackedTask, GrowingCurve>,
): void {
  const { planned, state, elapsedMs, faults, because, isCancelled } = task, key = placeOf(planned);
  const curve = curves.get(task);
  if (curve !== undefined && state !== "running") {
    curves.delete(task);
    writer.tell({ type: "curve", key, curve: curveOf(curve) });
  }
  writer.tell({
    type: "state",
    atMs: Date.now(),
    key,
    artifact: planned.stoodAs === undefined ? undefined : planned.task.key,
    state,
    elapsedMs,
    faults: faults?.map((each) => ({ ...each })),
    because: because && placeOf(because.planned),
    isCancelled,
  });
}

/** The loss of a task so far, in the phase that is on. */
interface GrowingCurve extends Pick<Curve, "phase" | "total" | "unit"> {
  readonly thinner: CurveThinner;
}

function grow(
  curves: Map<TrackedTask, GrowingCurve>,
  task: TrackedTask,
  { phase, done, total, unit, lossNats }: Progress,
): void {
  if (lossNats === undefined || !Number.isFinite(lossNats)) return;
  let curve = curves.get(task);
  if (curve === undefined || curve.phase !== phase) {
    curve = { phase, total, unit, thinner: new CurveThinner(CURVE_POINTS) };
    curves.set(task, curve);
  }
  curve.thinner.add(done, lossNats);
}

function curveOf({ thinner, ...known }: GrowingCurve): Curve {
  // Four digits are more than a page can show.
  const points = thinner.points.map(([done, loss]): [number, number] => [
    done,
    Number(loss.toPrecision(5)),
  ]);
  return { ...known, points };
}

/** Tells what runs, and now and then how much longer all of it will take. */
function nowTeller(
  tracker: Tracker,
  curves: ReadonlyMap<TrackedTask, GrowingCurve>,
): () => LiveNow {
  let left: TimeLeft | undefined;
  let askedAtMs = -Infinity;
  return () => {
    const { elapsedMs, running } = tracker.snapshot();
    if (elapsedMs - askedAtMs >= FORECAST_FOR_MS) {
      left = tracker.timeLeft();
      askedAtMs = elapsedMs;
    }
    return {
      atMs: Date.now(),
      elapsedMs,
      left,
      running: running.map((each) => runningOf(each, curves.get(each.task))),
    };
  };
}

function runningOf(
  { task, elapsedMs, leftMs }: RunningTask,
  curve: GrowingCurve | undefined,
): LiveNow["running"][number] {
  const { planned, waitsFor, progress } = task;
  const { phase, done, total, unit, lossNats, tokensPerSecond } = progress ?? {};
  return {
    key: placeOf(planned),
    elapsedMs,
    waitsFor,
    phase,
    done,
    total,
    unit,
    leftMs,
    lossNats,
    tokensPerSecond,
    curve: curve === undefined ? undefined : curveOf(curve),
  };
}
