/** What running a plan will take: time and disk, as far as what ran before tells. */
import { ExperimentError } from "../base/errors.ts";
import { durationOf, Forecast } from "../graph/forecast.ts";
import { deviceLimitOf, type Study } from "./study.ts";

/** What is left to run of a study, in time and room. */
export interface Prospect {
  /** How long it takes with so many tasks at once. */
  readonly wallMs: number;
  /** Of all tasks one after the other. */
  readonly workMs: number;
  /** How many tasks run at once. */
  readonly slots: number;
  /** Of `workMs`, what follows from the spec's assumed speed alone. */
  readonly assumedMs: number;
  /** What the artifacts will take on disk. */
  readonly bytes: number;
  /** Of `bytes`, what follows from the kinds' own estimates alone. */
  readonly estimatedBytes: number;
  /** Kinds of tasks of whose duration nothing is known, and how many there are. */
  readonly unknownTime: ReadonlyMap<string, number>;
  /** The same for the size of their artifacts. */
  readonly unknownBytes: ReadonlyMap<string, number>;
}

/** What is known of how long tasks take on the study's device; nothing before the first run. */
export async function forecastOf({ plan, options, folder }: Study): Promise<Forecast> {
  const running = [...plan.tasks.values()].filter(({ state }) => state === "run");
  const kinds = [...new Set(running.map(({ task }) => task.kind))];
  if (kinds.length === 0) return new Forecast();
  // DuckDB takes a while to load, and where all is cached nothing is asked.
  const { readDurations } = await import("../store/database/durations.ts");
  try {
    return new Forecast(await readDurations(folder.database, { device: options.device, kinds }));
  } catch (error) {
    // No database yet, or none that can be read: a forecast is worth no failure.
    if (error instanceof ExperimentError) return new Forecast();
    throw error;
  }
}

/** What the tasks that a plan runs will take; they are known by what ran before. */
export function prospectOf(study: Study, forecast: Forecast, slots: number): Prospect {
  const running = [...study.plan.tasks.values()].filter(({ state }) => state === "run");
  const unknownTime = new Map<string, number>(), unknownBytes = new Map<string, number>();
  const count = (kinds: Map<string, number>, kind: string) =>
    void kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  let bytes = 0, estimatedBytes = 0, assumedMs = 0;
  for (const { task: { kind }, bytes: estimated } of running) {
    const size = forecast.bytesOf(kind, estimated);
    if (size === undefined && estimated === undefined) count(unknownBytes, kind);
    if (size === undefined) estimatedBytes += estimated ?? 0;
    bytes += size ?? estimated ?? 0;
  }
  const flopsPerSecond = study.experiment.assume?.flopsPerSecond;
  const { wallMs, workMs } = durationOf(running, {
    slots,
    device: deviceLimitOf(study),
    msOf: ({ task: { kind }, cost, bytes }) => {
      const ms = forecast.msOf(kind, cost, bytes);
      if (ms !== undefined) return ms;
      if (flopsPerSecond !== undefined && cost.flops > 0) {
        const assumed = 1000 * cost.flops / flopsPerSecond;
        assumedMs += assumed;
        return assumed;
      }
      count(unknownTime, kind);
      return undefined;
    },
  });
  return { wallMs, workMs, assumedMs, slots, bytes, estimatedBytes, unknownTime, unknownBytes };
}
