/** Tells what a task is doing, so that a display never stands still without a word. */
import type { TaskContext } from "../../graph/task.ts";

/** The phases of a task, one after the other. */
export class Phases {
  readonly #emit: TaskContext<unknown>["emit"];
  #phase = "";
  #total = 1;
  #unit = "parts";

  /** Tells nothing yet. */
  constructor(emit: TaskContext<unknown>["emit"]) {
    this.#emit = emit;
  }

  /** Begins a phase; without a total it is told when it begins and when the next one does. */
  begin(phase: string, counted: { readonly total: number; readonly unit: string } = ONE): void {
    this.end();
    this.#phase = phase;
    this.#total = counted.total;
    this.#unit = counted.unit;
    this.reach(0);
  }

  /** So much of the phase is done. */
  reach(done: number): void {
    const [phase, total, unit] = [this.#phase, this.#total, this.#unit];
    this.#emit({ type: "progress", phase, done, total, unit });
  }

  /** Ends the phase that was begun, if any. */
  end(): void {
    if (this.#phase !== "") this.reach(this.#total);
    this.#phase = "";
  }
}

const ONE = { total: 1, unit: "parts" } as const;

/** Emits what a generator yields and returns what it returns. */
export async function drain<Event, Result>(
  source: AsyncGenerator<Event, Result>,
  emit: (event: Event) => void,
): Promise<Result> {
  for (;;) {
    const { done, value } = await source.next();
    if (done === true) return value;
    emit(value);
  }
}
