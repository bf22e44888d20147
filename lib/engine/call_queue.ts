/**
 * Lets calls take effect one after the other, in the order in which they are made.
 *
 * An engine that computes on one memory keeps by it what `engine.ts` promises of
 * calls that overlap.
 */

/** Calls that wait for one another. */
export class CallQueue {
  #last: Promise<unknown> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  /** Does a call once those before it are over; what it throws stops no other. */
  run<Result>(call: () => Result | Promise<Result>): Promise<Result> {
    return this.runAnyway(() => {
      if (this.#failure !== undefined) throw this.#failure.error;
      return call();
    });
  }

  /**
   * Does a call in two parts: what `take` throws stops no other call, what `compute` throws
   * leaves nothing to go on with, so that all later calls of `run` reject with it.
   */
  runInTwo<Taken, Result>(
    { take, compute }: {
      readonly take: () => Taken | Promise<Taken>;
      readonly compute: (taken: Taken) => Promise<Result>;
    },
  ): Promise<Result> {
    return this.run(async () => {
      const taken = await take();
      try {
        return await compute(taken);
      } catch (error) {
        this.fail(error);
        throw error;
      }
    });
  }

  /** Says that nothing is left to go on with: all later calls of `run` reject with it. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Does a call in its turn even after a failure: to free what is held. */
  runAnyway<Result>(call: () => Result | Promise<Result>): Promise<Result> {
    const result = this.#last.then(call);
    this.#last = result.catch(() => {});
    return result;
  }
}
