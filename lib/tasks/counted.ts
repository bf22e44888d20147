/** Tells counts as measurements, by class or reason after a slash. */
import { type Count, nameOfCount } from "../benchmarks/counts.ts";
import type { TaskContext } from "../graph/task.ts";

/** Tells counts of a part at a step. */
export function tellCounts(
  emit: TaskContext<unknown>["emit"],
  { counts, split, step }: {
    readonly counts: readonly Count[];
    readonly split: string;
    readonly step: number;
  },
): void {
  for (const count of counts) {
    emit({ type: "measurement", step, split, name: nameOfCount(count), value: count.value });
  }
}
