/** Numbers, durations and counts as people read them. Pure text. */
import { grouped } from "../../base/count.ts";

/** A number with at most four significant digits and no trailing zeros: "0.1235", "12.35", "54000". */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "-∞" : "?";
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || magnitude < 1e-3) return value === 0 ? "0" : value.toPrecision(3);
  return String(Number(value.toPrecision(4)));
}

/** A number with a fixed number of digits after the point, for columns. */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  const text = value.toFixed(digits);
  // A tiny negative number rounds to "-0.000".
  return Number(text) === 0 ? (0).toFixed(digits) : text;
}

/** A count with all its digits, 12,345, up to a thousand million, above with four: 1.235e+15. */
export function formatExact(value: number): string {
  return value < 1e9 ? grouped(Math.ceil(value)) : value.toExponential(3);
}

/** A duration: "850 ms", "12.3 s", "4 min 05 s", "2 h 03 min". */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const pad = (value: number) => String(value).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** How long something is past, in one unit: "5 s", "12 min", "3 h", "4 days". */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
