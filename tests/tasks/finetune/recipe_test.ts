/** Fine-tuning in micro-batches, with frozen layers, and with a learning rate that falls by layer. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256File } from "../../../lib/base/digest.ts";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import type { StoredArtifact } from "../../../lib/graph/task.ts";
import { SafetensorsFile } from "../../../lib/model/weights/safetensors.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import { pretrain } from "../../../lib/tasks/pretrain/kind.ts";
import { testOnEachDevice } from "../../engine/each_device.ts";
import { type MadeOptions, makeDir, makeShards, runKind } from "../made_inputs.ts";
import { toyPairs, writePairs } from "./toy_benchmarks.ts";

const ROOT = makeDir();
const MODEL = (await runKind(pretrain, {
  params: {
    model: { layers: 2, hiddenSize: 16, heads: 2, positions: 32, initializerRange: 0.1 },
    steps: 0,
    rowPieces: 16,
    schedule: { kind: "constant", learningRate: 1 },
  },
  inputs: { corpus: [await makeShards(join(ROOT, "shards"), { train: 500, validation: 500 })] },
})).artifact;
const DIR = makeDir();
await writePairs(DIR);
const PAIRS: StoredArtifact = { key: DIR, dir: DIR, facts: {} };
const kind = finetuning(toyPairs);
const PARAMS = { rows: 12, length: 16, steps: 6, learningRate: 5e-3, dropout: 0 };

const run = (params = {}, more: Partial<MadeOptions> = {}) =>
  runKind(kind, {
    params: { ...PARAMS, ...params },
    inputs: { model: [MODEL], data: [PAIRS] },
    ...more,
  });

/** The weights in a model's folder. */
async function weightsIn(dir: string): Promise<ReadonlyMap<string, Float32Array>> {
  using file = await SafetensorsFile.open(join(dir, "model.safetensors"));
  const weights = new Map<string, Float32Array>();
  for (const each of file.entries.keys()) weights.set(each, await file.read(each));
  return weights;
}

type Made = Awaited<ReturnType<typeof run>>;

const tuned = ({ artifact }: { readonly artifact: StoredArtifact }) =>
  weightsIn(join(artifact.dir, "model"));

testOnEachDevice(
  "fine-tuning in micro-batches is nearly that of whole batches, and the same twice",
  async (_, device) => {
    // One update, before its last digits are amplified by the next ones.
    const params = { steps: 1, optimizer: { epsilon: 1 }, dropout: 0.2 };
    const whole = await tuned(await run(params, { device }));
    for (const microBatch of [1, 4]) {
      const first = await run({ ...params, microBatch }, { device });
      const second = await run({ ...params, microBatch }, { device });
      const digest = ({ artifact }: typeof first) =>
        sha256File(join(artifact.dir, "model", "model.safetensors"));
      assert.equal(await digest(first), await digest(second));
      for (const [name, values] of await tuned(first)) {
        values.forEach((value, i) => {
          assert(Math.abs(value - whole.get(name)![i]!) < 1e-6, `${name} ${i} at ${microBatch}`);
        });
      }
    }
  },
);

Deno.test("fine-tuning in micro-batches counts what it trains on as in whole ones", async () => {
  const [whole, parts] = [await run(), await run({ microBatch: 3 })];
  const { ownTokens, ownSteps } = whole.outcome.facts;
  assert.equal(parts.outcome.facts.ownTokens, ownTokens);
  assert.equal(parts.outcome.facts.ownSteps, ownSteps);
  // They are padded as the whole would be, so that dropout drops the same.
  const [own, all] = [parts.outcome.facts.ownFlops!, whole.outcome.facts.ownFlops!];
  assert(Math.abs(own / all - 1) < 1e-3, `${own} and ${all}`);
});

const LONGER = makeDir();
await writePairs(LONGER, { longer: 20 });

/** A fine-tuning on rows of 5 to 25 pieces. */
const runUneven = (params = {}, more: Partial<MadeOptions> = {}) =>
  run(
    // As above: one update, before its last digits are amplified.
    { length: 32, steps: 1, optimizer: { epsilon: 1 }, ...params },
    { inputs: { model: [MODEL], data: [{ key: LONGER, dir: LONGER, facts: {} }] }, ...more },
  );

async function assertNear(one: Made, other: Made): Promise<void> {
  const wanted = await tuned(other);
  for (const [name, values] of await tuned(one)) {
    values.forEach((value, i) =>
      assert(Math.abs(value - wanted.get(name)![i]!) < 1e-6, `${name} ${i}`)
    );
  }
}

Deno.test("fine-tuning without padding trains as with it, costs less, and gives the same again", async () => {
  const params = { steps: 2, unpadded: true };
  const bare = await runUneven(params), padded = await runUneven({ ...params, unpadded: false });
  await assertNear(bare, padded);
  assert.equal(bare.outcome.facts.ownTokens, padded.outcome.facts.ownTokens);
  assert(bare.outcome.facts.ownFlops! < 0.9 * padded.outcome.facts.ownFlops!);
  const digest = ({ artifact }: Made) =>
    sha256File(join(artifact.dir, "model", "model.safetensors"));
  assert.equal(await digest(await runUneven(params)), await digest(bare));
  assert.notEqual(await digest(padded), await digest(bare));
});

testOnEachDevice(
  "fine-tuning without padding in micro-batches drops what the whole batch does",
  async (_, device) => {
    const params = { unpadded: true, dropout: 0.2 };
    const whole = await runUneven(params, { device });
    await assertNear(await runUneven({ ...params, microBatch: 6 }, { device }), whole);
  },
);

Deno.test("fine-tuning with frozen layers leaves them to the bit, and costs less", async () => {
  const before = await weightsIn(MODEL.dir);
  let spent = Infinity;
  for (const frozenLayers of [undefined, 0, 1, 2]) {
    const made = await run({ frozenLayers });
    for (const [name, values] of await tuned(made)) {
      const layer = /layer\.(\d)/.exec(name)?.[1];
      const depth = name.includes("embeddings") ? 0 : layer === undefined ? 9 : 1 + Number(layer);
      const isSame = values.every((value, i) => value === before.get(name)?.[i]);
      const isFrozen = frozenLayers !== undefined && depth <= frozenLayers;
      assert.equal(isSame, isFrozen, `${name} with ${frozenLayers} frozen`);
    }
    assert(made.outcome.facts.ownFlops! < spent);
    spent = made.outcome.facts.ownFlops!;
  }
  await assert.rejects(run({ frozenLayers: 3 }), (error: ExperimentError) => {
    assert.equal(error.code, "model/config");
    assert.equal(error.message, "3 layers are to be frozen of a model of 2");
    return true;
  });
});

Deno.test("layerwiseDecay moves each layer less than the one above, the head as ever", async () => {
  const before = await weightsIn(MODEL.dir);
  const params = { steps: 1, warmupFraction: 0, optimizer: { weightDecay: 0 } };
  const plain = await tuned(await run(params));
  const decayed = await tuned(await run({ ...params, layerwiseDecay: 0.5 }));
  const wanted = { embeddings: 1 / 4, "layer.0": 1 / 2, "layer.1": 1 } as const;
  for (const [name, values] of decayed) {
    const place = Object.keys(wanted).find((each) => name.includes(each));
    const start = before.get(name);
    if (place === undefined || start === undefined) {
      assert.deepEqual(values, plain.get(name), name);
      continue;
    }
    const share = wanted[place as keyof typeof wanted];
    values.forEach((value, i) => {
      const moved = value - start[i]!, full = plain.get(name)![i]! - start[i]!;
      assert(Math.abs(moved - share * full) < 1e-6, `${name} ${i}: ${moved} of ${full}`);
    });
  }
});

Deno.test("fine-tuning's check refuses micro-batches that do not divide the batch", () => {
  const faults = kind.check!(kind.params.parse({ ...PARAMS, microBatch: 5 }));
  assert.deepEqual(faults, [{
    path: "microBatch",
    message: "a batch of 12 rows does not divide into micro-batches of 5",
    mend: "give a divisor of 12, such as 4",
  }]);
});
