/**
 * The work of run.sh: parts that each have a budget of time, a table of what they found.
 *
 * A part is a process of its own, so that it has the GPU's memory for itself and can be ended. One
 * that fails or takes too long is told, and the rest goes on; so is what is not installed.
 */
import { parseArgs } from "node:util";
import { BERT_PRESETS, type BertPreset } from "../../lib/model/config.ts";
import { formatBytes } from "../../lib/base/count.ts";
import { ABLATION, argumentsOf, BIOBERT_SMALL, type Corner } from "./corners.ts";
import type { Options } from "./measure.ts";
import { VOCABULARY } from "./real_step.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    device: { type: "string", default: "cuda" },
    small: { type: "boolean", default: false },
    minutes: { type: "string", default: "10" },
    out: { type: "string", default: "gpu-results" },
    data: { type: "string" },
    parts: { type: "string", default: "" },
  },
});
const { device, small, out } = values, isAsked = new RegExp(values.parts);
const HERE = import.meta.dirname!, ROOT = `${HERE}/../..`;
const PYTHON = Deno.env.get("TITRATE_PYTHON") ?? "";
// Half a minute is left for the table and for what ends slowly.
const endMs = performance.now() + (60 * Number(values.minutes) - 30) * 1000;
Deno.mkdirSync(out, { recursive: true });
const work = Deno.makeTempDirSync({ dir: out, prefix: "work-" });

/** A part that was over: what it found, or why it found nothing. */
interface Outcome {
  readonly part: string;
  readonly seconds: number;
  readonly found?: Record<string, unknown>;
  readonly why?: string;
  /** Whether nothing went wrong: what it needs is not there. */
  readonly isAbsent?: boolean;
}

/** A part. */
interface Part {
  readonly name: string;
  readonly budgetS: number;
  /** Whether it only adds to what others tell: it waits for them, and may be left out. */
  readonly isExtra?: true;
  readonly run: (budgetMs: number) => Promise<Record<string, unknown>>;
}

class Absent extends Error {}

const DENO_FLAGS = ["--no-prompt", "--frozen", "--no-check", "--allow-read", "--allow-write"];

/** Runs a program to its end, or for so long; its whole output. */
async function call(
  program: string,
  args: readonly string[],
  { budgetMs, env = {} }: { readonly budgetMs: number; readonly env?: Record<string, string> },
): Promise<string> {
  const seconds = Math.ceil(budgetMs / 1000);
  // It ends what the program started as well, such as the compilers of torch.compile.
  const { code, stdout, stderr } = await new Deno.Command("timeout", {
    args: ["--kill-after=15", String(seconds), program, ...args],
    cwd: ROOT,
    env: { XLA_PYTHON_CLIENT_PREALLOCATE: "false", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [told, errors] = [stdout, stderr].map((each) => new TextDecoder().decode(each));
  if (code === 124 || code === 137) throw new Error(`over its ${seconds} s; ${tailOf(errors!)}`);
  if (code !== 0) throw new Error(`exit code ${code}: ${tailOf(`${told}\n${errors}`)}`);
  return told!;
}

function tailOf(text: string): string {
  return text.trim().split("\n").slice(-3).join(" / ").slice(-400);
}

function lastJson(text: string): Record<string, unknown> {
  return JSON.parse(text.trim().split("\n").at(-1)!);
}

const script = (name: string, args: readonly string[], budgetMs: number) =>
  call(Deno.execPath(), [
    ...["run", ...DENO_FLAGS, "--allow-env", "--allow-ffi", "--allow-sys"],
    ...[`${HERE}/${name}`, ...args],
  ], { budgetMs });

async function needPython(modules: readonly string[], budgetMs: number): Promise<void> {
  if (PYTHON === "") throw new Absent("there is no python3");
  const looks =
    "import sys, importlib.util as u; print([m for m in sys.argv[1:] if not u.find_spec(m)])";
  const missing = (await call(PYTHON, ["-c", looks, ...modules], { budgetMs })).trim();
  if (missing !== "[]") throw new Absent(`that Python has not ${missing}`);
}

interface Step {
  readonly name: string;
  readonly preset: BertPreset;
  readonly rows: number;
  readonly length: number;
  readonly dropout: number;
  readonly budgetS: number;
}

const STEPS: readonly Step[] = small
  ? [
    { name: "pico-16", preset: "bert-pico", rows: 8, length: 16, dropout: 0.1, budgetS: 150 },
    { name: "tiny-32", preset: "bert-tiny", rows: 4, length: 32, dropout: 0, budgetS: 150 },
  ]
  : [
    { name: "base-128", preset: "bert-base", rows: 256, length: 128, dropout: 0.1, budgetS: 110 },
    { name: "base-512", preset: "bert-base", rows: 64, length: 512, dropout: 0, budgetS: 100 },
    { name: "large-128", preset: "bert-large", rows: 128, length: 128, dropout: 0.1, budgetS: 120 },
  ];
const STEPS_TIMED = small ? 5 : 20;
const vocabSize = small ? 512 : VOCABULARY;

function measured(step: Step): Part {
  return {
    name: `titrate ${step.name}`,
    budgetS: step.budgetS,
    async run(budgetMs) {
      const options: Options = {
        ...step,
        device,
        steps: STEPS_TIMED,
        vocabSize,
        productSize: small ? 256 : 8192,
        textTo: `${Deno.realPathSync(work)}/${step.name}`,
      };
      return lastJson(await script("measure.ts", [JSON.stringify(options)], budgetMs));
    },
  };
}

function torch(step: Step, mode: "eager" | "compile"): Part {
  return {
    name: `torch ${mode} ${step.name}`,
    budgetS: small ? 150 : mode === "eager" ? 45 : 0.8 * step.budgetS,
    async run(budgetMs) {
      await needPython(["torch", "transformers"], budgetMs);
      const { layers, hiddenSize: hidden, heads, intermediateSize: inner } =
        BERT_PRESETS[step.preset];
      const options = { ...step, mode, layers, hidden, heads, inner };
      const args = { ...options, vocabulary: vocabSize, steps: STEPS_TIMED };
      // Threads that wait for each other take all of a machine that others use.
      const env = device === "cuda" ? {} : { CUDA_VISIBLE_DEVICES: "", OMP_NUM_THREADS: "1" };
      const given = [`${HERE}/torch_bert.py`, JSON.stringify(args)];
      return lastJson(await call(PYTHON, given, { budgetMs, env }));
    },
  };
}

function jax(step: Step): Part {
  return {
    name: `jax ${step.name}`,
    budgetS: small ? 150 : 0.8 * step.budgetS,
    async run(budgetMs) {
      await needPython(["jax"], budgetMs);
      const env = device === "cuda" ? {} : { JAX_PLATFORMS: "cpu" };
      const stem = `${Deno.realPathSync(work)}/${step.name}`;
      if (!isThere(`${stem}.mlir`)) {
        throw new Error(
          `it runs the text that "titrate ${step.name}" leaves, and that is not there`,
        );
      }
      return lastJson(await call(PYTHON, [`${HERE}/jax_step.py`, stem], { budgetMs, env }));
    },
  };
}

/** How far the losses may be from the CPU's; twenty steps of rounding, then of bfloat16. */
const NEAR = { float32: 2e-3, bfloat16: 0.1 } as const;

function correct(precision: keyof typeof NEAR): Part {
  return {
    name: `correct ${precision}`,
    budgetS: small ? 150 : 60,
    async run(budgetMs) {
      const kept = `${HERE}/trajectory.json`;
      const expected = await Deno.readTextFile(kept).then(
        (text) => JSON.parse(text),
        async () => lastJson(await script("trajectory.ts", ["cpu"], budgetMs)),
      );
      const name = `${device}:precision=${precision}`;
      const { losses } = lastJson(await script("trajectory.ts", [name], budgetMs));
      const off = (losses as number[]).map((loss, i) => Math.abs(loss - expected.losses[i]));
      const worst = Math.max(...off);
      if (!(worst <= NEAR[precision])) {
        throw new Error(`losses of 20 steps are off the CPU's by ${worst}`);
      }
      return { steps: off.length, largestDifference: worst, allowed: NEAR[precision] };
    },
  };
}

const RIGHTS = [
  ...["--no-prompt", "--frozen", "--allow-read", "--allow-ffi"],
  ...["--allow-env=LD_LIBRARY_PATH,DYLD_LIBRARY_PATH,DYLD_FALLBACK_LIBRARY_PATH", "--ignore-env"],
];

function study(name: string, asked: Corner, env: () => Record<string, string>): Part {
  return {
    name: `study ${name}`,
    budgetS: small ? 450 : 75,
    async run(budgetMs) {
      const variables = env(), results = `${Deno.realPathSync(work)}/${name}`;
      const run = (command: readonly string[]) =>
        call(Deno.execPath(), ["run", ...RIGHTS, "main.ts", ...command], {
          budgetMs,
          env: variables,
        });
      const started = performance.now();
      // What was done of a study that took too long is told all the same.
      const given = [...argumentsOf(asked), "--device", device, "--results", results];
      const late = await run(["run", ...given]).then(() => undefined, (error: Error) => error);
      const runS = (performance.now() - started) / 1000;
      const select = ["sql", "--format", "json", "--results", results];
      const scores = await run([
        ...select,
        "SELECT stage, metric, split, round(avg(value), 4) AS mean, count(*) AS cells FROM results " +
        "WHERE metric IN ('f1', 'lossNats') GROUP BY ALL ORDER BY ALL",
      ]);
      const found = JSON.parse(scores);
      if (late !== undefined && found.length === 0) throw late;
      return { runS, scores: found, ...late === undefined ? {} : { unfinished: late.message } };
    },
  };
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function dataFolder(): Record<string, string> {
  const folders = [values.data, Deno.env.get("TITRATE_DATA"), `${ROOT}/shared/data`];
  const all = [...folders, `${ROOT}/../shared/data`, `${ROOT}/data`];
  const model = "models/minilm-l6-h384-uncased/model.safetensors";
  const folder = all.find((each) => each !== undefined && isThere(`${each}/${model}`));
  if (folder !== undefined) return { TITRATE_DATA: Deno.realPathSync(folder) };
  throw new Absent("no folder of data is there: give --data or TITRATE_DATA");
}

const ablation = study("ablation", ABLATION(small), () => ({}));
const corner = study("biobert_small", BIOBERT_SMALL(small), dataFolder);

const [first, ...others] = STEPS as [Step, ...Step[]];
const EXTRAS = [
  ...others.map((each) => torch(each, "eager")),
  ...others.map((each) => torch(each, "compile")),
  ...others.map(jax),
].map((each) => ({ ...each, isExtra: true as const }));
const PARTS: readonly Part[] = [
  correct("float32"),
  measured(first),
  torch(first, "eager"),
  torch(first, "compile"),
  jax(first),
  ablation,
  ...others.map(measured),
  corner,
  correct("bfloat16"),
  ...EXTRAS,
];

const outcomes: Outcome[] = [];
for (const { name, budgetS, isExtra, run } of PARTS.filter(({ name }) => isAsked.test(name))) {
  const startMs = performance.now(), budgetMs = Math.min(1000 * budgetS, endMs - startMs);
  const over = () => ({ part: name, seconds: (performance.now() - startMs) / 1000 });
  try {
    if (budgetMs < (isExtra ? 500 * budgetS : 5000)) {
      const why = "no time was left for it";
      throw isExtra ? new Absent(why) : new Error(why);
    }
    const found = await run(budgetMs), { unfinished: why } = found;
    outcomes.push({ ...over(), found, ...typeof why === "string" ? { why } : {} });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    outcomes.push({ ...over(), why, isAbsent: error instanceof Absent });
  }
  const { found, why, seconds } = outcomes.at(-1)!;
  const told = found === undefined ? why! : JSON.stringify(found).slice(0, 300);
  Deno.stderr.writeSync(
    new TextEncoder().encode(`${name} (${seconds.toFixed(0)} s): ${told}\n`),
  );
}

/** Dense bfloat16 products of NVIDIA's data sheets, by what a device calls itself. */
const PEAKS: readonly (readonly [RegExp, number])[] = [
  [/H100 PCIe/, 756e12],
  [/H100|H200/, 989e12],
  [/A100/, 312e12],
];

const text = tableOf();
Deno.writeTextFileSync(`${out}/results.md`, text);
Deno.writeTextFileSync(`${out}/results.json`, `${JSON.stringify(report(), null, 2)}\n`);
Deno.stdout.writeSync(new TextEncoder().encode(text));
Deno.removeSync(work, { recursive: true });
Deno.exit(outcomes.every(({ why, isAbsent }) => why === undefined || isAbsent) ? 0 : 1);

function report() {
  const date = new Date().toISOString().slice(0, 10);
  return { date, device, small, deno: Deno.version.deno, kind: kindOf(), outcomes };
}

function kindOf(): string {
  const found = outcomes.find(({ found }) => typeof found?.["kind"] === "string")?.found;
  return String(found?.["kind"] ?? "unknown");
}

function tableOf(): string {
  const peak = PEAKS.find(([name]) => name.test(kindOf()))?.[1];
  const speeds = outcomes.flatMap(({ part, found }) => {
    if (found?.["tokensPerSecond"] === undefined) return [];
    const number = (name: string) => found[name] as number | undefined;
    const flops = number("flopsPerSecond"), products = number("productFlopsPerSecond");
    const share = (of: number | undefined) =>
      flops === undefined || of === undefined ? "" : `${(100 * flops / of).toFixed(1)} %`;
    const bytes = (name: string) => number(name) === undefined ? "" : formatBytes(number(name)!);
    const step = STEPS.find(({ name }) => part.endsWith(name))!;
    return [[
      part,
      `${step.rows} x ${step.length}`,
      Math.round(number("tokensPerSecond")!),
      share(peak),
      share(products),
      number("stepMs")!.toFixed(1),
      number("firstStepS")!.toFixed(1),
      bytes("predictedBytes"),
      bytes("peakBytes"),
      found["versions"] ?? "",
    ]];
  });
  const checks = outcomes.flatMap(({ part, found }) =>
    found?.["largestDifference"] === undefined
      ? []
      : [[part, found["steps"], (found["largestDifference"] as number).toExponential(1)]]
  );
  const studies = outcomes.flatMap(({ part, found }) =>
    (found?.["scores"] as Record<string, unknown>[] | undefined ?? []).map((row) => [
      ...[part, (found!["runS"] as number).toFixed(0)],
      ...[row["stage"], row["metric"], row["split"], row["mean"], row["cells"]],
    ])
  );
  const missing = outcomes.flatMap(({ part, why, seconds }) =>
    why === undefined ? [] : [[part, seconds.toFixed(0), why.replaceAll("|", "/")]]
  );
  const { date, deno, kind } = report();
  return [
    `# Titrate on ${kind}${small ? ", tiny shapes" : ""}\n`,
    `${date}, Deno ${deno}, device \`${device}\`; made by \`tests/gpu/run.sh\`.\n`,
    table(
      "step, batch, tokens/s, of peak, of own products, ms, first step s, predicted, peak, by",
      speeds,
    ),
    table("losses beside the CPU's, steps, largest difference", checks),
    table("study, seconds, stage, metric, split, mean, cells", studies),
    table("not found out or not finished, seconds, why", missing),
  ].join("\n");
}

function table(head: string, rows: readonly (readonly unknown[])[]): string {
  if (rows.length === 0) return "";
  const names = head.split(", ");
  const lines = [names, names.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}
