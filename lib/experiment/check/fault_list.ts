/**
 * Collects the faults of a spec, each once, and sorts them by place.
 *
 * Checks of a stage run at every cell; what is wrong at all of them stands at
 * one place in the file and is said once. Nobody mends thousands of faults at a
 * time, so that of very many the first are kept and the others counted.
 */
import {
  type ErrorCode,
  ExperimentError,
  type Fault,
  fault,
  formatPosition,
  type SourcePosition,
} from "../../base/errors.ts";
import { compareText } from "../../base/order.ts";

/** Where, how to mend, and what tells the fault from others of its code at the same place. */
export interface SpecFaultOptions {
  /** Where the fault is. */
  readonly at: SourcePosition;
  /** What to write instead; called only if the fault is new and kept. */
  readonly mend: string | (() => string);
  /** Faults of one code, place and subject are one; the message if absent. */
  readonly subject?: string;
}

/** Faults that are kept. */
const MAX_FAULTS = 200;

/** The faults found so far. */
export class FaultList {
  readonly #ids = new Set<string>();
  readonly #faults: Fault[] = [];

  /** How many there are, those that are only counted included. */
  get size(): number {
    return this.#ids.size;
  }

  /** Whether further faults are only counted, so that a check may end. */
  get isFull(): boolean {
    return this.#ids.size > MAX_FAULTS;
  }

  /** Adds a fault, unless it is there already. */
  add(code: ErrorCode, message: string, options: SpecFaultOptions): void {
    const { at, mend, subject = message } = options;
    const id = `${code} ${formatPosition(at)} ${subject}`;
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    if (this.#faults.length >= MAX_FAULTS) return;
    const how = typeof mend === "string" ? mend : mend();
    this.#faults.push(fault(code, message, { at, mend: how }));
  }

  /** All faults by place; those of `firstFile` first, then by name of the file. */
  sorted(firstFile: string): readonly Fault[] {
    const rank = (each: Fault) => (each.at?.file === firstFile ? 0 : 1);
    return this.#faults.toSorted((a, b) =>
      rank(a) - rank(b) || compareText(a.at?.file ?? "", b.at?.file ?? "") ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0)
    );
  }

  /**
   * Nothing when there is no fault.
   *
   * @throws ExperimentError that holds all faults
   */
  throwIfAny(firstFile: string): void {
    if (this.size === 0) return;
    const faults = this.sorted(firstFile);
    if (!this.isFull) throw ExperimentError.of(faults);
    throw ExperimentError.of([
      ...faults,
      fault("experiment/too-large", `there are more faults than these ${MAX_FAULTS}`, {
        at: { file: firstFile },
        mend: "mend these first",
      }),
    ]);
  }
}
