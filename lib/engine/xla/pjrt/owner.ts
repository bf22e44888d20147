/** What a client's buffers and programs know of it. */
import type { PjrtApi } from "./api.ts";

/** Whoever gives out buffers and programs, and counts them. */
export interface Owner {
  /** The functions that free them. */
  readonly api: PjrtApi;
  /** How many are there that have not been freed. */
  readonly live: { buffers: number; executables: number };
}
