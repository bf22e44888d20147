import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { sizeOf } from "../../../lib/engine/ir/graph.ts";
import { Model, modelArtifact, readParams } from "../../../lib/model/weights/model_artifact.ts";
import { bertConfig } from "../../../lib/model/config.ts";
import { checkSameVocabulary } from "../../../lib/model/vocabulary.ts";
import { initialParams } from "../../../lib/model/init.ts";
import { encoderSpecs, maskedLanguageHeadSpecs } from "../../../lib/model/params.ts";
import { writeSafetensors } from "../../../lib/model/weights/safetensors.ts";
import { SPECIAL_PIECES, WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import { readWeights } from "../../../lib/model/weights/names.ts";

const ROOT = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(ROOT, { recursive: true }));
const makeDir = () => Deno.makeTempDir({ dir: ROOT });

const CONFIG = bertConfig(
  { vocabSize: 11, layers: 1, hiddenSize: 4, heads: 2, intermediateSize: 8 },
  { positions: 6 },
);
const SPECS = [...encoderSpecs(CONFIG), ...maskedLanguageHeadSpecs(CONFIG)];
const PARAMS = initialParams(SPECS, { seed: 1, std: 0.5 });
const pieces = [...SPECIAL_PIECES, "a", "b"];
const WORDS = "bert.embeddings.word_embeddings.weight";

/** Writes our parameters under other names; a name of undefined leaves one out. */
async function fileAs(
  rename: (name: string) => string | undefined,
  more: readonly { name: string; shape: readonly number[]; values: Float32Array }[] = [],
): Promise<string> {
  const path = join(await makeDir(), "model.safetensors");
  const renamed = SPECS.flatMap(({ name, shape }) => {
    const other = rename(name);
    return other === undefined ? [] : [{ name: other, shape, values: PARAMS[name]! }];
  });
  await writeSafetensors(path, [...renamed, ...more]);
  return path;
}

const zeros = (name: string, shape: readonly number[]) => ({
  name,
  shape,
  values: new Float32Array(sizeOf(shape)),
});

const RENAMES: readonly [string, (name: string) => string][] = [
  ["our own names", (name) => name],
  ["module. in front, as DataParallel saves it", (name) => `module.${name}`],
  ["no bert. in front", (name) => name.replace(/^bert\./, "")],
  [
    "gamma and beta",
    (name) => name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("Norm.bias", "Norm.beta"),
  ],
  ["the decoder's bias", (name) => name.replace("predictions.bias", "predictions.decoder.bias")],
];

for (const [what, rename] of RENAMES) {
  Deno.test(`readWeights() reads a file with ${what}`, async () => {
    const { params, missing, notes } = await readWeights(await fileAs(rename), SPECS);
    assert.deepEqual(params, PARAMS);
    assert.deepEqual(missing, []);
    assert.deepEqual(notes, []);
  });
}

Deno.test("readWeights() passes over a tied decoder and buffers, and notes other heads", async () => {
  const path = await fileAs((name) => name, [
    { name: "cls.predictions.decoder.weight", shape: [11, 4], values: PARAMS[WORDS]! },
    zeros("cls.predictions.decoder.bias", [11]),
    zeros("bert.embeddings.position_ids", [1, 6]),
    zeros("bert.pooler.dense.weight", [4, 4]),
    zeros("cls.seq_relationship.bias", [2]),
  ]);
  const { params, notes } = await readWeights(path, SPECS);
  assert.deepEqual(params, PARAMS);
  assert.deepEqual(notes, [
    `${path}: not used: bert.pooler.dense.weight, cls.seq_relationship.bias`,
  ]);
});

Deno.test("readWeights() notes a decoder that is not tied", async () => {
  const path = await fileAs((name) => name, [zeros("cls.predictions.decoder.weight", [11, 4])]);
  assert.deepEqual((await readWeights(path, SPECS)).notes, [
    `${path}: its decoder differs from its word embeddings, which are used instead`,
  ]);
});

Deno.test("readWeights() tells one tensor of a training as one", async () => {
  const path = await fileAs((name) => name, [zeros("global_step", [1])]);
  assert.deepEqual((await readWeights(path, SPECS)).notes, [
    `${path}: not used: the state of the training that made it, 1 tensor such as global_step`,
  ]);
});

Deno.test("readWeights() reports what is missing", async () => {
  const path = await fileAs((name) => name.startsWith("cls.") ? undefined : name);
  const { missing, params } = await readWeights(path, SPECS);
  assert.deepEqual(missing, maskedLanguageHeadSpecs(CONFIG));
  assert.equal(Object.keys(params).length, encoderSpecs(CONFIG).length);
});

Deno.test("readWeights() refuses other shapes and a parameter twice", async () => {
  const wide = encoderSpecs({ ...CONFIG, vocabSize: 12, positions: 7 });
  const path = await fileAs((name) => name);
  await assert.rejects(readWeights(path, wide), (error: ExperimentError) => {
    assert.equal(error.code, "model/weights");
    assert.equal(
      error.message,
      `the weights do not fit the model: ${WORDS} is [11,4], not [12,4]; ` +
        "bert.embeddings.position_embeddings.weight is [6,4], not [7,4]",
    );
    return true;
  });
  const twice = await fileAs((name) => name, [zeros("bert.embeddings.LayerNorm.gamma", [4])]);
  await assert.rejects(readWeights(twice, SPECS), /LayerNorm\.(gamma|weight) .*same parameter/);
});

Deno.test("modelArtifact gives back config, parameters and vocabulary", async () => {
  const dir = await makeDir();
  await modelArtifact.write(dir, { config: CONFIG, specs: SPECS, params: PARAMS, pieces });
  const model = await modelArtifact.open(dir);
  assert.deepEqual(model.config, CONFIG);
  assert.deepEqual(model.vocabulary.pieces, pieces);
  assert.deepEqual(await model.weights(SPECS, { seed: 0 }), PARAMS);
  assert.deepEqual(await readParams(dir, SPECS), PARAMS);
});

Deno.test("modelArtifact says what is wrong with a folder", async () => {
  const dir = await makeDir(), file = join(dir, "config.json");
  await assert.rejects(modelArtifact.open(dir), {
    message: "cannot read the model: no config.json",
  });
  await Deno.writeTextFile(file, "{");
  await assert.rejects(modelArtifact.open(dir), { message: "config.json is no JSON" });
  const most = Array.from("cdefg");
  const model = { config: CONFIG, specs: SPECS, params: PARAMS };
  await modelArtifact.write(dir, { ...model, pieces: [...pieces, ...most] });
  await assert.rejects(modelArtifact.open(dir), {
    code: "model/vocab",
    message: "the model has 11 word embeddings for 12 pieces",
  });
  await modelArtifact.write(dir, { ...model, pieces });
});

Deno.test("a use that does not fit a model is told where it is asked for, with the most that fits", () => {
  const model = new Model("store/objects/ab", CONFIG, new WordPiece(pieces));
  const use = { length: 7, rows: "rows", lengthParam: "rowPieces", dropout: 0 };
  assert.throws(() => model.configFor({ ...use, frozenLayers: 9 }), (error: ExperimentError) => {
    assert.deepEqual(error.faults.map(({ at, message, mend }) => ({ at, message, mend })), [
      {
        at: undefined,
        message: "rows of 7 pieces do not fit a model of 6 positions",
        mend: "lower rowPieces to at most 6",
      },
      {
        at: undefined,
        message: `9 layers are to be frozen of a model of ${CONFIG.layers}`,
        mend: `lower frozenLayers to at most ${CONFIG.layers}`,
      },
    ]);
    return true;
  });
});

Deno.test("Model.weights() draws a missing head afresh, and refuses a broken encoder", async () => {
  const dir = await makeDir();
  const encoder = encoderSpecs(CONFIG);
  await modelArtifact.write(dir, { config: CONFIG, specs: encoder, params: PARAMS, pieces });
  const model = await modelArtifact.open(dir), notes: string[] = [];
  const onFresh = (note: string) => void notes.push(note);
  const params = await model.weights(SPECS, { seed: 3, onFresh });
  assert.deepEqual(params[WORDS], PARAMS[WORDS]);
  const head = initialParams(maskedLanguageHeadSpecs(CONFIG), {
    seed: 3,
    std: CONFIG.initializerRange,
  });
  for (const [name, values] of Object.entries(head)) assert.deepEqual(params[name], values);
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /drawn afresh, as the file lacks them: cls\.predictions/);
  const specs = encoder.filter(({ name }) => name !== WORDS);
  await modelArtifact.write(dir, { config: CONFIG, specs, params: PARAMS, pieces });
  await assert.rejects(model.weights(SPECS, { seed: 3 }), {
    code: "model/weights",
    message: new RegExp(`^the model lacks ${WORDS}`),
  });
  await assert.rejects(readParams(dir, SPECS), { message: `${WORDS} is missing` });
});

Deno.test("a model's folder carries whether its text is lower-cased", async () => {
  const dir = await makeDir(), file = join(dir, "tokenizer_config.json");
  const model = { config: CONFIG, specs: SPECS, params: PARAMS, pieces };
  for (const lowercase of [true, false]) {
    await modelArtifact.write(dir, { ...model, lowercase });
    assert.equal((await modelArtifact.open(dir)).vocabulary.lowercase, lowercase);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(file)), {
      do_lower_case: lowercase,
      model_max_length: 6,
      strip_accents: lowercase,
      tokenize_chinese_chars: true,
      tokenizer_class: "BertTokenizer",
    });
  }
  for (
    const [text, message] of [
      ["{", "tokenizer_config.json is no JSON mapping"],
      [
        '{"do_lower_case": true, "strip_accents": false}',
        "strip_accents is false where do_lower_case is true, which is not supported",
      ],
      [
        '{"tokenize_chinese_chars": false}',
        "tokenize_chinese_chars is false, which is not supported",
      ],
    ] as const
  ) {
    await Deno.writeTextFile(file, text);
    await assert.rejects(modelArtifact.open(dir), { code: "text/bad-vocab", message });
  }
});

Deno.test("checkSameVocabulary() tells lower-cased pieces from the same that keep capitals", () => {
  const place = (lowercase: boolean, file: string) => (
    { vocabulary: new WordPiece(pieces, { lowercase }), file }
  );
  checkSameVocabulary(place(true, "a"), place(true, "b"));
  assert.throws(() => checkSameVocabulary(place(true, "a"), place(false, "b")), {
    code: "model/vocab",
    message: "its text is lower-cased, that of b keeps its capitals",
  });
});
