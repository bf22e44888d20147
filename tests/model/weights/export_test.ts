import assert from "node:assert/strict";
import { join } from "node:path";
import { headOf, toHuggingFace } from "../../../lib/model/config.ts";
import { architectureOf } from "../../../lib/model/weights/architecture.ts";
import { exportModel } from "../../../lib/model/weights/export.ts";
import { readModelFolder } from "../../../lib/model/weights/folder.ts";
import { modelArtifact } from "../../../lib/model/weights/model_artifact.ts";
import { SafetensorsFile } from "../../../lib/model/weights/safetensors.ts";
import { openWeights } from "../../../lib/model/weights/source.ts";
import { model as modelKind } from "../../../lib/tasks/model.ts";
import { readTokenizerJson } from "../../../lib/text/pieces/tokenizer_json.ts";
import { DATA_DIR, testOnData } from "../../_support/data.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { runKind } from "../../tasks/made_inputs.ts";
import bert from "../golden/bert_golden.json" with { type: "json" };
import golden from "./golden/export_golden.json" with { type: "json" };
import { CONFIG, formulaParams, MADE, maskedLosses, ourOutputs, PIECES } from "./made_models.ts";

/** What transformers says of each class. */
interface Golden {
  readonly names: readonly string[];
  readonly logits?: readonly number[][];
  readonly next?: readonly number[][];
  readonly pooled?: readonly number[][];
}

function close(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i]! - value) < 1e-5, `${i}: ${actual[i]}, not ${value}`);
  }
}

for (const made of MADE) {
  const { architecture, specs, head } = made;
  Deno.test(`exportModel() writes a ${architecture}: its names, and transformers' outputs`, async () => {
    using dir = new TempDir();
    const [from, to] = [dir.folder("artifact"), dir.folder("exported")];
    const model = { config: CONFIG, specs, params: formulaParams(specs), pieces: PIECES };
    await modelArtifact.write(from, { ...model, ...(head === undefined ? {} : { head }) });
    await exportModel(await modelArtifact.open(from), to, { card: "# a card\n" });
    const names = [...Deno.readDirSync(to)].map(({ name }) => name).sort();
    assert.deepEqual(names, [
      "README.md",
      "config.json",
      "model.safetensors",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "vocab.txt",
    ]);
    const config = JSON.parse(Deno.readTextFileSync(join(to, "config.json")));
    assert.deepEqual(config.architectures, [architecture]);
    assert.deepEqual(headOf(config), head);
    if (head !== undefined && head.kind !== "span") {
      assert.deepEqual(Object.values(config.id2label), head.labels);
      assert.deepEqual(config.label2id[head.labels[1]!], 1);
    }
    const theirs = golden[architecture as "BertModel"] as Golden;
    using weights = await SafetensorsFile.open(join(to, "model.safetensors"));
    assert.deepEqual([...weights.entries.keys()].sort(), theirs.names);
    const read: Record<string, Float32Array> = {};
    for (const name of theirs.names) read[name] = await weights.read(name);
    assert.deepEqual(read, model.params);
    const expected = theirs.logits ?? theirs.next ?? theirs.pooled;
    if (expected !== undefined) close(await ourOutputs(made, read), expected.flat());
    if (theirs.names.includes("cls.predictions.bias")) {
      close(await maskedLosses(read), bert.masked.losses);
    }
  });
}

Deno.test("exportModel() writes a tokenizer.json that is read back as the same vocabulary", async () => {
  using dir = new TempDir();
  const { specs } = MADE[1]!;
  for (const lowercase of [false, true]) {
    const [from, to] = [dir.folder(`a${lowercase}`), dir.folder(`b${lowercase}`)];
    const model = { config: CONFIG, specs, params: formulaParams(specs), pieces: PIECES };
    await modelArtifact.write(from, { ...model, lowercase });
    await exportModel(await modelArtifact.open(from), to, { card: "" });
    assert.deepEqual(await readTokenizerJson(join(to, "tokenizer.json")), {
      pieces: PIECES,
      lowercase,
    });
    Deno.removeSync(join(to, "vocab.txt"));
    const { vocabulary, params } = await readModelFolder(to);
    assert.deepEqual([vocabulary.pieces, vocabulary.lowercase], [PIECES, lowercase]);
    assert.deepEqual(params, model.params);
  }
});

Deno.test("architectureOf() names what a class lacks and what it does not take", () => {
  const names = (...parts: number[]) =>
    parts.flatMap((part) => MADE[part]!.specs.map(({ name }) => name));
  const pooler = ["bert.pooler.dense.weight", "bert.pooler.dense.bias"];
  assert.deepEqual(architectureOf(CONFIG, names(1, 2)), {
    name: "BertForMaskedLM",
    missing: [],
    unexpected: pooler,
  });
  const bare = names(2).filter((name) => !pooler.includes(name));
  assert.deepEqual(architectureOf(CONFIG, bare), {
    name: "BertModel",
    missing: pooler,
    unexpected: [],
  });
  const nextAlone = names(0).filter((name) => !name.startsWith("cls.predictions"));
  assert.deepEqual(architectureOf(CONFIG, nextAlone), {
    name: "BertForNextSentencePrediction",
    missing: [],
    unexpected: [],
  });
  assert.deepEqual(toHuggingFace(CONFIG, { padId: 0 })["architectures"], ["BertForMaskedLM"]);
});

testOnData("MiniLM-L6 imported and exported is MiniLM-L6 bit for bit", {
  needs: "models/minilm-l6-h384-uncased/model.safetensors",
  run: async () => {
    using dir = new TempDir();
    const folder = `${DATA_DIR}/models/minilm-l6-h384-uncased`;
    const { artifact } = await runKind(modelKind, { dir: dir.path, params: { folder } });
    const to = dir.folder("exported");
    await exportModel(await modelArtifact.open(artifact.dir), to, { card: "" });
    using theirs = await openWeights(folder), ours = await openWeights(to);
    const own = (name: string) => name.startsWith("bert.") ? name : `bert.${name}`;
    const buffers = new Set(["bert.embeddings.position_ids"]);
    const names = [...theirs.entries.keys()].filter((name) => !buffers.has(own(name)));
    assert.deepEqual([...ours.entries.keys()].sort(), names.map(own).sort());
    for (const name of names) {
      assert.deepEqual(ours.entries.get(own(name))!.shape, theirs.entries.get(name)!.shape);
      const [a, b] = [await theirs.read(name), await ours.read(own(name))];
      assert.ok(a.every((value, i) => Object.is(value, b[i])), name);
    }
    const words = (dir: string) => Deno.readTextFileSync(`${dir}/vocab.txt`);
    assert.equal(words(to), words(folder));
    assert.deepEqual(
      JSON.parse(Deno.readTextFileSync(`${to}/config.json`)).architectures,
      ["BertModel"],
    );
  },
});
