import assert from "node:assert/strict";
import type { ExperimentError } from "../../lib/base/errors.ts";
import {
  BERT_PRESETS,
  bertConfig,
  configFaults,
  fromHuggingFace,
  toHuggingFace,
} from "../../lib/model/config.ts";
import {
  classifierSpecs,
  countParameters,
  encoderSpecs,
  maskedLanguageHeadSpecs,
  nextSentenceHeadSpecs,
  poolerSpecs,
} from "../../lib/model/params.ts";

const BASE = bertConfig({ ...BERT_PRESETS["bert-base"], vocabSize: 28_996 });

Deno.test("bert-base and bert-large have as many parameters as BERT's, cased", () => {
  // The numbers of values in Hugging Face's BertForMaskedLM with 28,996 pieces.
  const wanted = { "bert-base": 108_340_804, "bert-large": 333_610_308 } as const;
  for (const [preset, parameters] of Object.entries(wanted)) {
    const sizes = BERT_PRESETS[preset as keyof typeof wanted];
    const config = bertConfig({ ...sizes, vocabSize: 28_996 });
    const count = countParameters([...encoderSpecs(config), ...maskedLanguageHeadSpecs(config)]);
    assert.equal(count, parameters);
  }
});

Deno.test("decay applies to weights and not to biases and layer norms", () => {
  const specs = [
    ...encoderSpecs(BASE),
    ...maskedLanguageHeadSpecs(BASE),
    ...classifierSpecs(BASE, { kind: "sequence", labels: 3 }),
    ...classifierSpecs(BASE, { kind: "span" }),
  ];
  const exempt = specs.filter((each) => !each.decays).map((each) => each.name);
  const expected = specs.map((each) => each.name).filter((name) =>
    name.endsWith(".bias") || name.includes("LayerNorm")
  );
  assert.deepEqual(exempt, expected);
});

Deno.test("toHuggingFace() is undone by fromHuggingFace()", () => {
  const config = bertConfig({ ...BERT_PRESETS["bert-pico"], vocabSize: 350 }, {
    positions: 64,
    dropout: 0,
    attentionDropout: 0.2,
    initializerRange: 0.06,
  });
  assert.deepEqual(fromHuggingFace(toHuggingFace(config, { padId: 0 }), "config.json"), config);
});

Deno.test("fromHuggingFace() refuses other architectures and incomplete files", () => {
  const source = toHuggingFace(BASE, { padId: 0 });
  const cases: readonly [unknown, string][] = [
    [[], "config.json holds no mapping"],
    [{ ...source, model_type: "gpt2" }, 'model_type is "gpt2", not "bert"'],
    [{ ...source, hidden_act: "gelu_new" }, 'hidden_act is "gelu_new", not "gelu"'],
    [
      { ...source, position_embedding_type: "relative_key" },
      'position_embedding_type is "relative_key", not "absolute"',
    ],
    [{ ...source, is_decoder: true }, "is_decoder is true, not false"],
    [{ ...source, hidden_size: "768" }, "config.json has no number hidden_size"],
    [{ ...source, num_attention_heads: 7 }, "hiddenSize 768 cannot be divided among 7 heads"],
  ];
  for (const [content, message] of cases) {
    assert.throws(() => fromHuggingFace(content, "m/config.json"), (error: ExperimentError) => {
      assert.equal(error.code, "model/config");
      assert.equal(error.message, message);
      assert.equal(error.faults[0].at?.file, "m/config.json");
      return true;
    });
  }
});

Deno.test("configFaults() reports every size that cannot be", () => {
  const faults = configFaults({ ...BASE, layers: 0, heads: 1.5, dropout: 1 });
  assert.deepEqual(faults.map((each) => each.message), [
    "the model's layers is 0",
    "the model's heads is 1.5",
    "the model's dropout is 1",
  ]);
});

Deno.test("weight decay is on all but layer norms and biases, as BERT's", () => {
  const params = [
    ...encoderSpecs(BASE),
    ...poolerSpecs(BASE),
    ...maskedLanguageHeadSpecs(BASE),
    ...nextSentenceHeadSpecs(BASE),
    ...classifierSpecs(BASE, { kind: "span" }),
  ];
  for (const { name, decays } of params) {
    assert.equal(decays, !/LayerNorm|bias/.test(name), name);
  }
});
