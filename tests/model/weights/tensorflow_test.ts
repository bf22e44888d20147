import assert from "node:assert/strict";
import { basename, join } from "node:path";
import fc from "fast-check";
import { ExperimentError } from "../../../lib/base/errors.ts";
import { sizeOf } from "../../../lib/engine/ir/graph.ts";
import { readModelFolder } from "../../../lib/model/weights/folder.ts";
import { openWeights } from "../../../lib/model/weights/source.ts";
import { FormatError } from "../../../lib/model/weights/tensorflow/byte_reader.ts";
import { TensorFlowCheckpoint } from "../../../lib/model/weights/tensorflow/checkpoint.ts";
import { crc32c, maskedCrc32c } from "../../../lib/model/weights/tensorflow/crc32c.ts";
import { decompressSnappy } from "../../../lib/model/weights/tensorflow/snappy.ts";
import { readTable } from "../../../lib/model/weights/tensorflow/table.ts";
import { model } from "../../../lib/tasks/model.ts";
import { SPECIAL_PIECES } from "../../../lib/text/pieces/wordpiece.ts";
import { assertFault } from "../../_support/fault.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { runKind } from "../../tasks/made_inputs.ts";
import { CONFIG, SPECS } from "./_small_bert.ts";

/** What `golden/make_tensorflow.py` had TensorFlow save. */
const GOLDEN = new URL("./golden/tensorflow/", import.meta.url).pathname;
const INDEX = "bert_model.ckpt.index";
const DATA = [0, 1].map((shard) => `bert_model.ckpt.data-0000${shard}-of-00002`);

/** Google's names for ours. */
function theirName(ours: string): string {
  return ours.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
    "LayerNorm.bias",
    "LayerNorm.beta",
  )
    .replace("cls.predictions.bias", "cls.predictions.output_bias")
    .replace("relationship.weight", "relationship.output_weights")
    .replace("relationship.bias", "relationship.output_bias")
    .replace(/_embeddings\.weight$/, "_embeddings").replace(/\.weight$/, ".kernel")
    .replace("layer.0", "layer_0").replaceAll(".", "/");
}

/** The values of a tensor as the script made them. */
function valuesOf(name: string, shape: readonly number[]): Float32Array {
  const salt = new TextEncoder().encode(name).reduce((sum, byte) => sum + byte, 0);
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 37 + salt) % 101 - 50) / 64);
}

/** The golden checkpoint as Google's releases lie on a disk. */
function release(dir: TempDir): string {
  for (const name of [INDEX, ...DATA]) dir.file(name, Deno.readFileSync(GOLDEN + name));
  const config = {
    attention_probs_dropout_prob: 0.1,
    hidden_act: "gelu",
    hidden_dropout_prob: 0.1,
    hidden_size: 4,
    initializer_range: 0.02,
    intermediate_size: 8,
    max_position_embeddings: 6,
    num_attention_heads: 2,
    num_hidden_layers: 1,
    type_vocab_size: 2,
    vocab_size: 8,
  };
  dir.file("bert_config.json", JSON.stringify(config));
  dir.file("vocab.txt", [...SPECIAL_PIECES, "A", "b", "##b"].join("\n"));
  return dir.path;
}

Deno.test("readModelFolder() reads what TensorFlow saved: shards, slices, halves, kernels turned", async () => {
  using dir = new TempDir();
  const { config, specs, params, vocabulary, notes } = await readModelFolder(release(dir));
  assert.deepEqual(config, CONFIG);
  assert.equal(vocabulary.lowercase, false);
  assert.deepEqual(specs, SPECS);
  for (const { name, shape } of SPECS) {
    const theirs = theirName(name);
    const isKernel = theirs.endsWith("/kernel");
    const values = valuesOf(theirs, shape);
    const [out, into] = shape as [number, number];
    const wanted = isKernel
      ? values.map((_, i) => values[i % into * out + Math.floor(i / into)]!)
      : values;
    assert.deepEqual(params[name], wanted, name);
  }
  const file = join(dir.path, INDEX);
  assert.deepEqual(notes, [
    `${file}: not used: the state of the training that made it, 3 tensors such as ` +
    "bert/pooler/dense/kernel/adam_m",
  ]);
});

Deno.test("model takes a checkpoint of TensorFlow, and its key the content of every file", async () => {
  using dir = new TempDir();
  const folder = release(dir);
  const { artifact } = await runKind(model, { dir: dir.path, params: { folder } });
  assert.equal(artifact.facts.parameters, SPECS.reduce((sum, each) => sum + sizeOf(each.shape), 0));
  const files = model.files!(model.params.parse({ folder })).map(({ file }) => basename(file));
  assert.deepEqual(files, ["bert_config.json", "vocab.txt", INDEX, ...DATA]);
});

Deno.test("a checkpoint without its sizes lacks bert_config.json, not config.json", async () => {
  using dir = new TempDir();
  const folder = release(dir);
  Deno.removeSync(join(folder, "bert_config.json"));
  const [first] = model.files!(model.params.parse({ folder }));
  assert.equal(first!.file, join(folder, "bert_config.json"));
  await assert.rejects(readModelFolder(folder), {
    message: /cannot read the model: no bert_config\.json/,
  });
});

const AGAIN = "fetch the checkpoint again: the .index and all of its .data-?????-of-????? files";

Deno.test("a checkpoint that is not whole is told with the file and the tensor", async (t) => {
  const cases: readonly [string, (dir: string) => void, string][] = [
    [
      "a data file is missing",
      (dir) => Deno.removeSync(join(dir, DATA[1]!)),
      `${DATA[1]}: a data file of the checkpoint is missing`,
    ],
    [
      "a data file is cut off",
      (dir) => Deno.truncateSync(join(dir, DATA[0]!), 700),
      `${
        DATA[0]
      }: bert/encoder/layer_0/intermediate/dense/kernel ends at byte 720, the file at 700`,
    ],
    [
      "a value is another",
      (dir) => flip(join(dir, DATA[0]!), 300),
      `${
        DATA[0]
      }: bert/encoder/layer_0/attention/output/dense/kernel does not have the checksum that ${INDEX} says`,
    ],
    [
      "the index is cut off",
      (dir) => Deno.truncateSync(join(dir, INDEX), 1000),
      `${INDEX}: the checkpoint's index is damaged: it is no table of LevelDB's, or its end is cut off`,
    ],
    [
      "the index is empty",
      (dir) => Deno.truncateSync(join(dir, INDEX), 0),
      `${INDEX}: the checkpoint's index is damaged: it is no table of LevelDB's, or its end is cut off`,
    ],
    [
      "the index is another in one bit",
      (dir) => flip(join(dir, INDEX), 500),
      `${INDEX}: the checkpoint's index is damaged: the block at byte 0 does not have its checksum`,
    ],
  ];
  for (const [what, damage, text] of cases) {
    await t.step(what, async () => {
      using dir = new TempDir();
      damage(release(dir));
      await assertFault(() => readModelFolder(dir.path), {
        text: `${text} [model/tensorflow]\n  mend: ${AGAIN}`,
        dir: dir.path,
      });
    });
  }
  await t.step("there are two", async () => {
    using dir = new TempDir();
    release(dir);
    dir.file("model.ckpt-1.index", "");
    await assertFault(() => openWeights(dir.path), {
      text: `${dir.path}: there are several checkpoints: ${INDEX}, model.ckpt-1.index ` +
        "[model/weights]\n  mend: leave the .index and .data files of one",
    });
  });
  await t.step("its config.json is of other sizes", async () => {
    using dir = new TempDir();
    release(dir);
    const config = JSON.parse(Deno.readTextFileSync(join(dir.path, "bert_config.json")));
    dir.file("bert_config.json", JSON.stringify({ ...config, intermediate_size: 16 }));
    await assert.rejects(readModelFolder(dir.path), {
      code: "model/weights",
      message: /bert\/encoder\/layer_0\/intermediate\/dense\/kernel is \[8,4\], not \[16,4\]/,
    });
  });
});

function flip(file: string, at: number): void {
  const bytes = Deno.readFileSync(file);
  bytes[at]! ^= 1;
  Deno.writeFileSync(file, bytes);
}

Deno.test("a checkpoint with any one bit changed gives an error that a person can mend, or its values", async () => {
  using dir = new TempDir();
  release(dir);
  const sound = Deno.readFileSync(join(dir.path, INDEX));
  await fc.assert(
    fc.asyncProperty(fc.nat(sound.length * 8 - 1), async (bit) => {
      const bytes = sound.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      Deno.writeFileSync(join(dir.path, INDEX), bytes);
      try {
        await readModelFolder(dir.path);
      } catch (error) {
        if (!(error instanceof ExperimentError)) throw error;
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("readTable() is never misled by a damaged block whose checksum is right", () => {
  const sound = Deno.readFileSync(GOLDEN + INDEX);
  // The one block of entries begins at byte 0; its handle stands in the index block.
  const end = blockEnd(sound);
  fc.assert(fc.property(fc.nat(end - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
    const bytes = sound.slice();
    bytes[at]! ^= change;
    const crc = maskedCrc32c(bytes.subarray(0, end + 1));
    new DataView(bytes.buffer).setUint32(end + 1, crc, true);
    try {
      readTable(bytes);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }));
});

/** Where the first block ends: the place whose trailer holds the checksum of all before. */
function blockEnd(table: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(table.buffer);
  for (let end = 1; end + 5 <= table.length; end++) {
    if (maskedCrc32c(table.subarray(0, end + 1)) === view.getUint32(end + 1, true)) return end;
  }
  throw new Error("no block");
}

Deno.test("readTable() reads blocks that are compressed", () => {
  const sound = Deno.readFileSync(GOLDEN + INDEX), end = blockEnd(sound);
  // As Snappy would: a length, then literals; and the blocks after it, where they are now.
  const literals = literally(sound.subarray(0, end));
  const block = new Uint8Array([...literals, 1, 0, 0, 0, 0]);
  const crc = maskedCrc32c(block.subarray(0, literals.length + 1));
  new DataView(block.buffer).setUint32(literals.length + 1, crc, true);
  const handle = [...varint(0), ...varint(literals.length)];
  const index = indexBlock(handle);
  const footer = [...varint(0), ...varint(0), ...varint(block.length), ...varint(index.length - 5)];
  const table = new Uint8Array([
    ...block,
    ...index,
    ...footer,
    ...new Array(40 - footer.length).fill(0),
    ...sound.subarray(-8),
  ]);
  assert.deepEqual(readTable(table), readTable(sound));
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...varint(value >> 7)];
}

function literally(bytes: Uint8Array): number[] {
  const parts: number[] = varint(bytes.length);
  for (let at = 0; at < bytes.length; at += 60) {
    const part = bytes.subarray(at, at + 60);
    parts.push(part.length - 1 << 2, ...part);
  }
  return parts;
}

/** A block of one entry: the key "z", and a handle. */
function indexBlock(handle: number[]): number[] {
  const content = [0, 1, handle.length, 0x7A, ...handle, 0, 0, 0, 0, 1, 0, 0, 0, 0];
  const crc = new Uint8Array(4);
  new DataView(crc.buffer).setUint32(0, maskedCrc32c(Uint8Array.from(content)), true);
  return [...content, ...crc];
}

Deno.test("crc32c() gives the sums of RFC 3720, whatever the length", () => {
  const cases: readonly [Uint8Array, number][] = [
    [new Uint8Array(32), 0x8A9136AA],
    [new Uint8Array(32).fill(0xFF), 0x62A8AB43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46DD794E],
    [new TextEncoder().encode("123456789"), 0xE3069283],
    [new Uint8Array(), 0],
  ];
  for (const [bytes, sum] of cases) assert.equal(crc32c(bytes), sum);
});

Deno.test("decompressSnappy() reads literals and copies of every form, and refuses damage", () => {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const abc = [0x61, 0x62, 0x63];
  const cases: readonly [string, number[], string][] = [
    ["a short copy that overlaps itself", [9, 8, ...abc, 0b000_010_01, 3], "abcabcabc"],
    ["a copy with a distance of two bytes", [6, 8, ...abc, 2 << 2 | 2, 3, 0], "abcabc"],
    ["a copy with a distance of four bytes", [6, 8, ...abc, 2 << 2 | 3, 3, 0, 0, 0], "abcabc"],
    ["a long literal", [3, 60 << 2, 2, ...abc], "abc"],
  ];
  for (const [what, input, wanted] of cases) {
    assert.equal(text(decompressSnappy(Uint8Array.from(input), 100)), wanted, what);
  }
  const damaged = [
    [6, 8, ...abc],
    [2, 8, ...abc],
    [6, 8, ...abc, 10, 4, 0],
    [6, 8, 0x61],
    [101],
    [],
  ];
  for (const input of damaged) {
    assert.throws(() => decompressSnappy(Uint8Array.from(input), 100), FormatError, String(input));
  }
});

Deno.test("TensorFlowCheckpoint gives the shapes that PyTorch would", async () => {
  using file = await TensorFlowCheckpoint.open(GOLDEN + INDEX);
  assert.deepEqual(file.entries.get("bert/encoder/layer_0/intermediate/dense/kernel"), {
    dtype: "F32",
    shape: [8, 4],
  });
  assert.deepEqual(file.entries.get("global_step"), { dtype: "I64", shape: [] });
  await assert.rejects(file.read("global_step"), {
    message: "global_step is I64, not F32, F16 or BF16",
  });
});
