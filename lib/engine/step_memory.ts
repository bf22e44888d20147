/**
 * How many rows fit into a device's memory at once: where a whole batch does not, it goes
 * through the model in smaller parts, in training and in what is measured and predicted.
 *
 * What is found follows from the program and the device's limit, never from what else happens
 * to run, so that a training that goes on finds the same again.
 */
import { counted, formatBytes } from "../base/count.ts";
import { ExperimentError } from "../base/errors.ts";

/** What a step, or a pass that trains nothing, takes of a device's memory, and what that has. */
export interface StepMemory {
  /** The most at any time, all that is resident counted; Infinity where even the compiler gave up. */
  readonly needBytes: number;
  /** Of it what is there whatever the rows: the model, its moments, sums of gradients. */
  readonly stateBytes: number;
  /** What the device has to give. */
  readonly limitBytes: number;
}

/** The rows that fit, and what the rows that were asked for take. */
export interface Fitting {
  /** One of the sizes. */
  readonly rows: number;
  /** Where it is not the first: why. */
  readonly whole?: StepMemory;
}

/**
 * The rows that are computed at once: the first size, or where that takes too much the largest
 * of those that the memory of the ones before promises room for.
 *
 * @param sizes rows at once, falling, at least one
 * @param memoryOf what a step takes with a size; undefined where the device sets no limit
 * @param what what takes it, where that is no step
 * @throws ExperimentError "engine/memory" where not even the smallest fits
 */
export async function fittingRows(
  sizes: readonly number[],
  memoryOf: (rows: number) => Promise<StepMemory | undefined>,
  what: string = "a step",
): Promise<Fitting> {
  const [first] = sizes;
  if (first === undefined) throw new Error("there is no size to choose");
  let whole: StepMemory | undefined;
  for (let rows: number | undefined = first; rows !== undefined;) {
    const memory = await memoryOf(rows);
    if (memory === undefined || memory.needBytes <= memory.limitBytes) {
      return { rows, ...(whole === undefined ? {} : { whole }) };
    }
    whole ??= memory;
    const tried = rows;
    rows = nextSize(sizes, tried, memory);
    if (rows === undefined) throw noneFits(memory, { what, tried, fewest: sizes.at(-1)! });
  }
  throw new Error("a size was lost");
}

/** The largest smaller size that is likely to fit; the smallest is tried before giving up. */
function nextSize(
  sizes: readonly number[],
  tried: number,
  { needBytes, stateBytes, limitBytes }: StepMemory,
): number | undefined {
  const smaller = sizes.filter((each) => each < tried);
  if (stateBytes >= limitBytes) return undefined;
  const rowBytes = (needBytes - stateBytes) / tried;
  const most = Number.isFinite(rowBytes) ? (limitBytes - stateBytes) / rowBytes : tried / 2;
  return smaller.find((each) => each <= most) ?? smaller.at(-1);
}

/** Of a model that does not fit by itself no fewer rows were tried. */
function noneFits(
  { needBytes, stateBytes, limitBytes }: StepMemory,
  { what, tried, fewest }: {
    readonly what: string;
    readonly tried: number;
    readonly fewest: number;
  },
): ExperimentError {
  return new ExperimentError(
    "engine/memory",
    `${what} takes ${formatNeed(needBytes)} of the device's memory with ${
      counted(tried, "row")
    } at once` +
      `${tried === fewest ? ", the fewest there can be" : ""}; ` +
      `it has ${formatBytes(limitBytes)} to give`,
    {
      mend: stateBytes < limitBytes
        ? "lower the length of rows, or use a device with more memory"
        : `use a smaller model or a device with more memory: ${formatBytes(stateBytes)} are ` +
          "the model's own",
    },
  );
}

/** A need as people read it. */
export function formatNeed(needBytes: number): string {
  return Number.isFinite(needBytes) ? formatBytes(needBytes) : "more than can be told";
}
