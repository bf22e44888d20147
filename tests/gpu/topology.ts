/**
 * Devices that are only described: a program can be compiled for them on a machine that has
 * none, to see that it compiles, what memory it takes and what becomes of it.
 */
import {
  type CompileOptions,
  encodeCompileOptions,
} from "../../lib/engine/xla/pjrt/compile_options.ts";
import { PjrtExecutable } from "../../lib/engine/xla/pjrt/executable.ts";
import { writeNamedValues } from "../../lib/engine/xla/pjrt/named_values.ts";
import type { Plugin } from "../../lib/engine/xla/pjrt/plugin.ts";
import { programOf } from "../../lib/engine/xla/pjrt/program.ts";

/** What is described. */
export interface Described {
  /** The GPU, as the text of XLA's GpuTargetConfigProto. */
  readonly target: string;
  /** How many there are, in one machine. */
  readonly devices: number;
}

/**
 * Compiles a program for devices that are not there; free it with `dispose`.
 *
 * @param text StableHLO
 * @throws ExperimentError with the compiler's words
 */
export async function compileFor(
  { api }: Plugin,
  { target, devices }: Described,
  { text, options = {} }: { readonly text: string; readonly options?: CompileOptions },
): Promise<PjrtExecutable> {
  const values = writeNamedValues({ target_config: target, topology: `1x1x${devices}` });
  const described = api.call("TopologyDescription_Create", {
    createOptions: values,
    numOptions: values.count,
  });
  const topology = described.address("topology");
  try {
    const compileOptions = encodeCompileOptions(options);
    const made = await api.callElsewhere("Compile", {
      topology,
      program: programOf(text),
      compileOptions,
      compileOptionsSize: compileOptions.length,
    });
    return new PjrtExecutable(api, made.address("executable"));
  } finally {
    api.call("TopologyDescription_Destroy", { topology });
  }
}
