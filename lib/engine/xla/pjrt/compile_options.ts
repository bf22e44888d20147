/**
 * Options of a compilation, as the message that XLA reads them from (CompileOptionsProto).
 *
 * Flags are XLA's own, each as text; an unknown name is refused by the plugin.
 */
import { Message } from "../../protobuf.ts";

/** What a compilation takes besides the program. */
export interface CompileOptions {
  /** How many devices run the program side by side; 1 if absent. */
  readonly replicas?: number;
  /** The ids of those devices; the plugin chooses if absent. */
  readonly devices?: readonly number[];
  /** XLA's flags without the dashes, such as xla_gpu_autotune_level. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** The message in its wire format; equal options give equal bytes. */
export function encodeCompileOptions(options: CompileOptions = {}): Uint8Array<ArrayBuffer> {
  const { replicas = 1, devices, flags = {} } = options;
  const build = new Message().int(4, replicas).int(5, 1);
  if (devices !== undefined) {
    const ids = new Message();
    for (const id of devices) ids.int(1, id);
    build.message(9, new Message().int(1, replicas).int(2, 1).message(3, ids));
  }
  const message = new Message().message(3, build);
  for (const name of Object.keys(flags).sort()) {
    const value = new Message().text(1, flags[name]!);
    message.message(7, new Message().text(1, name).message(2, value));
  }
  return new Uint8Array(message.encoded());
}
