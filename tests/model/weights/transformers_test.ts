import assert from "node:assert/strict";
import { readLines } from "../../../lib/text/sources/lines.ts";
import { openDevice } from "../../../lib/engine/devices.ts";
import { BERT_PRESETS, bertConfig } from "../../../lib/model/config.ts";
import { maskedLanguageModel } from "../../../lib/model/heads/heads.ts";
import { initialParams } from "../../../lib/model/init.ts";
import { modelArtifact } from "../../../lib/model/weights/model_artifact.ts";
import { WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { DATA_DIR } from "../../_support/data.ts";

/** A Python that may have transformers and torch. */
const PYTHON = Deno.env.get("TITRATE_PYTHON") ?? "python3";
const VOCAB = `${DATA_DIR}/vocab/bert-base-cased-vocab.txt`;
const TEXT = `${DATA_DIR}/ner/ncbi_disease/test.tsv.gz`;

async function python(script: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(PYTHON, {
    args: ["-c", script, ...args],
    env: { TRANSFORMERS_OFFLINE: "1", HF_HUB_OFFLINE: "1" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const missing = await python("import torch, transformers").then(
  () => [VOCAB, TEXT].find((path) => !exists(path)),
  () => `transformers and torch in ${PYTHON}`,
);

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const READ = `
import json, sys, torch
from transformers import AutoModelForMaskedLM, AutoTokenizer
folder, texts, rows = sys.argv[1], json.load(open(sys.argv[2])), json.load(open(sys.argv[3]))
tokenizer = AutoTokenizer.from_pretrained(folder)
model, info = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
with torch.no_grad():
    logits = model(torch.tensor(rows["ids"])).logits.reshape(-1, model.config.vocab_size)
losses = torch.nn.functional.cross_entropy(
    logits[rows["places"]], torch.tensor(rows["targets"]), reduction="none")
print(json.dumps({
    "ids": ids, "losses": losses.tolist(), "limit": tokenizer.model_max_length,
    "missing": sorted(info["missing_keys"]), "unexpected": sorted(info["unexpected_keys"]),
    "padId": model.config.pad_token_id,
}))
`;

Deno.test({
  name: missing === undefined
    ? "transformers reads a model's folder: same ids of text, same losses"
    : `transformers reads a model's folder (ignored: no ${missing})`,
  ignore: missing !== undefined,
  async fn() {
    using dir = new TempDir();
    const encoder = await WordPiece.load(VOCAB);
    const sizes = { ...BERT_PRESETS["bert-pico"], vocabSize: encoder.size };
    const config = bertConfig(sizes, { positions: 32, dropout: 0, attentionDropout: 0 });
    const shape = { rows: 2, length: 12, predictions: 4 };
    const { graph, params: specs } = maskedLanguageModel(config, { ...shape, isTraining: false });
    const params = initialParams(specs, { seed: 4, std: 0.1 });
    await modelArtifact.write(dir.path, { config, specs, params, pieces: encoder.pieces });

    const texts: string[] = ["Naïve É́clair — don't, 北京!", "HeLa\tcells p53-/- 9/7/1992"];
    for await (const { text } of readLines(TEXT)) if (text !== "") texts.push(text.split("\t")[0]!);
    const pieces = [...encoder.encode(texts.slice(100, 160).join(" "))];
    const ids = Array.from({ length: shape.rows }, (_, row) => [
      encoder.clsId,
      ...pieces.slice(10 * row, 10 * row + 10),
      encoder.sepId,
    ]);
    const places = [2, 7, 13, 20], targets = [300, 1000, 20_000, 5];
    const engine = await openDevice({ name: "cpu", threads: 1 });
    const model = await engine.compile(graph, params);
    const ours = await model.run({
      ids: Int32Array.from(ids.flat()),
      maskedPositions: Int32Array.from(places),
      targets: Int32Array.from(targets),
    });
    await model.dispose();

    const files = [dir.file("texts.json", JSON.stringify(texts))];
    files.push(dir.file("rows.json", JSON.stringify({ ids, places, targets })));
    const theirs = JSON.parse(await python(READ, dir.path, ...files));
    assert.deepEqual(theirs.ids, texts.map((text) => [...encoder.encode(text)]));
    assert.deepEqual([theirs.missing, theirs.unexpected], [[], []]);
    assert.deepEqual([theirs.limit, theirs.padId], [32, encoder.padId]);
    theirs.losses.forEach((loss: number, i: number) =>
      assert(Math.abs(loss - ours.losses![i]!) < 1e-4, `${loss} and ${ours.losses![i]}`)
    );
  },
});
