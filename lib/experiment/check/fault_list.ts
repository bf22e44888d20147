/**
 * Collects the faults of a spec, each once, and sorts them by place.
 *
 * Checks of a stage run at every cell; what is wrong at all of them stands at
 * one place in the file and is said once.
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
  /** What to write instead. */
  readonly mend: string;
  /** Faults of one code, place and subject are one; the message if absent. */
  readonly subject?: string;
}

/** The faults found so far. */
export class FaultList {
  readonly #faults = new Map<string, Fault>();

  /** How many there are. */
  get size(): number {
    return this.#faults.size;
  }

  /** Adds a fault, unless it is there already. */
  add(code: ErrorCode, message: string, options: SpecFaultOptions): void {
    const { at, mend, subject = message } = options;
    const id = `${code} ${formatPosition(at)} ${subject}`;
    if (!this.#faults.has(id)) this.#faults.set(id, fault(code, message, { at, mend }));
  }

  /** All faults by place; those of `firstFile` first, then by name of the file. */
  sorted(firstFile: string): readonly Fault[] {
    const rank = (each: Fault) => (each.at?.file === firstFile ? 0 : 1);
    return [...this.#faults.values()].sort((a, b) =>
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
    if (this.size > 0) throw ExperimentError.of(this.sorted(firstFile));
  }
}
