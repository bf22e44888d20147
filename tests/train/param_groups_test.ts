import assert from "node:assert/strict";
import { trainedOf } from "../../lib/engine/optimizer.ts";
import { bertConfig } from "../../lib/model/config.ts";
import { classifier } from "../../lib/model/heads/heads.ts";
import { withFrozen, withLayerRates } from "../../lib/train/param_groups.ts";

const CONFIG = bertConfig(
  { vocabSize: 23, layers: 3, hiddenSize: 8, heads: 2, intermediateSize: 16 },
  { positions: 12 },
);
const HEAD = { kind: "sequence", labels: 2 } as const;
const { params } = classifier(CONFIG, { rows: 2, length: 6, head: HEAD, isTraining: true });

/** Where a parameter stands, of all kinds that there are. */
function placeOf(name: string): string {
  return /layer\.\d/.exec(name)?.[0] ?? /embeddings|pooler|classifier/.exec(name)![0];
}

Deno.test("withLayerRates() gives each layer a share of the rate of the one above", () => {
  const rated = withLayerRates(params, {
    layers: 3,
    decay: 0.5,
    headScale: 10,
    isHead: ({ name }) => name.startsWith("classifier"),
  });
  const scales = Map.groupBy(rated, ({ name }) => placeOf(name));
  const wanted = {
    embeddings: 1 / 8,
    "layer.0": 1 / 4,
    "layer.1": 1 / 2,
    "layer.2": 1,
    pooler: 1,
    classifier: 10,
  };
  assert.deepEqual([...scales.keys()], Object.keys(wanted));
  for (const [place, scale] of Object.entries(wanted)) {
    for (const each of scales.get(place)!) {
      assert.equal(each.learningRateScale ?? 1, scale, each.name);
    }
  }
});

Deno.test("withLayerRates() without decay changes nothing but the head", () => {
  const options = { layers: 3, decay: 1, isHead: ({ name }: { name: string }) => /^cl/.test(name) };
  assert.deepEqual(withLayerRates(params, { ...options, headScale: 1 }), params);
});

Deno.test("withFrozen() freezes the embeddings and so many of the lowest layers", () => {
  const trained = (frozenLayers: number | undefined) => [
    ...new Set(trainedOf(withFrozen(params, frozenLayers)).map(({ name }) => placeOf(name))),
  ];
  const all = ["embeddings", "layer.0", "layer.1", "layer.2", "pooler", "classifier"];
  assert.deepEqual(trained(undefined), all);
  for (const frozen of [0, 1, 2, 3]) assert.deepEqual(trained(frozen), all.slice(frozen + 1));
});
