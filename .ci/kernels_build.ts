/**
 * Compiles kernels.wat to kernels_wasm.ts, which holds the bytes as text.
 *
 * Run after each change of kernels.wat; a test fails where the bytes are stale:
 *
 *     deno run --allow-read --allow-write --allow-env .ci/kernels_build.ts
 */
import wabt from "wabt";

const SOURCE = new URL("../lib/engine/onnx/kernels/kernels.wat", import.meta.url);
const TARGET = new URL("../lib/engine/onnx/kernels/kernels_wasm.ts", import.meta.url);

/** The text that kernels_wasm.ts should have. */
export async function compiledKernels(): Promise<string> {
  const { parseWat } = await wabt();
  const features = { simd: true, relaxed_simd: true, bulk_memory: true };
  const module = parseWat("kernels.wat", await Deno.readTextFile(SOURCE), features);
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  const lines = buffer.toBase64().match(/.{1,96}/g) ?? [];
  return [
    "/** kernels.wat compiled by .ci/kernels_build.ts: base64 of WebAssembly. */",
    "export const KERNELS_WASM: string = `",
    ...lines,
    "`;",
    "",
  ].join("\n");
}

if (import.meta.main) await Deno.writeTextFile(TARGET, await compiledKernels());
