/**
 * What files are said to hold, so that a plan can be made and costed where they are not there.
 *
 * It is no part of a key and changes no result: where the files are, they are what counts, and a
 * declaration that differs from them is told.
 */
import { grouped } from "../base/count.ts";
import { z } from "zod";
import type { TaskContext } from "../graph/task.ts";

const ABOUT = "What the files hold, so that `plan` can cost the spec where they are not there; a " +
  "run needs them, and no result depends on it.";

/** Rows of the training part. */
export const declaredRows: z.ZodOptional<z.ZodObject<{ train: z.ZodInt }, z.core.$strict>> = z
  .strictObject({
    train: z.int().min(1).describe("Rows to train on."),
  }).optional().describe(ABOUT);

/** Words of a corpus. */
export const declaredWords: z.ZodOptional<z.ZodObject<{ words: z.ZodInt }, z.core.$strict>> = z
  .strictObject({
    words: z.int().min(1).describe("Words of all sources."),
  }).optional().describe(ABOUT);

/** Whether params say what files hold. */
export function isDeclared({ declared }: { readonly declared?: unknown }): boolean {
  return declared !== undefined;
}

/** Tells a declaration that is not what the files hold. */
export function warnOfDeclared(
  emit: TaskContext<unknown>["emit"],
  { declared, found, what }: {
    readonly declared: number | undefined;
    readonly found: number;
    readonly what: string;
  },
): void {
  if (declared === undefined || declared === found) return;
  emit({
    type: "warning",
    message: `declared are ${grouped(declared)} ${what}, but there are ${grouped(found)}`,
  });
}
