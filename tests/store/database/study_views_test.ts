/** Means, gains, the frontier and lineage: what they give, beside the same in TypeScript. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cheapestWithin,
  gainPerDoubling,
  meanOverSeeds,
  pairedDifference,
} from "../../../lib/analysis/cells.ts";
import type { JsonObject } from "../../../lib/base/canonical.ts";
import { queryRows } from "../../../lib/store/database/query.ts";
import { commit, emptyResults, keyOf, recordStudy, type StudyCell } from "../_fixtures.ts";

const SEEDS = [1, 2, 3];
const TOKENS = [100, 200, 800];

const METRICS = {
  unit: "fraction",
  better: "higher",
  isHeadline: true,
  about: "A score.",
} as const;

/** A study of two axes and a start, each cell at three seeds; scores by stage, tokens and seed. */
async function recorded(scoreOf: (tokens: number, steps: number, seed: number) => number) {
  const cellOf = (stage: string, axes: JsonObject, seed: number): StudyCell => {
    const tokens = Number(axes["tokens"] ?? 0), steps = Number(axes["steps"] ?? 0);
    const value = scoreOf(tokens, steps, seed);
    return {
      stage,
      axes: { ...axes, seed },
      kind: "ner",
      outcome: {
        facts: { flops: 10 * tokens + steps, steps },
        scores: [{ benchmark: "ner", metric: "f1", split: "test", value }],
      },
    };
  };
  const starts = SEEDS.map((seed) => cellOf("start", {}, seed));
  const grid = TOKENS.flatMap((tokens) =>
    [4, 8].flatMap((steps) => SEEDS.map((seed) => cellOf("ner", { tokens, steps }, seed)))
  );
  const { results, recorder } = await recordStudy([...starts, ...grid], { ner: { f1: METRICS } });
  await recorder.close();
  return results;
}

const scoreOf = (tokens: number, steps: number, seed: number) =>
  0.2 + 0.05 * Math.log2(1 + tokens) / 3 + 0.01 * steps + 0.013 * seed +
  0.002 * ((seed * tokens) % 7);

const bySeed = (tokens: number, steps: number) =>
  new Map(SEEDS.map((seed) => [seed, scoreOf(tokens, steps, seed)]));

function near(value: unknown, expected: number): void {
  assert.ok(Math.abs(Number(value) - expected) < 1e-6, `${value}, expected ${expected}`);
}

Deno.test("means, gains and frontier give what the same gives in TypeScript", async (t) => {
  using results = await recorded(scoreOf);
  const rows = (sql: string) => queryRows(results.path, sql);

  await t.step("means: over seeds, whose axis is gone from the cell", async () => {
    const found = await rows("FROM means WHERE stage = 'ner' ORDER BY place");
    assert.deepEqual(
      found.map(({ cell }) => cell),
      TOKENS.flatMap((tokens) => [4, 8].map((steps) => ({ steps, tokens }))),
    );
    const best = Math.max(...found.map(({ mean }) => Number(mean)));
    for (const row of found) {
      const { tokens, steps } = row["cell"] as { tokens: number; steps: number };
      const { mean, seeds, deviation, interval } = meanOverSeeds(bySeed(tokens, steps).values());
      near(row["mean"], mean);
      near(row["deviation"], deviation!);
      near(row["low"], interval!.low);
      near(row["high"], interval!.high);
      near(row["distance"], best - mean);
      assert.deepEqual([row["seeds"], row["steps"], row["unit"]], [seeds, steps, "fraction"]);
    }
  });

  await t.step(
    "gains: along an axis, over a whole one, and over a stage, seed by seed",
    async () => {
      const along = await rows(
        "FROM gains WHERE of = 'axis' AND against = 'tokens' AND (cell->>'steps') = '8' ORDER BY from_x",
      );
      assert.deepEqual(along.map(({ from_x, to_x }) => [from_x, to_x]), [[100, 200], [200, 800]]);
      for (const row of along) {
        const [from, to] = [Number(row["from_x"]), Number(row["to_x"])];
        const { mean, interval } = pairedDifference(bySeed(to, 8), bySeed(from, 8))!;
        near(row["gain"], mean);
        near(row["low"], interval!.low);
        near(row["per_doubling"], mean / Math.log2(to / from));
        assert.equal(row["is_better"], interval!.low > 0);
      }
      const [whole] = await rows(
        "FROM gains WHERE of = 'whole axis' AND against = 'tokens' AND (cell->>'steps') = '8'",
      );
      const slope = gainPerDoubling(TOKENS.map((x) => ({ x, values: bySeed(x, 8) })))!;
      near(whole!["per_doubling"], slope.mean);
      near(whole!["per_doubling_low"], slope.interval!.low);
      near(whole!["per_doubling_high"], slope.interval!.high);
      const [over] = await rows(
        "FROM gains WHERE of = 'stage' AND against = 'start' AND cell = '{\"steps\":4,\"tokens\":200}'",
      );
      const { mean, interval } = pairedDifference(bySeed(200, 4), bySeed(0, 0))!;
      near(over!["gain"], mean);
      near(over!["high"], interval!.high);
    },
  );

  await t.step("frontier, and the cheapest within a distance", async () => {
    const means = await rows("FROM means WHERE stage = 'ner' ORDER BY place");
    const costs = means.map(({ flops }) => Number(flops));
    const values = means.map(({ mean }) => Number(mean));
    const found = await rows("FROM frontier WHERE stage = 'ner' ORDER BY flops");
    assert.deepEqual(
      found.map(({ cell }) => cell),
      means.filter((_, i) =>
        costs.every((cost, j) => j === i || cost > costs[i]! || values[j]! < values[i]!)
      ).sort((a, b) => Number(a["flops"]) - Number(b["flops"])).map(({ cell }) => cell),
    );
    const [cheapest] = await rows(
      "FROM means WHERE stage = 'ner' AND distance <= 0.05 ORDER BY flops LIMIT 1",
    );
    const place = cheapestWithin(
      costs.map((cost, i) => ({ cost, value: values[i]! })),
      0.05,
      "higher",
    );
    assert.deepEqual(cheapest!["cell"], means[place!]!["cell"]);
  });
});

Deno.test("means and gains of one seed have no interval, and what is no number takes no part", async () => {
  using results = await recorded((tokens, steps, seed) =>
    seed === 1 ? scoreOf(tokens, steps, seed) : NaN
  );
  const means = await queryRows(results.path, "FROM means");
  assert.equal(means.length, 7);
  for (const { seeds, low, deviation } of means) {
    assert.deepEqual([seeds, low, deviation], [1, null, null]);
  }
  const gains = await queryRows(results.path, "FROM gains WHERE of = 'stage'");
  assert.ok(gains.length > 0);
  for (const { low, is_better } of gains) assert.deepEqual([low, is_better], [null, null]);
});

Deno.test("t95() is Student's quantile, for many degrees of freedom too", async () => {
  using results = await recorded(scoreOf);
  const [row] = await queryRows(
    results.path,
    "SELECT t95(0) AS none, t95(1) AS one, t95(2) AS two, t95(29) AS some, t95(200) AS many",
  );
  assert.equal(row!["none"], null);
  near(row!["one"], 12.7062047);
  near(row!["two"], 4.30265273);
  near(row!["some"], 2.04522964);
  assert.ok(Math.abs(Number(row!["many"]) - 1.9718962) < 1e-5, `${row!["many"]}`);
});

Deno.test("lineage leads from a number to every task it rests on, its line in the spec, and digests of files", async () => {
  using results = await emptyResults();
  const recorder = results.open();
  const digest = "ab".repeat(32);
  const read = (key: number) => [{ key: keyOf(key), output: "" }];
  await commit(results.store, keyOf(1), {
    kind: "corpus",
    params: { sources: [{ path: "text.txt" }] },
  });
  await commit(results.store, keyOf(2), { kind: "vocab" });
  await commit(results.store, keyOf(3), { kind: "shards" });
  recorder.beginRun({
    run: "r1",
    experiment: "e",
    file: "e.yaml",
    files: [],
    startedAt: "2026-01-02T03:04:05Z",
  });
  const cells = ["text", "vocab", "shards"].map((stage, place) => ({
    stage,
    axes: {},
    key: keyOf(place + 1),
    place,
    at: { file: place === 0 ? "base.yaml" : "e.yaml", line: 10 + place },
  }));
  recorder.recordHistory({
    run: "r1",
    experiment: "e",
    identities: [
      [keyOf(1), {
        kind: "corpus",
        params: { sources: [{ path: { sha256: digest } }] },
        inputs: {},
      }],
      [keyOf(2), { kind: "vocab", params: {}, inputs: { corpora: read(1) } }],
      [keyOf(3), { kind: "shards", params: {}, inputs: { corpus: read(1), vocab: read(2) } }],
    ],
    cells,
  });
  recorder.recordCells("e", { cells, replace: true });
  recorder.recordCached(cells.map(({ key }) => key));
  await recorder.close();
  const rows = await queryRows(
    results.path,
    `SELECT distance, right(task_key, 1) AS task, kind, read_as, task_stage, spec_file, spec_line, files
     FROM lineage WHERE stage = 'shards'`,
  );
  const file = `text.txt ${digest}`;
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    [0, "3", "shards", null, "shards", "e.yaml", 12, null],
    [1, "1", "corpus", "corpora, corpus", "text", "base.yaml", 10, file],
    [1, "2", "vocab", "vocab", "vocab", "e.yaml", 11, null],
  ]);
  assert.deepEqual(await queryRows(results.path, "SELECT param, file, sha256 FROM input_files"), [
    { param: "sources[0].path", file: "text.txt", sha256: digest },
  ]);
});

Deno.test("a seed is left out of cells where an axis is nothing but the seed, whatever its name", async () => {
  using results = await emptyResults();
  const names = fc.constantFrom("seed", "fold", "value");
  await fc.assert(
    fc.asyncProperty(names, fc.boolean(), async (name, isSeed) => {
      const recorder = results.open();
      const cells = [1, 2].map((value, place) => ({
        stage: "s",
        axes: { [name]: value, width: 7 },
        key: keyOf(10 + place),
        seed: isSeed ? value : 9,
        place,
      }));
      for (const { key } of cells) {
        await commit(results.store, key, {
          outcome: {
            facts: {},
            scores: [{ benchmark: "b", metric: "m", split: "test", value: 1 }],
          },
        }).catch(() => {});
      }
      recorder.recordCached(cells.map(({ key }) => key));
      recorder.recordCells("e", { cells, replace: true });
      await recorder.close();
      const found = await queryRows(results.path, "SELECT cell FROM means WHERE experiment = 'e'");
      assert.deepEqual(
        found.map(({ cell }) => cell),
        isSeed ? [{ width: 7 }] : [1, 2].map((value) => ({ [name]: value, width: 7 })),
      );
    }),
    { numRuns: 6 },
  );
});
