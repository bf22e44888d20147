/** How a running task reads as a line of text, whether this process runs it or another. */
import { formatCount } from "../../base/count.ts";
import { formatDuration, formatNumber } from "../../report/text/format.ts";

/** A running task, as far as it is told. */
export interface ShownTask {
  /** As a person would name it. */
  readonly label: string;
  /** Another run that computes it, in words. */
  readonly waitsFor?: string | undefined;
  /** How far it has come; absent before it told anything. */
  readonly progress?: {
    /** What it does, where it does several things. */
    readonly phase?: string | undefined;
    /** How many units are done, of the phase. */
    readonly done: number;
    /** How many there will be. */
    readonly total: number;
    /** What is counted. */
    readonly unit: string;
    /** As of the last progress. */
    readonly lossNats?: number | undefined;
    /** As of the last progress. */
    readonly tokensPerSecond?: number | undefined;
  } | undefined;
  /** Since it started. */
  readonly elapsedMs: number;
  /** Since it began what it does just now. */
  readonly phaseMs?: number | undefined;
  /** To the end of what it does just now. */
  readonly leftMs?: number | undefined;
}

/** A running task in a line: what it does, how far it has come, how long it will take. */
export function taskLine(
  { label, waitsFor, progress, elapsedMs, phaseMs, leftMs }: ShownTask,
): string {
  if (waitsFor !== undefined) return `${label}  waits for ${waitsFor}`;
  if (progress === undefined) return `${label}  starting, ${formatDuration(elapsedMs)}`;
  const { phase, done, total, unit, lossNats, tokensPerSecond } = progress;
  const what = unit === "steps" ? `step ${done}/${total}` : `${done}/${total} ${unit}`;
  // Of a phase that is not counted there is nothing to tell but its name, and since when.
  const isCounted = phase === undefined || total > 1;
  const parts = isCounted
    ? [phase === undefined ? what : `${phase} ${what}`]
    : [phase, formatDuration(phaseMs ?? elapsedMs)];
  if (lossNats !== undefined) parts.push(`loss ${formatNumber(lossNats)}`);
  if (tokensPerSecond !== undefined) parts.push(`${formatCount(tokensPerSecond)} tokens/s`);
  if (leftMs !== undefined) parts.push(`${formatDuration(leftMs)} left`);
  return `${label}  ${parts.join(", ")}`;
}
