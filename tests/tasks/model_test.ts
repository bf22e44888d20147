import assert from "node:assert/strict";
import { modelArtifact } from "../../lib/model/weights/model_artifact.ts";
import { encoderSpecs, poolerSpecs } from "../../lib/model/params.ts";
import { conll } from "../../lib/tasks/conll.ts";
import { model } from "../../lib/tasks/model.ts";
import { pretrain } from "../../lib/tasks/pretrain/kind.ts";
import { loadKinds } from "../../lib/graph/kinds.ts";
import { kinds as registry } from "../../lib/tasks/registry.ts";
import { shards } from "../../lib/tasks/shards.ts";
import { vocab } from "../../lib/tasks/vocab.ts";
import { CorpusWriter } from "../../lib/text/corpus/format.ts";
import { DATA_DIR, testOnData } from "../_support/data.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { type KindRun, runKind } from "./made_inputs.ts";

const kinds = await loadKinds(registry);

const warnings = ({ events }: KindRun) =>
  events.flatMap((each) => each.type === "warning" ? [each.message] : []);

testOnData("MiniLM-L6 goes through pre-training with a fresh head, and through NER", {
  needs: "models/minilm-l6-h384-uncased/model.safetensors",
  run: async () => {
    using dir = new TempDir();
    const folder = `${DATA_DIR}/models/minilm-l6-h384-uncased`;
    const real = await runKind(model, { dir: dir.path, params: { folder } });
    assert.equal(warnings(real).length, 1);
    assert.match(
      warnings(real)[0]!,
      /no masked-language head, no next-sentence head: lacks cls\.predictions\./,
    );
    const words = await runKind(vocab, {
      dir: dir.path,
      params: { file: `${folder}/vocab.txt` },
    });
    const text = `${dir.path}/corpus`;
    Deno.mkdirSync(text);
    const writer = new CorpusWriter(text);
    for (let i = 0; i < 20; i++) {
      await writer.write("train", [`Mutations of BRCA1 cause familial breast cancer number ${i}.`]);
      await writer.write("validation", [`Aspirin reduces fever in patients with disease ${i}.`]);
    }
    await writer.close();
    const corpus = await runKind(shards, {
      dir: dir.path,
      inputs: { corpus: [{ key: "c", dir: text, facts: {} }], vocab: [words.artifact] },
    });
    const inputs = { init: [real.artifact], corpus: [corpus.artifact] };
    const shape = { rows: 2, rowPieces: 32, evaluation: { rows: 4 } };
    const schedule = { kind: "constant", learningRate: 1e-4 };
    const train = (steps: number) =>
      runKind(pretrain, { dir: dir.path, params: { ...shape, schedule, steps }, inputs });
    const unchanged = await modelArtifact.open((await train(0)).artifact.dir);
    const specs = encoderSpecs(unchanged.config);
    const theirs = await modelArtifact.open(real.artifact.dir);
    assert.deepEqual(
      await unchanged.weights(specs, { seed: 0 }),
      await theirs.weights(specs, { seed: 0 }),
    );
    const trained = await train(1);
    assert(warnings(trained).some((each) => each.includes("drawn afresh")));
    assert(warnings(trained).some((each) => /^kept as they are.*: bert\.pooler/.test(each)));
    const pooler = poolerSpecs(unchanged.config);
    const kept = await modelArtifact.open(trained.artifact.dir);
    assert.deepEqual((await kept.present(pooler)).params, (await theirs.present(pooler)).params);
    assert.equal((await modelArtifact.open(trained.artifact.dir)).vocabulary.lowercase, true);
    const tagged = dir.file("ner.tsv", "BRCA1\tB\nis\tO\n\nAspirin\tO\nÉtude\tB\n");
    const data = await runKind(conll, {
      dir: dir.path,
      params: { train: [tagged], dev: [tagged], test: [tagged] },
    });
    const { outcome } = await runKind(kinds.get("ner")!, {
      dir: dir.path,
      params: { benchmark: "made", steps: 1, rows: 2, length: 16 },
      inputs: { model: [trained.artifact], data: [data.artifact] },
    });
    assert(outcome.scores.some(({ metric, value }) => metric === "f1" && Number.isFinite(value)));
  },
});

Deno.test("model names a folder that is not there once, not each of its files", () => {
  const files = model.files!(model.params.parse({ folder: "/nowhere/bert" }));
  assert.deepEqual(files.map(({ file }) => file), ["/nowhere/bert"]);
  assert.match(files[0]!.mend!, /^check the path, which counts from the spec, and give a folder/);
});
