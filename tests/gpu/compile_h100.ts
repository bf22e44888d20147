/**
 * Compiles real training steps for an H100 with the real CUDA plugin, on a machine without a
 * GPU, and says what became of them. Run by hand; its output is kept in `results/`.
 *
 *     deno run --allow-read --allow-write --allow-env --allow-ffi tests/gpu/compile_h100.ts PLUGIN [SETUP...]
 *
 * PLUGIN is xla_cuda_plugin.so, beside which NVIDIA's ptxas lies (../../nvidia/cuda_nvcc). What
 * it compiles is not what a GPU should run for speed: nothing is tuned without a device, and
 * products are library calls. It shows memory, aliasing and the types of products.
 */
import { formatBytes } from "../../lib/base/count.ts";
import { needOf } from "../../lib/engine/xla/memory.ts";
import { openPlugin } from "../../lib/engine/xla/pjrt/plugin.ts";
import { emitTrainingStep } from "../../lib/engine/xla/stablehlo/training_step.ts";
import process from "node:process";
import { readHlo } from "./hlo.ts";
import { compileFor } from "./topology.ts";
import { programOf, type RealStep, VOCABULARY } from "./real_step.ts";

const SETUPS: Readonly<Record<string, RealStep>> = {
  "base-128": { preset: "bert-base", rows: 256, length: 128, dropout: 0.1 },
  "base-512": { preset: "bert-base", rows: 64, length: 512, dropout: 0.1 },
  "base-512-no-dropout": { preset: "bert-base", rows: 64, length: 512, dropout: 0 },
  "large-128": { preset: "bert-large", rows: 128, length: 128, dropout: 0.1 },
  "base-128-on-8": {
    preset: "bert-base",
    rows: 32,
    length: 128,
    dropout: 0.1,
    replicas: 8,
  },
};

const FLAGS = { xla_gpu_autotune_level: "0", xla_gpu_enable_triton_gemm: "False" };

const [path, ...names] = Deno.args;
if (path === undefined) throw new Error("give the path of xla_cuda_plugin.so");
const dump = Deno.makeTempDirSync({ prefix: "titrate-hlo-" });
// Read by XLA when it is loaded: the optimised program as text.
Deno.env.set("XLA_FLAGS", `--xla_dump_to=${dump} --xla_dump_hlo_as_text`);
Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "3");
const plugin = openPlugin(path);
const target = Deno.readTextFileSync(new URL("h100.txtpb", import.meta.url));

// deno-lint-ignore no-console
const print = console.log;
const { version: { major, minor } } = plugin.api;
const [cuda, stablehlo] = ["cuda_version", "stablehlo_current_version"].map((each) =>
  [plugin.attributes.get(each)].flat().join(".")
);
print(
  `${new Date().toISOString().slice(0, 10)}, Deno ${Deno.version.deno}, PJRT ${major}.${minor}, ` +
    `CUDA ${cuda}, StableHLO ${stablehlo}; vocabulary of ${VOCABULARY} pieces, 15 % of pieces predicted\n\n` +
    "| step | batch | state donated / aliased | arguments | temporary | peak | cuBLAS calls | " +
    "cuDNN calls | products not in bfloat16 | all-reduces | text | emitted | compiled, wall (CPU) |\n" +
    `|${" --- |".repeat(13)}`,
);
for (const name of names.length > 0 ? names : Object.keys(SETUPS)) {
  const setup = SETUPS[name];
  if (setup === undefined) throw new Error(`there is no setup "${name}"`);
  print(await row(name, setup));
}
Deno.removeSync(dump, { recursive: true });

async function row(name: string, setup: RealStep) {
  const { rows, length, replicas = 1 } = setup;
  const emitting = performance.now();
  const options = { precision: "bfloat16", platform: "cuda", replicas } as const;
  const module = emitTrainingStep(programOf(setup), options);
  const { text, inputs } = module;
  const emittedMs = performance.now() - emitting;
  const cpu = process.cpuUsage(), start = performance.now();
  const executable = await compileFor(plugin, { target, devices: replicas }, {
    text,
    options: { replicas, flags: FLAGS },
  });
  const wallS = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const memory = executable.memory();
  executable.dispose();
  const hlo = readHlo(optimisedText());
  const donated = inputs.filter(({ donatedTo }) => donatedTo !== undefined).length;
  return [
    name,
    `${rows} x ${length}${replicas === 1 ? "" : ` on each of ${replicas}`}`,
    `${donated} / ${hlo.aliases}`,
    ...[memory.argumentBytes, memory.temporaryBytes, needOf(memory)].map(formatBytes),
    hlo.cublas,
    hlo.cudnn,
    hlo.otherProducts,
    hlo.allReduces,
    `${Math.round(text.length / 1000)} kB`,
    `${Math.round(emittedMs)} ms`,
    `${wallS.toFixed(0)} s (${((user + system) / 1e6).toFixed(0)} s)`,
  ].join(" | ").replace(/^/, "| ").concat(" |");
}

/** The newest dump of a program after all optimisation. */
function optimisedText(): string {
  const files = [...Deno.readDirSync(dump)].map(({ name }) => name)
    .filter((name) => name.endsWith("gpu_after_optimizations.txt")).sort();
  const text = Deno.readTextFileSync(`${dump}/${files.at(-1)}`);
  for (const { name } of Deno.readDirSync(dump)) Deno.removeSync(`${dump}/${name}`);
  return text;
}
