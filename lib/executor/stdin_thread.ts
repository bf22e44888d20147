/**
 * Reads a worker's standard input on a thread of its own, line by line.
 *
 * When the driver is gone the input ends. The main thread then leaves at once,
 * but a task may keep it busy for minutes; this thread waits a little and ends
 * the process from outside, so that no driver leaves an orphan behind.
 */
/// <reference lib="deno.worker" />
import { exitNow } from "../base/process.ts";
import { messageLines } from "./protocol.ts";

const GRACE_MS = 1000;

for await (const line of messageLines(Deno.stdin.readable)) self.postMessage(line);
self.postMessage(null);
await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
exitNow(1);
