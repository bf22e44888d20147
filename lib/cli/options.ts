/** The options that `run`, `plan` and `explain` share, as the command line gives them. */
import { AUTO, chooseDevice } from "../engine/choose_device.ts";
import type { StudyOptions } from "../run/study.ts";
import { kinds } from "../tasks/registry.ts";

/** The repository's root, where deno.json stands. */
const ROOT = new URL("../../", import.meta.url);

/** Options that choose what of a spec is meant, and where results stand. */
export interface SpecOptions {
  /** Overrides, each `path=value`. */
  readonly set: readonly string[];
  /** Restrictions, each `axis=values`. */
  readonly only: readonly string[];
  /** What results are filed under, if not what follows from the rest. */
  readonly name?: string | undefined;
  /** The folder of results. */
  readonly results: string;
  /** Where numbers are computed: a name of `DEVICES` with its options, or "auto". */
  readonly device: string;
  /** Whether cached results of other code count as missing. */
  readonly strictCode: boolean;
}

/** The study that a call asks for, to be looked at; a run may write too. */
export async function studyOptions(
  spec: string,
  options: SpecOptions,
  print: (text: string) => void,
): Promise<StudyOptions> {
  const { set, only, name, results, strictCode } = options;
  const device = options.device === AUTO ? await chosen(spec, print) : options.device;
  return {
    kinds,
    worker: new URL("lib/tasks/worker.ts", ROOT),
    root: ROOT,
    spec,
    set,
    only,
    name,
    results,
    strictCode,
    device,
    isReadOnly: true,
    onWarning: (message) => print(`warning: ${message}`),
  };
}

/** The device that is chosen for a spec where the call leaves it open; tells which, and why. */
async function chosen(spec: string, print: (text: string) => void): Promise<string> {
  const gain = async () => {
    const { xlaGainOf } = await import("../run/xla_gain.ts");
    return await xlaGainOf(spec, { kinds });
  };
  const { device, why } = await chooseDevice({ gain });
  print(`device: ${device} (${why})`);
  return device;
}
