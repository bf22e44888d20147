/** What of a spec XLA gains on, and that nothing a call leaves out changes the device. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { studyOptions } from "../../lib/cli/options.ts";
import { LEAST_GAINING_FLOPS } from "../../lib/engine/choose_device.ts";
import { xlaGainOf } from "../../lib/run/xla_gain.ts";
import { kinds } from "../../lib/tasks/registry.ts";
import { testOnCpuPlugin } from "../engine/xla/cpu_plugin.ts";
import { TempDir } from "../_support/temp_dir.ts";

const WORLD = `
stages:
  world: { uses: synthetic-world, with: { seed: 1 } }
  vocab: { uses: vocab, with: { corpora: [$(stages.world.general)], size: 512 } }
  shards: { uses: shards, with: { corpus: $(stages.world.general), vocab: $(stages.vocab) } }
`;

const PRETRAIN = `
  pretrain:
    uses: pretrain
    with:
      model: { preset: bert-pico, positions: 64 }
      corpus: $(stages.shards)
      steps: $(axis.steps)
      rowPieces: 16
      rows: 64
      dropout: $(axis.dropout)
      schedule: { kind: constant, learningRate: 2e-3 }
      seed: $(axis.seed)
`;

/** A study of trainings on made-up text. */
function specOf(
  { steps = "[1000]", dropout = "[0]", seed = "[1]", model = "", more = "" } = {},
): string {
  const axes = `axes: { steps: ${steps}, dropout: ${dropout}, seed: ${seed} }\n`;
  const pretrain = model === "" ? PRETRAIN : PRETRAIN.replace(/model: .*/, `model: ${model}`);
  return `about: a study\n${axes}${WORLD}${pretrain}${more}`;
}

async function gainOf(text: string) {
  using dir = new TempDir();
  return (await xlaGainOf(dir.file("spec.yaml", text), { kinds }))!;
}

Deno.test("xlaGainOf() counts narrow models, each training to its end once", async () => {
  const one = await gainOf(specOf());
  assert.equal(one.gainingFlops, one.flops);
  assert(one.flops > 0);
  // Points of one training cost what the last does.
  const points = await gainOf(specOf({ steps: "[250, 500, 1000]" }));
  assert(Math.abs(points.flops / one.flops - 1) < 1e-9);
  assert.equal((await gainOf(specOf({ seed: "[1, 2, 3]" }))).gainingFlops, 3 * one.flops);
  const both = await gainOf(specOf({ dropout: "[0, 0.1]" }));
  assert.deepEqual([both.gainingFlops, both.flops], [2 * one.flops, 2 * one.flops]);
  for (const model of ["{ preset: bert-tiny, positions: 64 }", "{ preset: bert-base }"]) {
    const { flops, gainingFlops } = await gainOf(specOf({ model }));
    assert(flops > one.flops);
    assert.equal(gainingFlops, 0);
  }
});

Deno.test("xlaGainOf() says nothing of a spec that cannot be read as it is written", async () => {
  assert.equal(await gainOf(specOf({ more: "  odd: { uses: nothing }\n" })), undefined);
});

const STEPS = [1_000, 400_000], SEEDS = [1, 2, 3];
const LARGE = { steps: `[${STEPS}]`, seed: `[${SEEDS}]` };

const someOf = (values: readonly number[]) => fc.subarray([...values], { minLength: 1 });

/** What calls leave out of the large study, or change of it. */
const CALLS = fc.record({
  only: fc.record({ steps: someOf(STEPS), seed: someOf(SEEDS) }, { requiredKeys: [] })
    .map((kept) => Object.entries(kept).map(([axis, values]) => `${axis}=${values}`)),
  set: fc.subarray([
    "axes.steps=[1000]",
    "axes.dropout=[0.1]",
    "stages.pretrain.with.model.preset=bert-mini",
  ]),
});

testOnCpuPlugin("--device auto is the same for any --only and --set", async () => {
  using dir = new TempDir();
  const large = dir.file("large.yaml", specOf(LARGE)), small = dir.file("small.yaml", specOf());
  const { flops } = (await xlaGainOf(large, { kinds }))!;
  assert(flops >= LEAST_GAINING_FLOPS);
  const results = `${dir.path}/results`, rest = { results, strictCode: false };
  const deviceFor = async (
    spec: string,
    call: { readonly only: string[]; readonly set: string[] },
  ) => (await studyOptions(spec, { ...rest, ...call, device: "auto" }, () => {})).device;
  await fc.assert(
    fc.asyncProperty(CALLS, async (call) => {
      assert.equal(await deviceFor(large, call), "xla-cpu");
      assert.equal(await deviceFor(small, call), "cpu");
    }),
    { numRuns: 10 },
  );
});
