import assert from "node:assert/strict";
import { join } from "node:path";
import { openDevice } from "../../../lib/engine/devices.ts";
import { ExperimentError } from "../../../lib/base/errors.ts";
import { Graph } from "../../../lib/engine/ir/graph.ts";
import { buildEncoder, PADDING_BIAS } from "../../../lib/model/bert.ts";
import { bertConfig, toHuggingFace } from "../../../lib/model/config.ts";
import { initialParams } from "../../../lib/model/init.ts";
import {
  encoderSpecs,
  maskedLanguageHeadSpecs,
  nextSentenceHeadSpecs,
  poolerSpecs,
} from "../../../lib/model/params.ts";
import { readModelFolder } from "../../../lib/model/weights/folder.ts";
import { modelArtifact } from "../../../lib/model/weights/model_artifact.ts";
import { writeSafetensors } from "../../../lib/model/weights/safetensors.ts";
import { openWeights } from "../../../lib/model/weights/source.ts";
import { TorchFile } from "../../../lib/model/weights/torch_file.ts";
import { model } from "../../../lib/tasks/model.ts";
import { SPECIAL_PIECES } from "../../../lib/text/pieces/wordpiece.ts";
import { DATA_DIR, testOnData } from "../../_support/data.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { runKind } from "../../tasks/made_inputs.ts";
import minilm from "./golden/minilm_golden.json" with { type: "json" };
import torchGolden from "./golden/torch_golden.json" with { type: "json" };

const CONFIG = bertConfig(
  { vocabSize: 8, layers: 1, hiddenSize: 4, heads: 2, intermediateSize: 8 },
  { positions: 6 },
);
const ENCODER = encoderSpecs(CONFIG);
const SPECS = [
  ...ENCODER,
  ...poolerSpecs(CONFIG),
  ...maskedLanguageHeadSpecs(CONFIG),
  ...nextSentenceHeadSpecs(CONFIG),
];
const PARAMS = initialParams(SPECS, { seed: 1, std: 0.5 });
const TENSORS = SPECS.map(({ name, shape }) => ({ name, shape, values: PARAMS[name]! }));
const pieces = [...SPECIAL_PIECES, "a", "b", "##b"];

function folder(dir: TempDir, config: Record<string, unknown> = {}): string {
  const content = { ...toHuggingFace(CONFIG, { padId: 0 }), ...config };
  dir.file("config.json", JSON.stringify(content));
  dir.file("vocab.txt", pieces.join("\n"));
  dir.file("tokenizer_config.json", '{"do_lower_case": true}');
  return dir.path;
}

Deno.test("model takes a folder whole: sizes, all weights, uncased vocabulary", async () => {
  using dir = new TempDir();
  folder(dir);
  await writeSafetensors(join(dir.path, "model.safetensors"), TENSORS);
  const { artifact, events } = await runKind(model, { params: { folder: dir.path } });
  assert.deepEqual(events, []);
  const read = await modelArtifact.open(artifact.dir);
  assert.deepEqual(await read.weights(SPECS, { seed: 0 }), PARAMS);
  assert.deepEqual([read.config, read.vocabulary.pieces], [CONFIG, pieces]);
  assert.equal(read.vocabulary.lowercase, true);
  const files = model.files!(model.params.parse({ folder: dir.path })).map(({ file }) => file);
  const names = ["config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"];
  assert.deepEqual(files, names.map((name) => join(dir.path, name)));
});

Deno.test("readModelFolder() tells what is not there and what is not used", async () => {
  using dir = new TempDir();
  folder(dir);
  const file = join(dir.path, "model.safetensors");
  const extra = { name: "classifier.bias", shape: [2], values: new Float32Array(2) };
  const encoder = TENSORS.slice(0, ENCODER.length);
  await writeSafetensors(file, [...encoder, extra]);
  const { notes, specs } = await readModelFolder(dir.path);
  assert.deepEqual(specs, ENCODER);
  const lacking = SPECS.slice(ENCODER.length).map(({ name }) => name).join(", ");
  assert.deepEqual(notes, [
    `${file}: not used: classifier.bias`,
    `${file}: no pooler, no masked-language head, no next-sentence head: lacks ${lacking}, ` +
    "drawn afresh by what trains them",
  ]);
  await writeSafetensors(file, TENSORS.filter(({ name }) => !/transform.dense.bias/.test(name)));
  assert.deepEqual((await readModelFolder(dir.path)).notes, [
    `${file}: no whole masked-language head: lacks cls.predictions.transform.dense.bias, ` +
    "drawn afresh by what trains them",
  ]);
});

Deno.test("readModelFolder() reads weights that several files hold, by their index", async () => {
  using dir = new TempDir();
  folder(dir);
  const [first, second] = [TENSORS.slice(0, 9), TENSORS.slice(9)];
  await writeSafetensors(join(dir.path, "part-1.safetensors"), first);
  await writeSafetensors(join(dir.path, "part-2.safetensors"), second);
  const map = Object.fromEntries(
    TENSORS.map(({ name }, i) => [name, `part-${i < 9 ? 1 : 2}.safetensors`]),
  );
  const index = (weight_map: unknown) =>
    dir.file("model.safetensors.index.json", JSON.stringify({ weight_map }));
  const path = index(map);
  assert.deepEqual((await readModelFolder(dir.path)).params, PARAMS);
  const files = model.files!(model.params.parse({ folder: dir.path })).map(({ file }) => file);
  assert.deepEqual(files.slice(3), [
    path,
    join(dir.path, "part-1.safetensors"),
    join(dir.path, "part-2.safetensors"),
  ]);
  const cases = [
    [{ ...map, other: "part-1.safetensors" }, "other is not in part-1.safetensors"],
    [{ a: "../x" }, 'a is in "../x", which is no file beside it'],
    [{}, "its weight_map is empty"],
    [null, "it has no weight_map"],
  ] as const;
  for (const [weights, why] of cases) {
    index(weights);
    await assert.rejects(readModelFolder(dir.path), {
      code: "model/weights",
      message: `the index of the weights is damaged: ${why}`,
    });
  }
});

Deno.test("readModelFolder() reads what several files of PyTorch hold, by their index", async () => {
  using dir = new TempDir();
  folder(dir);
  const bin = Deno.readFileSync(golden("torch_zip.bin"));
  using whole = await TorchFile.open(dir.file("part-1.bin", bin));
  dir.file("part-2.bin", bin);
  const [first, ...others] = [...whole.entries.keys()];
  const map = Object.fromEntries([
    [first, "part-1.bin"],
    ...others.map((name) => [name, "part-2.bin"]),
  ]);
  const path = dir.file("pytorch_model.bin.index.json", JSON.stringify({ weight_map: map }));
  using source = await openWeights(dir.path);
  assert.deepEqual([...source.entries.keys()].toSorted(), [...whole.entries.keys()].toSorted());
  for (const name of [first!, others[0]!]) {
    assert.deepEqual(await source.read(name), await whole.read(name), name);
  }
  const files = model.files!(model.params.parse({ folder: dir.path })).map(({ file }) => file);
  assert.deepEqual(files.slice(-3), [
    path,
    join(dir.path, "part-1.bin"),
    join(dir.path, "part-2.bin"),
  ]);
});

Deno.test("a weight that is no number is refused, with its tensor and place", async () => {
  using dir = new TempDir();
  folder(dir);
  const spoiled = TENSORS.map((each) => {
    if (!/word_embeddings|pooler.dense.bias/.test(each.name)) return each;
    const values = each.values.slice();
    values[2] = each.name.includes("pooler") ? Infinity : NaN;
    return { ...each, values };
  });
  const file = join(dir.path, "model.safetensors");
  await writeSafetensors(file, spoiled);
  await assert.rejects(readModelFolder(dir.path), {
    code: "model/weights",
    message: "not all weights are numbers: value 2 of bert.embeddings.word_embeddings.weight is " +
      "NaN, value 2 of bert.pooler.dense.bias is Infinity",
  });
});

Deno.test("readModelFolder() refuses other architectures, sizes and broken files by name", async () => {
  using dir = new TempDir();
  const file = join(dir.path, "model.safetensors");
  for (const type of ["roberta", "distilbert", "modernbert"]) {
    await assert.rejects(readModelFolder(folder(dir, { model_type: type })), {
      code: "model/config",
      message: `model_type is "${type}", not "bert"`,
    });
  }
  folder(dir, { vocab_size: 9 });
  await writeSafetensors(file, TENSORS);
  await assert.rejects(readModelFolder(dir.path), {
    code: "model/weights",
    message: /word_embeddings.weight is \[8,4\], not \[9,4\]/,
  });
  folder(dir);
  const renamed = TENSORS.map((each) => ({
    ...each,
    name: each.name.replace("bert.", "roberta."),
  }));
  await writeSafetensors(file, renamed);
  await assert.rejects(readModelFolder(dir.path), {
    code: "model/weights",
    message:
      /^the model lacks bert\.embeddings\.word_embeddings\.weight \[8,4\], .* and \d+ more; /,
  });
  await writeSafetensors(file, TENSORS);
  await Deno.truncate(file, Deno.statSync(file).size - 1);
  await assert.rejects(readModelFolder(dir.path), { code: "model/safetensors" });
  await Deno.remove(file);
  await assert.rejects(readModelFolder(dir.path), { code: "model/safetensors" });
  assert(model.files!(model.params.parse({ folder: dir.path })).some((each) => each.file === file));
});

Deno.test("readModelFolder() reads the words of a tokenizer.json, and refuses another kind", async () => {
  using dir = new TempDir();
  folder(dir);
  Deno.removeSync(join(dir.path, "vocab.txt"));
  Deno.removeSync(join(dir.path, "tokenizer_config.json"));
  await writeSafetensors(join(dir.path, "model.safetensors"), TENSORS);
  const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  const write = (content: unknown) => dir.file("tokenizer.json", JSON.stringify(content));
  const content = {
    normalizer: { type: "BertNormalizer", lowercase: true, strip_accents: null },
    model: { type: "WordPiece", vocab },
  };
  write(content);
  const { vocabulary } = await readModelFolder(dir.path);
  assert.deepEqual([vocabulary.pieces, vocabulary.lowercase], [pieces, true]);
  write({ model: { type: "BPE", vocab } });
  await assert.rejects(readModelFolder(dir.path), {
    code: "text/bad-vocab",
    message: 'model.type is "BPE", not "WordPiece"',
  });
  write({ ...content, model: { vocab: { a: 0, b: 0 } } });
  await assert.rejects(readModelFolder(dir.path), {
    message: 'the id 0 of "b" is taken or too great',
  });
});

Deno.test("readModelFolder() tells of word embeddings that no piece is of", async () => {
  using dir = new TempDir();
  folder(dir);
  await writeSafetensors(join(dir.path, "model.safetensors"), TENSORS);
  const file = dir.file("vocab.txt", pieces.slice(0, 6).join("\n"));
  assert.deepEqual((await readModelFolder(dir.path)).notes, [
    `${file}: 6 pieces for 8 word embeddings: the last 2 of these are never read`,
  ]);
});

/** What becomes of a file that is not as it should be. */
const SPOILED: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array | undefined>> = {
  "is empty": () => new Uint8Array(),
  "is cut off": (bytes) => bytes.slice(0, bytes.length / 2),
  "is UTF-16": (bytes) => {
    const text = new TextDecoder().decode(bytes);
    const halves = Uint16Array.from(`\uFEFF${text}`, (each) => each.charCodeAt(0));
    return new Uint8Array(halves.buffer);
  },
  "is bytes of something else": () => Uint8Array.from({ length: 4000 }, (_, i) => i * 37 & 255),
  "is a list": () => new TextEncoder().encode("[1, 2]"),
  "is a web page": () => new TextEncoder().encode("<!doctype html><title>404</title>"),
  "is a pointer of Git LFS": () =>
    new TextEncoder().encode(
      "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 435778770\n",
    ),
  "is a folder": () => undefined,
  "is not there": () => undefined,
};

/** The files of a folder, each with those that stand in its stead. */
const READ: readonly (readonly [name: string, ...without: string[]])[] = [
  ["config.json"],
  ["vocab.txt"],
  ["tokenizer_config.json"],
  ["tokenizer.json", "vocab.txt", "tokenizer_config.json"],
  ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"],
  ["model.safetensors.index.json", "model.safetensors"],
  ["pytorch_model.bin", "model.safetensors", "model.safetensors.index.json"],
];

Deno.test("a file of a model that is not as it should be is named, never a stack", async (t) => {
  for (const [name, ...without] of READ) {
    for (const [what, spoil] of Object.entries(SPOILED)) {
      // A cut vocabulary is one of fewer pieces; one that is not there is no fault of this file.
      if (what === "is not there" && /^(tokenizer|model\.safetensors\.i|pytorch)/.test(name)) {
        continue;
      }
      if (what === "is cut off" && name === "vocab.txt") continue;
      await t.step(`${name} ${what}`, async () => {
        using dir = new TempDir();
        folder(dir);
        const path = join(dir.path, name);
        await writeSafetensors(join(dir.path, "model.safetensors"), TENSORS);
        dir.file("pytorch_model.bin", Deno.readFileSync(golden("torch_zip.bin")));
        const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
        dir.file("tokenizer.json", JSON.stringify({ model: { type: "WordPiece", vocab } }));
        const map = Object.fromEntries(TENSORS.map(({ name }) => [name, "a.safetensors"]));
        dir.file("model.safetensors.index.json", JSON.stringify({ weight_map: map }));
        if (name !== "tokenizer.json") Deno.removeSync(join(dir.path, "tokenizer.json"));
        for (const each of without) Deno.removeSync(join(dir.path, each));
        const spoiled = spoil(Deno.readFileSync(path));
        Deno.removeSync(path);
        if (spoiled !== undefined) Deno.writeFileSync(path, spoiled);
        else if (what === "is a folder") Deno.mkdirSync(path);
        try {
          await readModelFolder(dir.path);
        } catch (error) {
          if (!(error instanceof ExperimentError)) throw error;
          const [{ at, mend, message }] = error.faults;
          assert.equal(at?.file, path, message);
          assert.ok(mend !== undefined && mend.length > 10);
          return;
        }
        assert.fail("it was read");
      });
    }
  }
});

const golden = (name: string) => new URL(`./golden/${name}`, import.meta.url).pathname;

for (const form of ["torch_zip.bin", "torch_legacy.bin"]) {
  Deno.test(`TorchFile reads ${form}: views, halves, parameters, as PyTorch has them`, async () => {
    using file = await TorchFile.open(golden(form));
    assert.deepEqual([...file.entries.keys()].sort(), [...Object.keys(torchGolden), "ids"].sort());
    for (const [name, { shape, values }] of Object.entries(torchGolden)) {
      assert.deepEqual(file.entries.get(name)!.shape, shape);
      assert.deepEqual([...await file.read(name)], values, name);
    }
    await assert.rejects(file.read("ids"), { message: "ids is I64, not F32, F16 or BF16" });
  });

  Deno.test(`TorchFile refuses ${form} cut off anywhere, and never throws anything else`, async () => {
    using dir = new TempDir();
    const bytes = Deno.readFileSync(golden(form)), path = join(dir.path, "pytorch_model.bin");
    for (let size = 0; size < bytes.length; size += 37) {
      Deno.writeFileSync(path, bytes.subarray(0, size));
      await assert.rejects(TorchFile.open(path), { code: "model/torch" });
    }
  });
}

Deno.test("TorchFile refuses to call anything that rebuilds no tensor, and names it", async () => {
  using dir = new TempDir();
  const bytes = Deno.readFileSync(golden("torch_legacy.bin"));
  // The state of the file becomes: os.system("x").
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const evil = text.replace("ccollections\nOrderedDict\n", "cos\nsystem\n");
  assert.notEqual(evil, text);
  const path = join(dir.path, "pytorch_model.bin");
  Deno.writeFileSync(path, Uint8Array.from(evil, (each) => each.charCodeAt(0)));
  await assert.rejects(openWeights(dir.path), {
    code: "model/torch",
    message: "cannot read weights: it asks for os.system, and only tensors are read",
  });
});

testOnData("MiniLM-L6 from its folder gives transformers' hidden states", {
  needs: "models/minilm-l6-h384-uncased/model.safetensors",
  run: async () => {
    const dir = `${DATA_DIR}/models/minilm-l6-h384-uncased`;
    const { config, params, vocabulary, notes } = await readModelFolder(dir);
    assert.equal(vocabulary.lowercase, true);
    assert(notes.some((each) => each.includes("no masked-language head")));
    const ids = minilm.ids, rows = ids.length, length = ids[0]!.length;
    const graph = new Graph();
    const plain = { ...config, dropout: 0, attentionDropout: 0 };
    const { hidden } = buildEncoder(graph, plain, {
      rows,
      length,
      isTraining: false,
      isPadded: true,
      headSpecs: [],
    });
    graph.output("hidden", hidden);
    const engine = await openDevice({ name: "cpu", threads: 1 });
    const encoder = Object.fromEntries(
      encoderSpecs(config).map(({ name }) => [name, params[name]!]),
    );
    const compiled = await engine.compile(graph, encoder);
    const outputs = await compiled.run({
      ids: Int32Array.from(ids.flat()),
      attentionBias: Float32Array.from(minilm.mask.flat(), (is) => is === 1 ? 0 : PADDING_BIAS),
    });
    await compiled.dispose();
    const values = outputs["hidden"] as Float32Array, width = config.hiddenSize;
    for (const [row, wanted] of minilm.values.entries()) {
      for (const [i, place] of minilm.places.entries()) {
        const at = (row * length + place) * width;
        wanted[i]!.forEach((value, j) => {
          assert(
            Math.abs(value - values[at + j]!) < 1e-5,
            `${row} ${place} ${j}: ${values[at + j]}`,
          );
        });
        const norm = Math.hypot(...values.subarray(at, at + width));
        assert(Math.abs(norm - minilm.norms[row]![i]!) < 1e-5 * norm);
      }
    }
  },
});
