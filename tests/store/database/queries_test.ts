/** The page of questions: each is asked of a small study that has an answer to it. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { queryEach } from "../../../lib/store/database/query.ts";
import { commit, emptyResults, keyOf } from "../_fixtures.ts";

const F1 = { unit: "fraction", better: "higher", isHeadline: true, about: "F1." } as const;
const LOSS = { unit: "nats", better: "lower", isHeadline: true, about: "Loss." } as const;
const COUNT = { unit: "count", isHeadline: false, about: "How many." } as const;

const line = (step: number, name: string, split: string, value: number) =>
  `${JSON.stringify({ step, name, split, value })}\n`;

/** A study of text, trainings over corpora, steps and seeds, entities in each, and a start. */
async function ablation() {
  const results = await emptyResults();
  const recorder = results.open();
  const cells: {
    stage: string;
    axes: Record<string, number>;
    key: string;
    seed?: number;
    place: number;
    at: { file: string; line: number };
  }[] = [];
  const identities: [string, unknown][] = [];
  const add = async (
    { stage, axes = {}, inputs = {}, files = {}, scores = [], line, kind = stage }: {
      stage: string;
      kind?: string;
      line: number;
      axes?: Record<string, number>;
      inputs?: Record<string, string>;
      files?: Record<string, string>;
      scores?: { benchmark: string; metric: string; split: string; value: number }[];
    },
  ) => {
    const place = cells.length, key = keyOf(place + 1);
    const { seed, tokens = 0, steps = 0 } = axes;
    cells.push({
      stage,
      axes,
      key,
      ...(seed === undefined ? {} : { seed }),
      place,
      at: { file: "ablation.yaml", line },
    });
    const refs = Object.entries(inputs).map(([role, key]) => [role, [{ key, output: "" }]]);
    const params = stage === "text"
      ? { path: "text.txt" }
      : { schedule: { kind: "constant", learningRate: 1e-3 } };
    await commit(results.store, key, {
      kind,
      params,
      inputs: Object.fromEntries(refs),
      files: { "model.bin": key, ...files },
      productRate: 1e9,
      outcome: {
        facts: {
          steps,
          uniqueTokens: tokens,
          flops: tokens * steps,
          ownFlops: tokens,
          ownTokens: 5,
        },
        scores,
      },
    });
    const digest = { sha256: "ab".repeat(32) };
    identities.push([key, {
      kind,
      params: stage === "text" ? { path: digest } : {},
      inputs: Object.fromEntries(refs),
    }]);
    return key;
  };
  recorder.beginRun({
    run: "r1",
    experiment: "ablation",
    file: "ablation.yaml",
    axes: ["tokens", "steps", "seed"],
    files: [{ file: "ablation.yaml", text: "about: x\n" }],
    startedAt: "2026-01-02T03:04:05Z",
    metrics: {
      ner: { f1: F1, support: COUNT, truePositives: COUNT },
      pretrain: { lossNats: LOSS },
    },
    published: [{
      dataset: "NCBI",
      publishedMetric: "F1",
      model: "BioBERT",
      value: 0.89,
      source: "a paper",
      benchmark: "ncbi",
      metric: "f1",
    }],
  });
  const text = await add({ stage: "text", kind: "corpus", line: 5 });
  for (const seed of [1, 2]) {
    await add({
      stage: "start",
      kind: "ner",
      line: 8,
      axes: { seed },
      scores: [{ benchmark: "ncbi", metric: "f1", split: "test", value: 0.2 + seed / 100 }],
    });
    for (const tokens of [1000, 2000, 4000]) {
      for (const steps of [75, 150]) {
        const axes = { tokens, steps, seed };
        const loss = 5 - tokens / 4000 - steps / 1000 + seed / 50;
        const model = await add({
          stage: "pretrain",
          line: 12,
          axes,
          inputs: { corpus: text },
          files: { "measurements.jsonl": line(steps, "lossNats", "validation", loss) },
          scores: [{ benchmark: "mlm", metric: "lossNats", split: "validation", value: loss }],
        });
        const counts = ["support", "truePositives"].map((name, i) =>
          line(steps, `${name}/Disease`, "test", 9 - i)
        );
        await add({
          stage: "ner",
          line: 20,
          axes,
          inputs: { model },
          files: { "measurements.jsonl": counts.join("") },
          scores: [{ benchmark: "ncbi", metric: "f1", split: "test", value: 0.9 - loss / 10 }],
        });
      }
    }
  }
  const broken = { stage: "broken", axes: {}, key: keyOf(999), place: 999 };
  const asked = [...cells, broken];
  recorder.recordCells("ablation", { cells: asked, replace: true });
  recorder.recordCached(cells.map(({ key }) => key));
  recorder.recordHistory({ run: "r1", experiment: "ablation", identities, cells: asked });
  recorder.recordTask({
    run: "r1",
    key: keyOf(999),
    kind: "conll",
    state: "failed",
    attempt: 1,
    faults: [{ code: "text/bad", message: "no", at: { file: "a.tsv", line: 3 }, mend: "mend it" }],
  });
  recorder.recordFits("ablation", [{
    fit: "steps",
    cell: {},
    stage: "ner",
    benchmark: "ncbi",
    metric: "f1",
    split: "test",
    against: "steps",
    form: "limit + amplitude * x^-exponent",
    points: 4,
    warnings: [],
  }]);
  await recorder.close();
  return results;
}

Deno.test("every question of lib/store/QUERIES.md has an answer in a study like the default one", async () => {
  using results = await ablation();
  const page = await Deno.readTextFile(
    new URL("../../../lib/store/QUERIES.md", import.meta.url),
  );
  const questions = [...page.matchAll(/```sql( may be empty)?\n([^`]*)```/g)];
  assert.ok(questions.length >= 20);
  for (const [, mayBeEmpty, sql] of questions) {
    for await (const { batches, columns } of queryEach(results.path, sql!)) {
      const rows = (await Array.fromAsync(batches)).flat();
      assert.ok(mayBeEmpty !== undefined || rows.length > 0, sql);
      // An answer of nothing but nulls is none.
      for (const [i, name] of columns.entries()) {
        if (["variant", "host", "processor", "commit", "version", "elapsed_ms"].includes(name)) {
          continue;
        }
        if (mayBeEmpty !== undefined || ["seconds", "next", "shape"].includes(name)) continue;
        if (["parameters", "intervals", "better"].includes(name)) continue;
        assert.ok(rows.some((row) => row[i] !== null), `${name} is null in\n${sql}`);
      }
    }
  }
});

Deno.test("lib/store/QUERIES.md asks for no value of an axis that the default study lacks", async () => {
  const page = await Deno.readTextFile(new URL("../../../lib/store/QUERIES.md", import.meta.url));
  const spec = new URL("../../../experiments/ablation.yaml", import.meta.url);
  const { axes } = parse(await Deno.readTextFile(spec)) as { axes: Record<string, number[]> };
  const asked = [...page.matchAll(/\b(?:axis_|axes\.)?(tokens|steps|seed) >?= (\d+)/g)];
  assert.ok(asked.length >= 4);
  for (const [text, axis, value] of asked) assert.ok(axes[axis!]!.includes(Number(value)), text);
});

Deno.test("axes and params are asked for by name, in every way a person would write it", async () => {
  using results = await ablation();
  const cases: readonly [sql: string, rows: number][] = [
    ["SELECT value FROM results_of('ablation') WHERE tokens = 4000 AND stage = 'ner'", 4],
    [`SELECT value FROM results_of("ablation") WHERE tokens = 4000 AND stage = 'ner'`, 4],
    ["SELECT value FROM results_of('ablation') WHERE tokens IN (1000, 2000) AND stage = 'ner'", 8],
    ["FROM results_of('ablation') WHERE tokens > 1e3 AND axis_steps < 100 AND stage = 'ner'", 4],
    ["FROM cells_of('ablation') WHERE axis_seed = 2 AND stage = 'start'", 1],
    [
      "FROM curves_of('ablation') WHERE tokens = 4000 AND axis_steps = 150 AND name = 'lossNats'",
      2,
    ],
    ["FROM means_of('ablation') WHERE tokens = 4000 AND stage = 'ner'", 2],
    ["FROM counts_of('ablation') WHERE tokens = 4000 AND class = 'Disease'", 8],
    ["FROM frontier_of('ablation') WHERE tokens = 4000 AND stage = 'ner'", 2],
    ["FROM results WHERE axes.tokens = 4000 AND stage = 'ner'", 4],
    ["FROM results WHERE axes['tokens'] = 4000 AND stage = 'ner'", 4],
    ["FROM results WHERE (axes->>'tokens') = '4000' AND stage = 'ner'", 4],
    ["FROM results WHERE (axes->>'tokens')::INT = 4000 AND stage = 'ner'", 4],
    ["FROM cells JOIN params USING (key) WHERE name = 'schedule.kind' AND value = 'constant'", 26],
    ["FROM cells JOIN params USING (key) WHERE name LIKE '%Rate' AND number = 1e-3", 26],
    ["FROM cells WHERE param(key, 'schedule.kind') = 'constant'", 26],
    ["FROM cells WHERE param_number(cells.key, 'schedule.learningRate') = 0.001", 26],
    ["SELECT param(key, 'path') AS path FROM cells WHERE path = 'text.txt'", 1],
  ];
  for (const [sql, count] of cases) {
    for await (const { batches } of queryEach(results.path, sql)) {
      assert.equal((await Array.fromAsync(batches)).flat().length, count, sql);
    }
  }
  const mends: readonly [sql: string, mend: RegExp][] = [
    ["FROM results WHERE stage = 'ner' AND axes->>'tokens' = '4000'", /results_of\('experiment'\)/],
    ["FROM results WHERE axes.name = 'a'", /results_of\('experiment'\)/],
    ["SELECT tokens FROM results", /results_of\('experiment'\)/],
    ["FROM results_of('ablaton')", /SELECT experiment FROM experiments/],
    ["FROM means_of('ablaton')", /SELECT experiment FROM experiments/],
    ["SELECT stepss FROM results_of('ablation')", /DESCRIBE/],
  ];
  for (const [sql, mend] of mends) {
    await assert.rejects(queryEach(results.path, sql).next(), (error: unknown) => {
      assert.match((error as { faults: { mend: string }[] }).faults[0]!.mend, mend, sql);
      return true;
    });
  }
});
