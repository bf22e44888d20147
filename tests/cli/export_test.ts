import assert from "node:assert/strict";
import { headOf } from "../../lib/model/config.ts";
import { modelArtifact } from "../../lib/model/weights/model_artifact.ts";
import { TinyStudy } from "./tiny_study.ts";

Deno.test("export writes the model of a cell, and never over what is there", async (t) => {
  await using study = await TinyStudy.make();
  await study.edit("    uses: ner\n", "    uses: ner\n    keepModel: true\n");
  const cell = "pretrain{steps=4, seed=2}";

  await t.step("nothing is there yet, and no folder is left", async () => {
    const { code, stderr } = await study.call("export", "study.yaml", cell, "out");
    assert.equal(code, 2);
    assert.match(stderr, /^pretrain\{steps=4, seed=2\} has no artifact \[run\/no-model\]\n/);
    assert.throws(() => Deno.statSync(study.path("out")), Deno.errors.NotFound);
  });
  await study.run();

  await t.step("a pre-training, by its label, with the spec that it came from", async () => {
    const { code, stdout, stderr } = await study.call("export", "study.yaml", cell, "models/mine");
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "models/mine\n");
    assert.equal(stderr, "pretrain{steps=4, seed=2} as BertForMaskedLM: models/mine\n");
    const model = await modelArtifact.open(study.path("models/mine"));
    assert.equal(model.config.hiddenSize, 16);
    const where = await study.call("where", "study.yaml", cell);
    const weights = (dir: string) => Deno.readFileSync(`${dir}/model.safetensors`);
    assert.deepEqual(weights(study.path("models/mine")), weights(where.stdout.trim()));
    const card = Deno.readTextFileSync(study.path("models/mine/README.md"));
    for (
      const part of [
        "# pretrain{steps=4, seed=2} of study",
        "A BERT of the experiment `study`: a study for tests.",
        `| key | \`${where.stdout.trim().split("/").at(-1)}\` |`,
        "| steps | 4 (optimizer updates) |",
        "| pretrain{steps=4, seed=2} | mlm | validation | lossNats | ",
        "| ner{steps=4, seed=2} | ",
        "| text | corpus 2 | text.txt | `",
        "`study.yaml`\n\n```yaml\nabout: a study for tests\n",
        "model = BertForMaskedLM.from_pretrained(",
      ]
    ) assert.ok(card.includes(part), `${part}\n\n${card}`);
  });

  await t.step("a fine-tuned model with its labels, by a key's beginning", async () => {
    const [{ key }] = await study.sql(
      "SELECT key FROM cells WHERE stage = 'ner' ORDER BY key LIMIT 1",
    );
    const { code, stderr } = await study.call(
      "export",
      "study.yaml",
      key.slice(0, 12),
      "ner model",
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^ner\{steps=\d, seed=\d\} as BertForTokenClassification: "ner model"\n$/);
    const config = JSON.parse(Deno.readTextFileSync(study.path("ner model/config.json")));
    assert.deepEqual(headOf(config)?.kind, "tokens");
    assert.deepEqual(Object.values(config.id2label), headOf(config)!.labels);
    const card = Deno.readTextFileSync(study.path("ner model/README.md"));
    assert.match(card, /## Labels\n\n\| id \| label \|\n\| --- \| --- \|\n\| 0 \| /);
  });

  await t.step("what cannot be is told with what to do", async () => {
    await study.write("file", "");
    Deno.mkdirSync(study.path("empty"));
    const cases: readonly [readonly string[], number, RegExp][] = [
      [
        [cell, "models/mine"],
        2,
        /^models\/mine: models\/mine is not empty \[cli\/export-folder\]\n/,
      ],
      [[cell, "file"], 2, /^file: the model cannot be written there: .* \[cli\/export-folder\]\n/],
      [
        [cell, "~/x"],
        2,
        /^the folder is "~\/x" \[cli\/export-folder\]\n {2}mend: write the whole /,
      ],
      [[cell, ""], 2, /^: the model cannot be written there: /],
      [[cell, "file/x"], 2, /^file\/x: the model cannot be written there: /],
      [
        ["pretrain", "x"],
        2,
        /^4 tasks are called pretrain \[cli\/no-task\]\n {2}mend: name one: pre/,
      ],
      [["vocab", "x"], 2, /^vocab leaves no model \[cli\/no-task\]\n {2}mend: name a task of pre-/],
      [
        ["pretrian", "x"],
        2,
        /^no task is called "pretrian" \[cli\/no-task\]\n {2}mend: write pretrain/,
      ],
      [[cell], 2, /^a cell or the folder is not named \[cli\/no-task\]\n {2}mend: name both: /],
      [[cell, "empty"], 0, /^pretrain\{steps=4, seed=2\} as BertForMaskedLM: empty\n$/],
    ];
    for (const [args, exit, says] of cases) {
      const { code, stderr } = await study.call("export", "study.yaml", ...args);
      assert.equal(code, exit, stderr);
      assert.match(stderr, says);
    }
    assert.throws(() => Deno.statSync(study.path("x")), Deno.errors.NotFound);
  });

  await t.step("an artifact that is damaged is not exported", async () => {
    const { stdout } = await study.call("where", "study.yaml", "pretrain{steps=2, seed=1}");
    const file = `${stdout.trim()}/model.safetensors`;
    Deno.chmodSync(stdout.trim(), 0o755);
    Deno.chmodSync(file, 0o644);
    const bytes = Deno.readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    Deno.writeFileSync(file, bytes);
    const args = ["export", "study.yaml", "pretrain{steps=2, seed=1}", "x"];
    const { code, stderr } = await study.call(...args);
    assert.equal(code, 2);
    assert.match(stderr, /pretrain\{steps=2, seed=1\} has no artifact \[run\/no-model\]/);
  });
});

Deno.test("export says of a fine-tuning without its model how it is kept", async () => {
  await using study = await TinyStudy.make();
  await study.run("--only", "steps=2", "--only", "seed=1");
  const { code, stderr } = await study.call("export", "study.yaml", "ner{steps=2, seed=1}", "x");
  assert.equal(code, 2);
  assert.equal(
    stderr,
    "ner{steps=2, seed=1} was kept without its model [run/no-model]\n  mend: write keepModel: true " +
      "beside uses: of the stage and run again, which makes it anew\n",
  );
});

Deno.test("export writes a pre-training with next sentences as BertForPreTraining", async () => {
  await using study = await TinyStudy.make();
  const set = ["--set", "stages.pretrain.with.nextSentence=true"];
  await study.run("--only", "stage=pretrain", "--only", "steps=2", "--only", "seed=1", ...set);
  const args = ["export", "study.yaml", "pretrain{steps=2, seed=1}", "out", ...set];
  const { code, stderr } = await study.call(...args);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "pretrain{steps=2, seed=1} as BertForPreTraining: out\n");
  const card = Deno.readTextFileSync(study.path("out/README.md"));
  assert.match(card, /```json\n\{\n {2}"stages\.pretrain\.with\.nextSentence": true\n\}\n```/);
});
