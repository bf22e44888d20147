import assert from "node:assert/strict";
import { readLines } from "../../../lib/text/sources/lines.ts";
import { openDevice } from "../../../lib/engine/devices.ts";
import { BERT_PRESETS, bertConfig } from "../../../lib/model/config.ts";
import { maskedLanguageModel } from "../../../lib/model/heads/heads.ts";
import { initialParams } from "../../../lib/model/init.ts";
import { exportModel } from "../../../lib/model/weights/export.ts";
import { readModelFolder } from "../../../lib/model/weights/folder.ts";
import { modelArtifact } from "../../../lib/model/weights/model_artifact.ts";
import { WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { DATA_DIR } from "../../_support/data.ts";
import {
  BATCH,
  CONFIG,
  formulaParams,
  MADE,
  maskedLosses,
  ourOutputs,
  PIECES,
} from "./made_models.ts";

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

const noPython = await python("import torch, transformers").then(
  () => undefined,
  () => `transformers and torch in ${PYTHON}`,
);
const missing = noPython ?? [VOCAB, TEXT].find((path) => !exists(path));

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
    const exported = dir.folder("exported");
    await exportModel(await modelArtifact.open(dir.path), exported, { card: "" });
    for (const folder of [dir.path, exported]) {
      const theirs = JSON.parse(await python(READ, folder, ...files));
      assert.deepEqual(theirs.ids, texts.map((text) => [...encoder.encode(text)]));
      assert.deepEqual([theirs.missing, theirs.unexpected], [[], []]);
      assert.deepEqual([theirs.limit, theirs.padId], [32, encoder.padId]);
      theirs.losses.forEach((loss: number, i: number) =>
        assert(Math.abs(loss - ours.losses![i]!) < 1e-4, `${loss} and ${ours.losses![i]}`)
      );
    }
  },
});

const LOAD = `
import json, sys, torch, transformers
found = {}
for folder in sys.argv[2:]:
    name = json.load(open(folder + "/config.json"))["architectures"][0]
    model, info = getattr(transformers, name).from_pretrained(folder, output_loading_info=True)
    ids, mask, types = (torch.tensor(each) for each in json.loads(sys.argv[1]))
    with torch.no_grad():
        out = model(ids, attention_mask=mask, token_type_ids=types)
        plain = model(ids)
    if name == "BertForQuestionAnswering":
        values = torch.stack([out.start_logits, out.end_logits], -1).flatten()[:24]
    elif name == "BertForTokenClassification":
        values = out.logits.flatten()[:36]
    elif name == "BertForPreTraining":
        values = out.seq_relationship_logits.flatten()
    elif name == "BertModel":
        values = out.pooler_output.flatten()
    elif name == "BertForMaskedLM":
        values = torch.tensor([])
    else:
        values = out.logits.flatten()
    masked = plain.get("prediction_logits", plain.get("logits"))
    losses = []
    if name in ["BertForPreTraining", "BertForMaskedLM"]:
        losses = torch.nn.functional.cross_entropy(
            masked.flatten(0, 1)[[1, 4, 9, 12]], torch.tensor([7, 14, 20, 11]),
            reduction="none").tolist()
    found[name] = {
        "missing": sorted(info["missing_keys"]), "unexpected": sorted(info["unexpected_keys"]),
        "mismatched": sorted(map(str, info["mismatched_keys"])),
        "values": values.tolist(), "losses": losses,
        "labels": [model.config.id2label[i] for i in sorted(model.config.id2label)],
    }
print(json.dumps(found))
`;

Deno.test({
  name: noPython === undefined
    ? "transformers loads what was exported: nothing missing or left over, the same outputs"
    : `transformers loads what was exported (ignored: no ${noPython})`,
  ignore: noPython !== undefined,
  async fn() {
    using dir = new TempDir();
    const folders: string[] = [];
    for (const { architecture, specs, head } of MADE) {
      const [from, to] = [dir.folder(`artifact ${architecture}`), dir.folder(architecture)];
      const model = { config: CONFIG, specs, params: formulaParams(specs), pieces: PIECES };
      await modelArtifact.write(from, { ...model, ...(head === undefined ? {} : { head }) });
      await exportModel(await modelArtifact.open(from), to, { card: "" });
      folders.push(to);
    }
    const rows = (values: Int32Array | number[]) => [[...values].slice(0, 7), [...values].slice(7)];
    const mask = Array.from(BATCH.attentionBias, (bias) => bias === 0 ? 1 : 0);
    const batch = [rows(BATCH.ids), rows(mask), rows(BATCH.tokenTypes)];
    const theirs = JSON.parse(await python(LOAD, JSON.stringify(batch), ...folders));
    for (const made of MADE) {
      const { architecture, specs, head } = made, found = theirs[architecture];
      assert.deepEqual([found.missing, found.unexpected, found.mismatched], [[], [], []]);
      if (head !== undefined && head.kind !== "span") assert.deepEqual(found.labels, head.labels);
      const params = formulaParams(specs);
      const masked = found.losses.length > 0 ? await maskedLosses(params) : [];
      for (
        const [ours, wanted] of [[await ourOutputs(made, params), found.values], [
          masked,
          found.losses,
        ]]
      ) {
        assert.equal(ours.length, wanted.length, architecture);
        for (const [i, value] of wanted.entries()) {
          assert(
            Math.abs(ours[i] - value) < 1e-5,
            `${architecture} ${i}: ${ours[i]}, not ${value}`,
          );
        }
      }
    }
  },
});

const SAVE = `
import json, sys, torch
from transformers import BertConfig, BertForPreTraining, BertTokenizer
folder, vocab = sys.argv[1:]
torch.manual_seed(1)
model = BertForPreTraining(BertConfig(vocab_size=23, hidden_size=8, num_hidden_layers=2,
    num_attention_heads=2, intermediate_size=16, max_position_embeddings=12))
tokenizer = BertTokenizer(vocab, do_lower_case=False)
sums = {}
for kind in ["float32", "float16", "bfloat16"]:
    own = model.to(getattr(torch, kind))
    own.save_pretrained(folder + "/" + kind)
    tokenizer.save_pretrained(folder + "/" + kind)
    sums[kind] = {name: param.double().sum().item() for name, param in own.named_parameters()}
print(json.dumps(sums))
`;

Deno.test({
  name: noPython === undefined
    ? "readModelFolder() reads what transformers saves, halves widened exactly"
    : `readModelFolder() reads what transformers saves (ignored: no ${noPython})`,
  ignore: noPython !== undefined,
  async fn() {
    using dir = new TempDir();
    const vocab = dir.file("pieces.txt", `${PIECES.join("\n")}\n`);
    const sums = JSON.parse(await python(SAVE, dir.path, vocab));
    for (const kind of ["float32", "float16", "bfloat16"]) {
      const { params, vocabulary, notes } = await readModelFolder(`${dir.path}/${kind}`);
      assert.deepEqual([vocabulary.pieces, vocabulary.lowercase, notes], [PIECES, false, []]);
      assert.deepEqual(Object.keys(params).sort(), Object.keys(sums[kind]).sort());
      for (const [name, sum] of Object.entries<number>(sums[kind])) {
        const ours = params[name]!.reduce((total, each) => total + each, 0);
        assert(Math.abs(ours - sum) <= 1e-9 * Math.max(1, Math.abs(sum)), `${kind} ${name}`);
      }
    }
  },
});
