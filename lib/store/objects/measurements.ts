/**
 * Measurements on disk: one JSON object a line, `{ step, name, split, value, standardError? }`.
 *
 * While a task runs they stand in its scratch folder, so a kill loses none that
 * was taken before the last checkpoint. A task that resumes measures some steps
 * again; the later line counts. In the artifact they stand sorted, each once.
 */
import { z } from "zod";
import { writeAllSync } from "../../base/files.ts";
import { looseNumber, writeLooseJson } from "../../base/json.ts";
import { compareText } from "../../base/order.ts";
import type { Measurement } from "../../base/measures.ts";
import { isPresent } from "./_files.ts";
import { storeFault } from "../faults.ts";

/** The name of the file, in a scratch folder and in an artifact. */
export const MEASUREMENTS_FILE = "measurements.jsonl";

const lineSchema: z.ZodType<Measurement> = z.object({
  step: z.number().int().nonnegative(),
  name: z.string(),
  split: z.string(),
  value: looseNumber,
  standardError: z.exactOptional(looseNumber),
});

/** The measurements of a running task, appended to as they come. */
export class MeasurementLog {
  readonly #file: Deno.FsFile;
  readonly #path: string;

  private constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /**
   * Opens the log in a task's scratch folder; what an earlier attempt wrote stays.
   *
   * @throws ExperimentError "store/disk-full", "store/io"
   */
  static async open(scratchDir: string): Promise<MeasurementLog> {
    const path = `${scratchDir}/${MEASUREMENTS_FILE}`;
    try {
      // A kill can leave half a line: rewriting the whole ones starts a new line.
      if (await isPresent(path)) await writeLines(path, await readLines(path));
      return new MeasurementLog(await Deno.open(path, { append: true, create: true }), path);
    } catch (error) {
      throw storeFault(error, { doing: "keep measurements", path });
    }
  }

  /**
   * Adds a measurement; it outlives this process when the call returns.
   *
   * @throws ExperimentError "store/disk-full", "store/io"
   */
  append(measurement: Measurement): void {
    const bytes = new TextEncoder().encode(formatLine(measurement));
    try {
      writeAllSync(this.#file, bytes);
    } catch (error) {
      throw storeFault(error, { doing: "keep measurements", path: this.#path });
    }
  }

  /**
   * Writes the log to the artifact, sorted and each measurement once, and closes it.
   *
   * A task that never measured leaves no file.
   *
   * @throws ExperimentError "store/disk-full", "store/io"
   */
  async finish(outDir: string): Promise<void> {
    this.#file.close();
    const path = `${outDir}/${MEASUREMENTS_FILE}`;
    try {
      const measurements = await readLines(this.#path);
      if (measurements.length === 0) return;
      await writeLines(path, measurements);
    } catch (error) {
      throw storeFault(error, { doing: "write measurements", path });
    }
  }

  /** Closes the log without writing it anywhere else; the next attempt goes on with it. */
  close(): void {
    this.#file.close();
  }
}

/**
 * The measurements in a folder, sorted by step, name and split; none without a file.
 *
 * @throws ExperimentError "store/io"
 */
export async function readMeasurements(dir: string): Promise<Measurement[]> {
  const path = `${dir}/${MEASUREMENTS_FILE}`;
  try {
    return await isPresent(path) ? await readLines(path) : [];
  } catch (error) {
    throw storeFault(error, { doing: "read measurements", path });
  }
}

/** The last of each (step, name, split), sorted. */
async function readLines(path: string): Promise<Measurement[]> {
  const byPlace = new Map<string, Measurement>();
  for (const line of (await Deno.readTextFile(path)).split("\n")) {
    const measurement = parseLine(line);
    if (measurement === undefined) continue;
    byPlace.set(`${measurement.step}\0${measurement.name}\0${measurement.split}`, measurement);
  }
  return [...byPlace.values()].sort((a, b) =>
    a.step - b.step || compareText(a.name, b.name) || compareText(a.split, b.split)
  );
}

/** A whole line's measurement; undefined for one that a kill cut off. */
function parseLine(line: string): Measurement | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function formatLine(measurement: Measurement): string {
  const { step, name, split, value, standardError } = measurement;
  return `${writeLooseJson({ step, name, split, value, standardError })}\n`;
}

/** Replaces a file in one go, so that a kill meanwhile leaves the old one whole. */
async function writeLines(path: string, lines: readonly Measurement[]): Promise<void> {
  const fresh = `${path}.new`;
  await Deno.writeTextFile(fresh, lines.map(formatLine).join(""));
  await Deno.rename(fresh, path);
}
