/**
 * One WebAssembly memory and typed views of it.
 *
 * ONNX Runtime reads and writes the views, kernels the addresses. It never grows,
 * so that views stay valid.
 */
import { formatBytes } from "../../../base/count.ts";
import { ExperimentError } from "../../../base/errors.ts";
import type { Tensor } from "../../engine.ts";
import type { DType } from "../../ir/graph.ts";

const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;

/** The most that one memory can hold: its addresses have 32 bits. */
export const MAX_BYTES = MAX_PAGES * PAGE_BYTES;

/**
 * Allocates memory.
 *
 * @param purpose what it is for, as "a training step of 1.2 million parameters"
 * @throws ExperimentError "engine/memory" when it exceeds 4 GiB or what the system gives
 */
export function allocate(bytes: number, purpose: string): WebAssembly.Memory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  const needs = `${purpose} needs ${formatBytes(bytes)} of memory`;
  if (pages > MAX_PAGES) {
    const most = formatBytes(MAX_PAGES * PAGE_BYTES);
    throw new ExperimentError("engine/memory", `${needs}; the CPU engine can hold ${most}`, {
      mend: "choose a smaller model or fewer tokens a step",
    });
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    throw new ExperimentError("engine/memory", `${needs}, which the system does not give`, {
      mend: "choose a smaller model, fewer tokens a step, or run fewer tasks at once",
      cause,
    });
  }
}

/** A view of `size` elements at an address. */
export function view(
  memory: WebAssembly.Memory,
  options: { readonly dtype: DType; readonly address: number; readonly size: number },
): Tensor {
  const { dtype, address, size } = options;
  if (dtype === "f32") return new Float32Array(memory.buffer, address, size);
  if (dtype === "i32") return new Int32Array(memory.buffer, address, size);
  return new Uint8Array(memory.buffer, address, size);
}
