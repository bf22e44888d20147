import assert from "node:assert/strict";
import { readPublished } from "../../lib/run/published.ts";
import { TinyStudy } from "../cli/tiny_study.ts";
import { assertFault } from "../_support/fault.ts";
import { TempDir } from "../_support/temp_dir.ts";

const HEAD = "task,dataset,metric,model,value,source\n";

async function read(content: string) {
  using dir = new TempDir();
  const file = dir.file("p.csv", content);
  return await readPublished({
    file,
    benchmarks: { "NCBI disease": "ncbi" },
    metrics: { F1: "f1" },
  });
}

Deno.test("readPublished() gives percent as fractions, and the study's names where the spec has them", async () => {
  const rows = await read(
    `${HEAD}NER,NCBI disease,F1,BERT,84.4,"a table, reprinted"\nQA,Other,MRR,BERT,1e1,here\n`,
  );
  assert.deepEqual(rows, [
    {
      task: "NER",
      dataset: "NCBI disease",
      publishedMetric: "F1",
      model: "BERT",
      value: 0.844,
      source: "a table, reprinted",
      benchmark: "ncbi",
      metric: "f1",
    },
    {
      task: "QA",
      dataset: "Other",
      publishedMetric: "MRR",
      model: "BERT",
      value: 0.1,
      source: "here",
    },
  ]);
  assert.deepEqual(await readPublished(undefined), []);
});

Deno.test("readPublished() names file, line and mend of a table that cannot be used", async () => {
  const cases: [string, string][] = [
    [
      HEAD,
      "p.csv: the table has no row [run/published]\n  mend: give a table of dataset,metric,model,value,source, a value a line",
    ],
    [
      "dataset,metric,model,value\n",
      'p.csv:1: the table has no column "source" [run/published]\n  mend: name the columns in the first line: task,dataset,metric,model,value,source',
    ],
    [
      `${HEAD}NER,a,F1,b,high,c\n`,
      'p.csv:2: "high" is no number [run/published]\n  mend: write the value as it was published, in percent: 84.4',
    ],
    [
      `${HEAD}NER,a,F1,b,,c\n`,
      'p.csv:2: "" is no number [run/published]\n  mend: write the value as it was published, in percent: 84.4',
    ],
    [
      `${HEAD}\nNER,a,b(1,2),F1,b,1,c\n`,
      "p.csv:3: the line has 8 columns, the first has 6 [run/published]\n  mend: give every line as many columns; a cell with a comma stands in quotes",
    ],
  ];
  for (const [content, text] of cases) {
    using dir = new TempDir();
    const file = dir.file("p.csv", content);
    await assertFault(() => readPublished({ file, benchmarks: {}, metrics: {} }), {
      text,
      dir: dir.path,
    });
  }
});

Deno.test("published values stand beside measured ones in tables and SQL, go with the spec, and come back in a rebuild", async (t) => {
  await using study = await TinyStudy.make();
  await study.write(
    "published.csv",
    `${HEAD}NER,Tiny,F1,BERT,84.4,a paper\nNER,Tiny,AUC,BERT,1,a paper\n`,
  );
  const section =
    "published:\n  file: published.csv\n  benchmarks: { Tiny: ner }\n  metrics: { F1: f1 }\n";
  await study.edit("stages:\n", `${section}stages:\n`);
  const beside = "SELECT model, round(published, 3) AS published, source, stage, seeds, " +
    "measured IS NOT NULL AS isMeasured FROM published_beside ORDER BY ALL";

  await t.step("the run ends with them, labelled as published", async () => {
    const { code, stdout, stderr } = await study.call("run", "study.yaml");
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /\npublished by others, with other text, sizes and seeds than here\nbenchmark +metric +published of +published +measured here\nner +f1, % +BERT +84\.4 +ner [\d.]+ \(best of \d\)\n/,
    );
  });
  await t.step("the database has them as what they are, joined with each cell", async () => {
    const rows = await study.sql(beside);
    assert(rows.length > 1);
    for (const { model, published, source, stage, seeds, isMeasured } of rows) {
      assert.deepEqual([model, published, source, stage], ["BERT", 0.844, "a paper", "ner"]);
      assert.equal(isMeasured, true);
      assert.equal(Number(seeds), 2);
    }
    const [unmapped] = await study.sql(
      "SELECT * FROM published WHERE benchmark IS NULL OR metric IS NULL",
    );
    assert.deepEqual(
      [unmapped!["dataset"], unmapped!["published_metric"], unmapped!["metric"]],
      ["Tiny", "AUC", null],
    );
    const results = await study.sql("SELECT count(*) AS n FROM results WHERE value = 0.844");
    assert.equal(Number(results[0]!["n"]), 0);
  });
  await t.step("no key depends on them, and a rebuild has them", async () => {
    const before = await study.sql(beside);
    const { stdout } = await study.call("plan", "study.yaml");
    assert.match(stdout, / 0 to run\n/);
    assert.equal((await study.call("rebuild")).code, 0);
    assert.deepEqual(await study.sql(beside), before);
  });
  await t.step("seeds are taken together whatever their axis is called", async () => {
    await study.edit("  seed: [1, 2]\n", "  draw: [1, 2]\n");
    await study.edit("seed: $(axis.seed)\n  ner:", "seed: $(axis.draw)\n  ner:");
    await study.edit("seed: $(axis.seed)\n", "seed: $(axis.draw)\n");
    assert.equal((await study.call("run", "study.yaml")).code, 0);
    const rows = await study.sql("SELECT axes, seeds FROM published_beside ORDER BY ALL");
    assert.deepEqual(
      rows.map(({ axes, seeds }) => [axes, Number(seeds)]),
      [[{ steps: 2 }, 2], [{ steps: 4 }, 2]],
    );
  });
  await t.step("they go when the spec names none", async () => {
    await study.edit(section, "");
    assert.equal((await study.call("run", "study.yaml")).code, 0);
    assert.deepEqual(await study.sql("FROM published"), []);
  });
});
