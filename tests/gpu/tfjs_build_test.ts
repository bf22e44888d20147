/**
 * The device tfjs-node-gpu for real: its package built by the command that a person builds it with,
 * and a study trained on it beside the device cpu. No GPU is needed: TensorFlow is let to do without.
 *
 * TITRATE_TFJS_BUILD names the folder to build below, once: 0.6 GB to download, 2.1 GB on the disk.
 * Where it does not, the study is trained with the package that TITRATE_TFJS_NODE_GPU names. Without
 * either, and where tools or room are missing, tests show as ignored.
 */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { ExperimentError } from "../../lib/base/errors.ts";
import { FOLDER_VARIABLE, INSIST_VARIABLE } from "../../lib/engine/tfjs/node_gpu.ts";
import {
  checkTfjsRoom,
  findBash,
  isTfjsInstalled,
  tfjsFolder,
} from "../../lib/gpu/install_tfjs.ts";
import { type Finished, finished, titrate } from "../_support/titrate.ts";
import { type RunLine, TinyStudy } from "../cli/tiny_study.ts";
import { assertClose } from "../engine/check_case.ts";

/** What stands for the user's cache; undefined where nothing can be built in it. */
const CACHE = cacheToBuildIn();

/** The package that was built before. */
const NAMED = Deno.env.get(FOLDER_VARIABLE) || undefined;

const STEPS = 20;

function cacheToBuildIn(): string | undefined {
  const named = Deno.env.get("TITRATE_TFJS_BUILD") ?? "";
  if (named === "") return undefined;
  const cache = resolve(named), titrateCache = `${cache}/titrate`;
  try {
    findBash(Deno.env.get("PATH") ?? "");
    if (!isTfjsInstalled(titrateCache)) checkTfjsRoom(titrateCache, { withoutCuda: true });
    return cache;
  } catch (error) {
    if (error instanceof ExperimentError) return undefined;
    throw error;
  }
}

/** The variables of a person who built it, and says so by none but that of the cache. */
const WITH_CACHE = { XDG_CACHE_HOME: CACHE ?? "", [FOLDER_VARIABLE]: "", [INSIST_VARIABLE]: "1" };

function call(...args: string[]): Promise<Finished> {
  return finished(titrate(args, { cwd: Deno.cwd(), env: WITH_CACHE }).spawn());
}

let built: Promise<Finished> | undefined;

/** Builds the package; once, whatever tests are chosen. */
function build(): Promise<Finished> {
  built ??= call("gpu", "install", "--tfjs", "--without-cuda", "--yes");
  return built;
}

Deno.test({
  name: "tfjs-node-gpu: gpu install --tfjs builds the real binding, the device loads it",
  ignore: CACHE === undefined,
  async fn() {
    const { code, stdout, stderr } = await build();
    const titrateCache = `${CACHE}/titrate`;
    assert.deepEqual([code, stdout], [0, `${tfjsFolder(titrateCache)}\n`], stderr);
    assert.ok(isTfjsInstalled(titrateCache));
    const devices = await call("devices");
    assert.match(devices.stdout, /^tfjs-node-gpu +yes /m);
    const again = await call("gpu", "install", "--tfjs");
    assert.deepEqual([again.code, again.stdout], [0, stdout], again.stderr);
  },
});

Deno.test({
  name: "tfjs-node-gpu: a study trains bert-pico by the real package, with the losses of cpu",
  ignore: CACHE === undefined && NAMED === undefined,
  async fn() {
    if (CACHE !== undefined) assert.equal((await build()).code, 0);
    const env = CACHE === undefined ? { [INSIST_VARIABLE]: "1" } : WITH_CACHE;
    await using study = await TinyStudy.make();
    await study.edit("layers: 1, hiddenSize: 16, heads: 2", "preset: bert-pico");
    await study.edit("steps: [2, 4]", `steps: [${STEPS}]`);
    await study.edit("seed: [1, 2]", "seed: [1]");
    await study.edit("      rowPieces: 16", "      measureEvery: 1\n      rowPieces: 16");
    await study.run("--device", "cpu");

    const args = ["run", "study.yaml", "--json", "--device", "tfjs-node-gpu"];
    const { code, stdout, stderr } = await finished(
      titrate(args, { cwd: study.dir, env }).spawn(),
    );
    assert.equal(code, 0, stderr);
    const { tasks, variant }: RunLine = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    // Text, vocabulary, shards and entities are shared; what is trained is not.
    assert.deepEqual(tasks, { total: 6, cached: 4, ran: 2, failed: 0 });
    assert.equal(variant, "--device tfjs-node-gpu");

    const expected = await losses(study, "variant IS NULL");
    const actual = await losses(study, "variant IS NOT NULL");
    assert.deepEqual(actual.of, expected.of);
    // Of each step, of held-out text at its end and before the first, and of the fine-tuning.
    assert.equal(expected.of.length, 2 * STEPS + 2, `${expected.of}`);
    assertClose(actual.values, expected.values, { what: "losses", tolerance: 1e-5 });
  },
});

/** All losses that were measured in an experiment, in order, each with what it is of. */
async function losses(
  study: TinyStudy,
  which: string,
): Promise<{ of: string[]; values: number[] }> {
  const rows = await study.sql(
    `SELECT stage, step, split, value FROM curves JOIN experiments USING (experiment)
     WHERE curves.name = 'lossNats' AND ${which} ORDER BY ALL`,
  );
  return {
    of: rows.map(({ stage, step, split }) => `${stage} ${split} ${step}`),
    values: rows.map(({ value }) => value),
  };
}
