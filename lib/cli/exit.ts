/** Exit codes of the command line. */

/** 0 done, 1 something failed, 2 the spec or the call is wrong, 130 interrupted, 70 a bug. */
export const EXIT = { done: 0, failed: 1, wrongCall: 2, bug: 70, interrupted: 130 } as const;
