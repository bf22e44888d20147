/**
 * What went wrong in a plugin, as an error that says what to do about it.
 *
 * A plugin's own words are kept: they name the line of the program, the library that is
 * missing, the bytes that did not fit.
 */
import { type ErrorCode, ExperimentError } from "../../../base/errors.ts";

/** The interface's own error codes, by number. */
const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** A failure as the plugin tells it. */
export interface Failure {
  /** The function that told it, such as "Client_Create". */
  readonly from: string;
  /** The name of its code, such as "RESOURCE_EXHAUSTED". */
  readonly code: string;
  /** The plugin's words. */
  readonly message: string;
}

/** The name of a code. */
export function codeName(code: number): string {
  return CODES[code] ?? `code ${code}`;
}

interface Meaning {
  /** Whether a failure is of this kind. */
  readonly fits: (failure: Failure) => boolean;
  /** The code it is told under. */
  readonly code: ErrorCode;
  /** What happened, before the plugin's words. */
  readonly what: string;
  /** What to do about it. */
  readonly mend: string;
}

/** The kinds of failures, the first that fits counts; the last fits all. */
const MEANINGS: readonly Meaning[] = [
  {
    fits: ({ code, message }) => code === "RESOURCE_EXHAUSTED" || /out of memory/i.test(message),
    code: "engine/memory",
    what: "the device's memory is full",
    mend: "lower the rows of a batch, or see whether another program holds the device's memory",
  },
  {
    fits: ({ message }) => /driver version is insufficient|driver.*too old/i.test(message),
    code: "engine/gpu-driver",
    what: "the GPU's driver is older than the plugin needs",
    mend: 'update the driver, or use a plugin for an older CUDA; "nvidia-smi" tells both versions',
  },
  {
    fits: ({ from, message }) =>
      from === "Client_Create" && /no visible gpu|no cuda-capable|no gpu|no device/i.test(message),
    code: "engine/no-gpu",
    what: "the plugin sees no GPU on this machine",
    mend: 'see what "nvidia-smi" says and whether CUDA_VISIBLE_DEVICES hides it, ' +
      'or use the device "cpu"',
  },
  {
    fits: ({ message }) =>
      /could not (open|load|find).*\.so|cannot open shared object|dso|ptx compilation provider/i
        .test(message),
    code: "engine/library-missing",
    what: "the plugin lacks one of NVIDIA's libraries",
    mend: "install the library beside the plugin, or name its folder in LD_LIBRARY_PATH",
  },
  {
    fits: ({ from, code }) => from === "Client_Create" && code !== "INVALID_ARGUMENT",
    code: "engine/device-busy",
    what: "the plugin could not take the device",
    mend: "see whether another program uses the device, and run again",
  },
  {
    fits: () => true,
    code: "engine/xla",
    what: "the plugin failed",
    mend: 'run again on the device "cpu"; if it goes well there, report these words',
  },
];

/** So much of a plugin's words is shown: it may name every folder where a library is not. */
const MOST_WORDS = 1000;

/** The error of a failure. */
export function errorOf(failure: Failure): ExperimentError {
  const { code, what, mend } = MEANINGS.find(({ fits }) => fits(failure))!;
  const whole = failure.message.trim();
  const words = whole.length <= MOST_WORDS ? whole : `${whole.slice(0, MOST_WORDS)} ...`;
  return new ExperimentError(
    code,
    `${what}: ${words} (PJRT_${failure.from}, ${failure.code})`,
    { mend, cause: failure },
  );
}

/** The plugin's failure behind an error; undefined where it is another error. */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof ExperimentError)) return undefined;
  const cause = error.cause as Failure | undefined;
  return typeof cause?.from === "string" && typeof cause.code === "string" ? cause : undefined;
}
