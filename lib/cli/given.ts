/** Options that several commands have, and how what is given for an option is read. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_RESULTS } from "../base/command.ts";
import { ExperimentError } from "../base/errors.ts";
import { AUTO } from "../engine/choose_device.ts";
import { canonicalDeviceName, DEFAULT_DEVICE, DEVICES } from "../engine/devices.ts";
import { DEFAULT_SPEC } from "./launch/call.ts";

/** A command of a spec, the default one where none is named. */
export function specCommand(program: Command, name: string, description: string): Command {
  return withSpecOptions(
    program.command(name).description(description)
      .argument("[spec]", "the experiment's YAML file", DEFAULT_SPEC),
  );
}

/** Options of all commands that open a study. */
export function withSpecOptions(command: Command): Command {
  return command
    .option("--set <path=value>", "override a value of the spec; may be repeated", collect, [])
    .option("--only <axis=values>", "keep only these cells; may be repeated", collect, [])
    .addOption(
      new Option(
        "--device <device>",
        `where numbers are computed: ${[...Object.keys(DEVICES), AUTO].join(", ")}; ` +
          "with options as in cuda:precision=float32,replicas=4",
      ).default(DEFAULT_DEVICE).argParser(readDevice),
    )
    .option(
      "--name <name>",
      "what results are filed under; the spec's name unless something is overridden",
      readName,
    )
    .option("--strict-code", "run cached tasks again whose code has changed", false)
    .addOption(resultsOption());
}

/** How many tasks at once. */
export function jobsOption(): Option {
  return new Option(
    "-j, --jobs <n>",
    "tasks at once; of those that compute on a device, no more than it takes",
  ).default(Math.max(1, navigator.hardwareConcurrency), "a core each").argParser(readCount);
}

/** The folder of results. */
export function resultsOption(): Option {
  return new Option("--results <folder>", "where artifacts and the database stand")
    .default(DEFAULT_RESULTS).argParser(readFolder);
}

/** A folder's path; an empty one, as of an unset variable, would stand for the root. */
export function readFolder(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("Give the path of a folder.");
  return text;
}

/** A file's path. */
export function readFile(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("Give the path of a file.");
  return text;
}

/** A device of the table under its one name, or the word that leaves the choice open. */
function readDevice(text: string): string {
  if (text === AUTO) return AUTO;
  try {
    return canonicalDeviceName(text);
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    const [{ message, mend }] = error.faults;
    throw new InvalidArgumentError(`${message}: ${mend}.`);
  }
}

/** A name in tables, in SQL and on command lines: nothing in it needs quotes. */
function readName(text: string): string {
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._+-]{0,99}$/u.test(text)) {
    throw new InvalidArgumentError("Give up to 100 letters, digits, dots, dashes, underscores.");
  }
  return text;
}

/** One more value of an option that may be repeated. */
export function collect(value: string, former: string[]): string[] {
  return [...former, value];
}

/** A port, 0 for one that is free. */
export function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError("Give a whole number from 0 to 65535.");
  }
  return port;
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new InvalidArgumentError("Give a whole number from 1 to 1024.");
  }
  return count;
}
