/** What a run tells, as rows of the database: the recorder as a listener of the tracker. */
import { isWaiting } from "../graph/plan.ts";
import type { Recorder } from "../store/database/recorder.ts";
import type { RunListener, TrackedTask } from "./events.ts";

/**
 * A listener that records states and measurements of a run's tasks.
 *
 * Done and cached tasks are recorded by their artifacts; a running one when its worker
 * has its key, since only then it is known which attempt it is.
 */
export function recordEvents(recorder: Recorder, run: string): RunListener {
  const record = ({ planned: { task }, state, attempt, faults }: TrackedTask) =>
    recorder.recordTask({
      run,
      key: task.key,
      kind: task.kind,
      state,
      attempt,
      faults,
    });
  return (event) => {
    if (event.type === "started") return record(event.task);
    if (event.type === "measurement") {
      const { task: { planned, attempt = 1 }, type: _, ...measurement } = event;
      return recorder.recordMeasurements(planned.task.key, {
        attempt,
        measurements: [measurement],
      });
    }
    if (event.type !== "state" || LEFT_TO_ARTIFACTS.has(event.task.state)) return;
    const { planned, state } = event.task;
    // It gets another key yet, unless it does not come to that.
    if (isWaiting(planned) && (state === "waiting" || state === "ready")) return;
    record(event.task);
  };
}

const LEFT_TO_ARTIFACTS: ReadonlySet<string> = new Set(["done", "cached", "unneeded", "running"]);
