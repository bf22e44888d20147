/**
 * The record that stands in every artifact as `artifact.json`: what made it, what
 * it says of itself, the digest of each of its files, and its own.
 */
import { z } from "zod";
import type { JsonObject } from "../../base/canonical.ts";
import { ExperimentError } from "../../base/errors.ts";
import { looseNumber } from "../../base/json.ts";
import { FACT_NAMES, type Facts } from "../../base/facts.ts";
import type { InputRef, TaskOutcome } from "../../graph/task.ts";
import { sealJson, unsealJson } from "../sealed_json.ts";

/** The name of the record in an artifact's folder. */
export const RECORD_FILE = "artifact.json";

/** The format that this version writes; counted up when the record's meaning changes. */
export const RECORD_FORMAT = 2;

/** A file of an artifact. */
export interface RecordedFile {
  /** Relative to the artifact's folder, with "/" between names. */
  readonly path: string;
  /** Its size. */
  readonly bytes: number;
  /** The digest of its content, 64 hexadecimal digits. */
  readonly sha256: string;
  /** When it was last written, in milliseconds since 1970: while that stays, so does the content. */
  readonly modifiedMs: number;
}

/** What whoever commits an artifact says of it; the store adds the rest of its record. */
export interface NewArtifact {
  /** The kind of the task, such as "pretrain". */
  readonly kind: string;
  /** The version of the kind. */
  readonly version: number;
  /** Complete params, defaults filled in. */
  readonly params: JsonObject;
  /** By role. */
  readonly inputs: Readonly<Record<string, readonly InputRef[]>>;
  /** What the task says of its artifact. */
  readonly outcome: TaskOutcome;
  /** The hash of the kind's module graph. */
  readonly code: string;
  /** The device of the run, such as "cpu". */
  readonly device: string;
  /** The engine that computed its numbers, such as "onnx-cpu"; absent where none did. */
  readonly engine?: string;
  /**
   * Floating-point operations a second of plain matrix products on that device, with the
   * threads that it had; absent where nothing was trained.
   */
  readonly productRate?: number;
  /** The artifact that its training went on from, and the step at which that stands. */
  readonly start?: { readonly key: string; readonly step: number };
  /** When the attempt began, ISO 8601 in UTC. */
  readonly startedAt: string;
  /** How long the attempt took. */
  readonly elapsedMs: number;
}

/** Everything that is recorded of an artifact. */
export interface ArtifactRecord extends NewArtifact {
  /** `RECORD_FORMAT` of the version that wrote it. */
  readonly format: number;
  /** The key of the task that made it. */
  readonly key: string;
  /** Which attempt at the key made it, counted from 1. */
  readonly attempt: number;
  /** Every file but the record itself, sorted by path. */
  readonly files: readonly RecordedFile[];
}

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();
/** Fits a column of the database. */
const smallCount = count.max(2 ** 31 - 1);

const factsSchema: z.ZodType<Facts> = z.strictObject(
  Object.fromEntries(FACT_NAMES.map((name) => [name, z.exactOptional(looseNumber)])),
);

/** The files of a sealed folder as they are recorded. */
export const filesSchema: z.ZodType<readonly RecordedFile[]> = z.array(z.strictObject({
  path: z.string().refine(isSafePath, "leads out of the artifact"),
  bytes: count,
  sha256: digest,
  modifiedMs: z.number(),
}));

const recordSchema = z.strictObject({
  format: z.literal(RECORD_FORMAT),
  key: digest,
  kind: z.string().min(1),
  version: smallCount,
  params: z.record(z.string(), z.json()),
  inputs: z.record(z.string(), z.array(z.strictObject({ key: digest, output: z.string() }))),
  outcome: z.strictObject({
    facts: factsSchema,
    scores: z.array(z.strictObject({
      benchmark: z.string(),
      metric: z.string(),
      split: z.string(),
      value: looseNumber,
      standardError: z.exactOptional(looseNumber),
    })),
    canGoOn: z.exactOptional(z.boolean()),
    hasModel: z.exactOptional(z.boolean()),
    chosen: z.exactOptional(z.strictObject({
      key: digest,
      kind: z.string(),
      recipe: z.record(z.string(), z.json()),
      params: z.record(z.string(), z.json()),
    })),
  }),
  code: z.string(),
  device: z.string(),
  engine: z.exactOptional(z.string()),
  productRate: z.exactOptional(z.number().positive()),
  start: z.exactOptional(z.strictObject({ key: digest, step: count })),
  attempt: smallCount,
  startedAt: z.iso.datetime(),
  elapsedMs: z.number().nonnegative(),
  files: filesSchema,
});

/** The result of reading a record: the record, or why it is none. */
export type ParsedRecord =
  | { readonly record: ArtifactRecord }
  | { readonly damage: string };

/**
 * Reads the text of a record that stands at `path` and must be of `key`.
 *
 * @throws ExperimentError "store/newer-format" when a newer version wrote it
 */
export function parseRecord(
  text: string,
  { path, key }: { path: string; key: string },
): ParsedRecord {
  const unsealed = unsealJson(text);
  const format = "damage" in unsealed ? formatOf(text) : formatIn(unsealed.value);
  if (format !== undefined && format > RECORD_FORMAT) {
    throw new ExperimentError(
      "store/newer-format",
      `cannot read an artifact of format ${format}, this version knows ${RECORD_FORMAT}`,
      { at: { file: path }, mend: "use the newer version of Titrate, or another results folder" },
    );
  }
  if (format !== undefined && format < RECORD_FORMAT) {
    return { damage: `its record is of format ${format}, this version needs ${RECORD_FORMAT}` };
  }
  if ("damage" in unsealed) return { damage: `its record ${unsealed.damage}` };
  const result = recordSchema.safeParse(unsealed.value);
  if (!result.success) {
    const [issue] = result.error.issues;
    return { damage: `its record is wrong at "${issue?.path.join(".") ?? ""}": ${issue?.message}` };
  }
  if (result.data.key !== key) return { damage: `its record is of the key ${result.data.key}` };
  return { record: result.data };
}

/** The format of a text whose digest is missing or wrong, if it is JSON at all. */
function formatOf(text: string): number | undefined {
  try {
    return formatIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function formatIn(value: unknown): number | undefined {
  const format = (value as { format?: unknown } | null)?.format;
  return typeof format === "number" ? format : undefined;
}

/**
 * The text of a record, as `parseRecord` reads it back.
 *
 * @throws Error when the record would not be read back as it is, which is a bug
 *   of the task that gave it
 */
export function formatRecord(record: ArtifactRecord): string {
  const text = sealJson(record);
  const parsed = parseRecord(text, { path: RECORD_FILE, key: record.key });
  if ("damage" in parsed) throw new Error(`cannot record an artifact: ${parsed.damage}`);
  return text;
}

/** Whether a recorded path stays inside its artifact, whatever the system. */
export function isSafePath(path: string): boolean {
  return path.isWellFormed() && !/[\\\0]|^[A-Za-z]:/.test(path) &&
    path.split("/").every((name) => name !== "" && name !== "." && name !== "..");
}
