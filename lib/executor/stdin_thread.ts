/**
 * Reads a worker's standard input on a thread of its own, line by line.
 *
 * When the driver is gone the input ends. The main thread then leaves at once,
 * but a task may keep it busy for minutes; this thread waits a little and ends
 * the process from outside, so that no driver leaves an orphan behind.
 */
/// <reference lib="deno.worker" />
import { readLines } from "./protocol.ts";

const GRACE_MS = 1000;

/** The C library by operating system; elsewhere the main thread leaves when it can. */
const LIBRARIES: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.dylib",
};

for await (const line of readLines(Deno.stdin.readable)) self.postMessage(line);
self.postMessage(null);
await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
const library = LIBRARIES[Deno.build.os];
if (library !== undefined) {
  const { symbols } = Deno.dlopen(library, { _exit: { parameters: ["i32"], result: "void" } });
  symbols._exit(1);
}
