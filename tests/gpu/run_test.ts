/**
 * The run for a machine with a GPU, as far as a CPU plugin goes: packed, in a folder of its own,
 * with an empty home and without a network where the system lets that be had.
 */
import assert from "node:assert/strict";
import { TempDir } from "../_support/temp_dir.ts";
import { loadExperiment } from "../../lib/experiment/experiment.ts";
import { kinds } from "../../lib/tasks/registry.ts";
import { testOnCpuPlugin } from "../engine/xla/cpu_plugin.ts";
import { ABLATION, BIOBERT_SMALL } from "./corners.ts";

const PACK = new URL("pack.sh", import.meta.url).pathname;

async function call(program: string, args: readonly string[], env?: Record<string, string>) {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    ...(env === undefined ? {} : { env, clearEnv: true }),
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

testOnCpuPlugin(
  "run.sh works from what pack.sh packs, without network, home or Deno",
  async (plugin) => {
    using dir = new TempDir();
    const packed = `${dir.path}/packed`, home = `${dir.path}/home`;
    await Deno.mkdir(home);
    const made = await call(PACK, ["--folder", packed]);
    assert.equal(made.code, 0, made.stderr);
    const isAlone = (await call("unshare", ["-n", "true"]).catch(() => ({ code: 1 }))).code === 0;
    const script = `${packed}/titrate/tests/gpu/run.sh`;
    const args = ["--device", "xla-cpu", "--small", "--minutes", "20", "--out", `${dir.path}/out`];
    const parts = ["--parts", "correct float32|titrate pico-16|study ablation"];
    const [program, before] = isAlone ? ["unshare", ["-n", script]] : [script, []];
    const run = await call(program, [...before, ...args, ...parts], {
      PATH: "/usr/bin:/bin",
      HOME: home,
      TITRATE_PJRT_PLUGIN: plugin,
    });
    assert.equal(run.code, 0, `${run.stdout}\n${run.stderr}`);
    assert.equal(await Deno.readTextFile(`${dir.path}/out/results.md`), run.stdout);
    assert.match(run.stdout, /^\| titrate pico-16 \| 8 x 16 \| \d+ \|/m);
    assert.match(run.stdout, /^\| correct float32 \| 20 \| \d/m);
    assert.match(run.stdout, /^\| study ablation \| \d+ \| ner \| f1 \| test \| [\d.]+ \| 1 \|$/m);
    const { outcomes } = JSON.parse(await Deno.readTextFile(`${dir.path}/out/results.json`));
    assert.deepEqual(outcomes.map(({ part }: { part: string }) => part), [
      "correct float32",
      "titrate pico-16",
      "study ablation",
    ]);
  },
);

Deno.test("run.sh's studies are of cells and params that their specs have", async () => {
  for (const corner of [ABLATION, BIOBERT_SMALL]) {
    for (const small of [false, true]) {
      const { spec, ...changes } = corner(small);
      const options = { ...changes, kinds, allowsNoFolders: true };
      const { requests } = await loadExperiment(spec, options);
      assert(requests.some(({ cell }) => cell.stage === "ner"), `${spec} ${small}`);
    }
  }
});

Deno.test("run.sh tells what is not there or takes too long, and goes on", async () => {
  using dir = new TempDir();
  const script = new URL("run.sh", import.meta.url).pathname;
  const given = ["--device", "xla-cpu", "--small", "--out", dir.path, "--minutes", "0.5"];
  const run = await call(script, [...given, "--parts", "jax|study"]);
  assert.equal(run.code, 1);
  assert.match(run.stdout, /^\| jax pico-16 \| 0 \| no time was left for it \|$/m);
  assert.match(run.stdout, /^\| study ablation \| 0 \| no time was left for it \|$/m);
  // What only adds to that makes no run fail.
  const extra = await call(script, [...given, "--parts", "(jax|torch compile) tiny-32"]);
  assert.equal(extra.code, 0, extra.stderr);
  for (const name of ["torch compile tiny-32", "jax tiny-32"]) {
    assert.match(
      extra.stdout,
      new RegExp(`^\\| ${name} \\| 0 \\| no time was left for it \\|$`, "m"),
    );
  }
});
