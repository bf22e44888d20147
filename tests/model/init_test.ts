import assert from "node:assert/strict";
import { BERT_PRESETS, bertConfig } from "../../lib/model/config.ts";
import { freshState, initialParams } from "../../lib/model/init.ts";
import { classifierSpecs, encoderSpecs, maskedLanguageHeadSpecs } from "../../lib/model/params.ts";

const CONFIG = bertConfig({ ...BERT_PRESETS["bert-pico"], vocabSize: 350 }, { positions: 16 });
const OPTIONS = { seed: 3, std: 0.06 };

Deno.test("initialParams() draws a parameter alike whatever stands beside it", () => {
  const alone = initialParams(encoderSpecs(CONFIG), OPTIONS);
  const among = initialParams(
    [
      ...classifierSpecs(CONFIG, { kind: "tokens", labels: 7 }),
      ...maskedLanguageHeadSpecs(CONFIG),
      ...encoderSpecs(CONFIG),
    ],
    OPTIONS,
  );
  for (const [name, values] of Object.entries(alone)) {
    assert(values.every((value, i) => value === among[name]![i]), name);
  }
});

Deno.test("initialParams() draws weights within two standard deviations, by seed", () => {
  const name = "bert.encoder.layer.1.intermediate.dense.weight";
  const values = initialParams(encoderSpecs(CONFIG), OPTIONS)[name]!;
  assert(values.every((value) => Math.abs(value) <= 0.12));
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  // A normal cut at two deviations keeps 0.880 of the deviation; 16,384 draws.
  assert(Math.abs(Math.sqrt(variance) / (0.06 * 0.8796) - 1) < 0.02);
  const other = initialParams(encoderSpecs(CONFIG), { ...OPTIONS, seed: 4 })[name]!;
  assert(values.some((value, i) => value !== other[i]));
});

Deno.test("initialParams() sets layer norms to 1 and biases to 0", () => {
  const params = initialParams(
    [...encoderSpecs(CONFIG), ...maskedLanguageHeadSpecs(CONFIG)],
    OPTIONS,
  );
  for (const [name, values] of Object.entries(params)) {
    if (name.endsWith("LayerNorm.weight")) assert(values.every((value) => value === 1), name);
    if (name.endsWith("bias")) assert(values.every((value) => value === 0), name);
  }
});

Deno.test("freshState() has moments of zero that are not shared", () => {
  const { firstMoments, secondMoments } = freshState({ a: Float32Array.of(1, 2) });
  assert.deepEqual([...firstMoments.a!, ...secondMoments.a!], [0, 0, 0, 0]);
  assert.notEqual(firstMoments.a, secondMoments.a);
});
