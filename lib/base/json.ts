/**
 * JSON with the numbers that it lacks: NaN and the infinities are written as words, and
 * read back as what they were. A training that diverges is recorded so too.
 */
import { z } from "zod";

const WORDS = ["NaN", "Infinity", "-Infinity"] as const;

/** A number that may have been written as a word. */
export const looseNumber: z.ZodType<number, unknown> = z.union([
  z.number(),
  z.enum(WORDS).transform(Number),
]);

/** The JSON text of a value, as `JSON.stringify` writes it but for such numbers. */
export function writeLooseJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replaceNonFinite, indent);
}

/** What `writeLooseJson` wrote; texts that are such words become numbers, too. */
export function readLooseJson(text: string): unknown {
  return JSON.parse(text, (_name, value) => WORDS.includes(value) ? Number(value) : value);
}

function replaceNonFinite(_name: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
