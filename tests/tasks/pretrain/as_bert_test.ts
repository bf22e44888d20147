/** Pre-training as BERT does it: pairs, static masks, whole words, two lengths, micro-batches. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import type { StoredArtifact } from "../../../lib/graph/task.ts";
import { SafetensorsFile } from "../../../lib/model/weights/safetensors.ts";
import { pretrain } from "../../../lib/tasks/pretrain/kind.ts";
import { testOnEachDevice } from "../../engine/each_device.ts";
import { makeDir, makeDocuments, makeRun, makeShards, PIECES } from "../made_inputs.ts";
import { artifactOf, filesOf, measurements, pretrainings, type Run } from "./made_pretrainings.ts";

const ROOT = makeDir();
const DOCUMENTS = await makeDocuments(join(ROOT, "documents"), { train: 60, validation: 30 });

const PARAMS = {
  model: { layers: 2, hiddenSize: 16, heads: 2, positions: 24, initializerRange: 0.1 },
  steps: 6,
  rowPieces: 20,
  rows: 6,
  schedule: { kind: "constant", learningRate: 5e-3, warmup: 2 },
  evaluation: { rows: 20 },
  seed: 11,
};

const run = pretrainings(PARAMS, DOCUMENTS);

/** A run that starts from the model of another. */
const goOn = (init: Run | StoredArtifact, params: Record<string, unknown> = {}) => {
  const artifact = "context" in init ? artifactOf(init) : init;
  return run({ model: undefined, ...params }, {
    inputs: { corpus: [DOCUMENTS], init: [artifact] },
  });
};

async function assertSameBits(actual: Run, expected: Run): Promise<void> {
  assert.deepEqual(await filesOf(actual), await filesOf(expected));
  assert.deepEqual(actual.outcome.scores, expected.outcome.scores);
}

/** The tensors of a file of a run's artifact. */
async function tensorsOf(
  { context }: Run,
  name = "model.safetensors",
): Promise<ReadonlyMap<string, Float32Array>> {
  using file = await SafetensorsFile.open(join(context.outDir, name));
  const tensors = new Map<string, Float32Array>();
  for (const each of file.entries.keys()) tensors.set(each, await file.read(each));
  return tensors;
}

const warningsOf = ({ events }: Run) =>
  events.flatMap((each) => each.type === "warning" ? [each.message] : []);

Deno.test("pretrain learns which segments follow, and measures it on held-out pairs", async () => {
  const large = await makeDocuments(join(ROOT, "large"), { train: 600, validation: 150 });
  const { outcome, events } = await run({
    model: { layers: 1, hiddenSize: 32, heads: 2, positions: 32, initializerRange: 0.1 },
    nextSentence: true,
    steps: 160,
    rowPieces: 32,
    rows: 32,
    dropout: 0,
    schedule: { kind: "constant", learningRate: 3e-3, warmup: 10 },
    evaluation: { rows: 200 },
  }, { inputs: { corpus: [large] } });
  const told = (step: number, split: string, name: string) =>
    measurements(events).find((each) =>
      each.step === step && each.split === split && each.name === name
    );
  const before = told(0, "validation", "nextSentenceLossNats")!;
  const after = told(160, "validation", "nextSentenceLossNats")!;
  assert(before.value > 0.6 && after.value < 0.5, `${before.value} to ${after.value}`);
  const accuracy = told(160, "validation", "nextSentenceAccuracy")!;
  assert(accuracy.value > 0.75, `${accuracy.value}`);
  assert(accuracy.standardError! > 0 && accuracy.standardError! < 0.1);
  assert(told(160, "train", "nextSentenceLossNats")!.value < 0.6);
  // The loss that is told beside it is of masked pieces alone.
  assert(told(160, "train", "lossNats")!.value > 1);
  const metrics = outcome.scores.map(({ benchmark, metric, split, standardError }) => {
    assert(standardError! > 0, metric);
    return `${benchmark} ${metric} ${split}`;
  });
  assert.deepEqual(
    metrics,
    pretrain.scores!(pretrain.params.parse({ ...PARAMS, nextSentence: true })).map((each) =>
      `${each.benchmark} ${each.metric} ${each.split}`
    ),
  );
});

const EVERYTHING = {
  nextSentence: true,
  masking: "static",
  dupeFactor: 2,
  wholeWords: true,
  microBatch: 3,
};

testOnEachDevice(
  "pretrain on pairs in segments gives the bits of one long run",
  async (_, device) => {
    for (const params of [{ nextSentence: true }, EVERYTHING, { microBatch: 2 }]) {
      const whole = await run(params, { device });
      const early = await run({ ...params, steps: 2 }, { device });
      const late = await run(params, { device, start: { ...artifactOf(early), step: 2 } });
      await assertSameBits(late, whole);
      const sum = early.outcome.facts.ownTokens! + late.outcome.facts.ownTokens!;
      assert.equal(sum, whole.outcome.facts.ownTokens);
    }
  },
);

Deno.test("cpu and tfjs-cpu agree on pairs in micro-batches of a model that is frozen below", async () => {
  const zero = await run({ steps: 0, nextSentence: true });
  const losses: number[][] = [];
  for (const device of ["cpu", "tfjs-cpu"]) {
    const { events } = await run(
      { model: undefined, ...EVERYTHING, steps: 3, frozenLayers: 1, dropout: 0.1 },
      { device, inputs: { corpus: [DOCUMENTS], init: [artifactOf(zero)] } },
    );
    losses.push(measurements(events).map(({ value }) => value));
  }
  losses[0]!.forEach((value, i) => {
    assert(Math.abs(value - losses[1]![i]!) < 1e-3 * Math.max(1, Math.abs(value)), `${i}`);
  });
});

Deno.test("pretrain on pairs, interrupted and run again, gives the bits of one run", async () => {
  const whole = await run({ ...EVERYTHING, measureEvery: 1 });
  const made = await makeRun(pretrain, {
    params: { ...PARAMS, ...EVERYTHING, measureEvery: 1 },
    inputs: { corpus: [DOCUMENTS] },
  });
  const interrupted = pretrain.run({
    ...made.context,
    emit(event) {
      if (event.type === "measurement" && event.step === 3) made.abort.abort(new Error("stop"));
    },
  });
  await assert.rejects(interrupted, { message: "stop" });
  const resumed = await run({ ...EVERYTHING, measureEvery: 1 }, {
    scratchDir: made.context.scratchDir,
  });
  await assertSameBits(resumed, whole);
  assert.deepEqual(measurements(resumed.events), measurements(whole.events));
});

Deno.test("each way to pre-train gives other weights, and a seed the same ones", async () => {
  const seen = new Map<string, string>();
  const ways = [
    {},
    { nextSentence: true },
    { nextSentence: true, shortRows: 0.9 },
    { masking: "static" },
    { masking: "static", dupeFactor: 3 },
    { wholeWords: true },
    { microBatch: 2 },
  ];
  for (const way of ways) {
    const params = { dropout: 0, ...way };
    const [first, second] = [await run(params), await run(params)];
    await assertSameBits(second, first);
    const digest = (await filesOf(first))["model.safetensors"]!;
    assert.equal(seen.get(digest), undefined, JSON.stringify(way));
    seen.set(digest, JSON.stringify(way));
  }
});

Deno.test("pretrain on pairs uses only the prefix that tokens asks for", async () => {
  const small = await makeDocuments(join(ROOT, "small"), { train: 20, validation: 30 });
  const { tokens } = JSON.parse(await Deno.readTextFile(join(small.dir, "shards.json")));
  const alone = await run({ nextSentence: true }, { inputs: { corpus: [small] } });
  await assertSameBits(await run({ nextSentence: true, tokens: tokens.train }), alone);
  // A document that is cut gives the sentences that are whole.
  await assertSameBits(await run({ nextSentence: true, tokens: tokens.train - 1 }), alone);
});

Deno.test("pooler and next-sentence head are part of the model, and kept by what trains neither", async () => {
  const heads = [
    "bert.pooler.dense.bias",
    "bert.pooler.dense.weight",
    "cls.seq_relationship.bias",
    "cls.seq_relationship.weight",
  ];
  const first = await run({ nextSentence: true });
  const trained = await tensorsOf(first);
  for (const name of heads) assert(trained.get(name)!.some((value) => value !== 0), name);
  const second = await goOn(first);
  const kept = await tensorsOf(second);
  for (const name of heads) assert.deepEqual(kept.get(name), trained.get(name), name);
  assert.deepEqual(warningsOf(second), [
    "kept as they are, as nothing here trains them: bert.pooler.dense.weight, " +
    "bert.pooler.dense.bias, cls.seq_relationship.weight, cls.seq_relationship.bias",
  ]);
  // And they are gone on from where they are trained again.
  const third = await goOn(second, { nextSentence: true, steps: 0 });
  assert.deepEqual(await tensorsOf(third), kept);
  assert.deepEqual(warningsOf(third), []);
  const without = await tensorsOf(await run());
  assert(heads.every((name) => !without.has(name)));
});

Deno.test("head: fresh draws what stands above the encoder, and keeps the encoder", async () => {
  const first = await run({ nextSentence: true });
  const before = await tensorsOf(first);
  const fresh = await tensorsOf(await goOn(first, { steps: 0, head: "fresh" }));
  const drawn = [...fresh.keys()].filter((name) => name.startsWith("cls."));
  assert(drawn.length === 5 && !fresh.has("bert.pooler.dense.weight"));
  for (const [name, values] of fresh) {
    const isSame = values.every((value, i) => value === before.get(name)![i]);
    assert.equal(isSame, !drawn.includes(name), name);
  }
});

Deno.test("frozen layers keep their bits, have no moments, and cost less", async () => {
  const first = await run({ nextSentence: true });
  const before = await tensorsOf(first);
  const flops = new Map<number | undefined, number>();
  for (const frozenLayers of [undefined, 0, 1, 2]) {
    const params = { nextSentence: true, frozenLayers };
    const made = await goOn(first, params);
    flops.set(frozenLayers, made.outcome.facts.ownFlops!);
    const moments = await tensorsOf(made, "optimizer.safetensors");
    for (const [name, values] of await tensorsOf(made)) {
      const layer = /layer\.(\d)/.exec(name)?.[1];
      const depth = name.includes("embeddings") ? 0 : layer === undefined ? 9 : 1 + Number(layer);
      const isFrozen = frozenLayers !== undefined && depth <= frozenLayers;
      const isSame = values.every((value, i) => value === before.get(name)![i]);
      assert.equal(isSame, isFrozen, `${name} with ${frozenLayers} frozen`);
      assert.equal(moments.has(`first/${name}`), !isFrozen, name);
    }
    // A checkpoint of it is gone on from.
    const early = await goOn(first, { ...params, steps: 2 });
    const late = await run({ ...params, model: undefined }, {
      inputs: { corpus: [DOCUMENTS], init: [artifactOf(first)] },
      start: { ...artifactOf(early), step: 2 },
    });
    await assertSameBits(late, made);
  }
  const spent = [...flops.values()];
  assert.deepEqual(spent, spent.toSorted((a, b) => b - a));
  assert.equal(new Set(spent).size, 4);
});

Deno.test("two phases of length: places beyond the first one are trained in the second alone", async () => {
  const optimizer = { weightDecay: 0 };
  const short = { rowPieces: 8, steps: 6, optimizer };
  const long = { rowPieces: 24, rows: 2, steps: 6, optimizer };
  const drawn = await tensorsOf(await run({ ...short, steps: 0 }));
  const first = await run(short), ofFirst = await tensorsOf(first);
  const second = await goOn(first, long), ofSecond = await tensorsOf(second);
  const name = "bert.embeddings.position_embeddings.weight", width = 16;
  const place = (tensors: typeof drawn, at: number) =>
    tensors.get(name)!.slice(width * at, width * (at + 1));
  for (let at = 0; at < 24; at++) {
    const isTrained = String(place(ofFirst, at)) !== String(place(drawn, at));
    assert.equal(isTrained, at < 8, `place ${at} in the first phase`);
    assert.notDeepEqual(place(ofSecond, at), place(ofFirst, at), `place ${at} in the second`);
  }
  // What both spent adds up, each at its own length.
  const { flops, ownFlops, pretrainings } = second.outcome.facts;
  assert.equal(flops, first.outcome.facts.flops! + ownFlops!);
  assert.equal(pretrainings, 2);
  const early = await goOn(first, { ...long, steps: 2 });
  const late = await run({ model: undefined, ...long }, {
    inputs: { corpus: [DOCUMENTS], init: [artifactOf(first)] },
    start: { ...artifactOf(early), step: 2 },
  });
  await assertSameBits(late, second);
});

Deno.test("moments begin at zero with another training, and are carried on where that is asked for", async () => {
  const first = await run({ dropout: 0 });
  const one = { steps: 1, dropout: 0, schedule: { kind: "constant", learningRate: 1e-4 } };
  const fresh = await goOn(first, one), carried = await goOn(first, { ...one, carryMoments: true });
  const [before, without, withThem] = await Promise.all(
    [first, fresh, carried].map((each) => tensorsOf(each, "optimizer.safetensors")),
  );
  for (const [name, values] of withThem!) {
    const beta = name.startsWith("first/") ? 0.9 : 0.999;
    values.forEach((value, i) => {
      const wanted = beta * before!.get(name)![i]! + without!.get(name)![i]!;
      assert(Math.abs(value - wanted) <= 1e-6 * Math.max(1e-3, Math.abs(wanted)), `${name} ${i}`);
    });
  }
  assert.deepEqual(pretrain.readsState!(carried.context.params), ["init"]);
  assert.deepEqual(pretrain.readsState!(fresh.context.params), []);
  // A head that the first training had not begins at zero, and that is told.
  const more = await goOn(first, { ...one, carryMoments: true, nextSentence: true });
  assert(warningsOf(more).some((each) => /^moments begin at 0.* bert\.pooler/.test(each)));
  await Deno.remove(join(first.context.outDir, "optimizer.safetensors"));
  await assert.rejects(goOn(first, { ...one, carryMoments: true }), (error: ExperimentError) => {
    assert.equal(error.code, "tasks/checkpoint");
    assert.match(error.message, /^moments are to be carried on, but the model was kept without/);
    return true;
  });
});

Deno.test("held-out text is masked at 15 percent, piece by piece, however training masks", async () => {
  const lossOf = async (params: Record<string, unknown>) => {
    const { events } = await run({ steps: 0, ...params });
    return measurements(events).filter(({ name }) => !name.startsWith("next")).map(({ value }) =>
      value
    );
  };
  const plain = await lossOf({});
  const ways = [
    { maskRate: 0.5 },
    { maxPredictions: 1 },
    { wholeWords: true },
    { masking: "static" },
    { nextSentence: true },
  ];
  for (const way of ways) assert.deepEqual(await lossOf(way), plain, JSON.stringify(way));
});

Deno.test("a whole epoch of static copies meets the same batches again in the next", async () => {
  const tiny = await makeShards(join(ROOT, "tiny"), { train: 18 * 4, validation: 300 });
  const losses = async (params: Record<string, unknown>) => {
    const { events } = await run({
      rows: 4,
      steps: 4,
      dropout: 0,
      measureEvery: 1,
      schedule: { kind: "constant", learningRate: 1e-12 },
      ...params,
    }, { inputs: { corpus: [tiny] } });
    const norms = measurements(events).filter(({ name }) => name === "gradientNorm");
    return norms.map(({ value }) => value);
  };
  // Rows come in another order, so the sums of float32 are about the same.
  const near = (a: number, b: number) => Math.abs(a - b) < 1e-4 * a;
  const fixed = await losses({ masking: "static", dupeFactor: 1 });
  assert(fixed.every((each) => near(each, fixed[0]!)), fixed.join(" "));
  const anew = await losses({ masking: "dynamic" });
  assert(anew.slice(1).every((each) => !near(each, anew[0]!)), anew.join(" "));
});

Deno.test("pretrain's estimate is what it spends: pairs, frozen layers, lengths and micro-batches", async () => {
  const vocab = { kind: "vocab", params: { size: PIECES.length }, inputs: {} };
  const corpus = { kind: "shards", params: {}, inputs: { vocab: [vocab] } };
  const zero = await run({ steps: 0 });
  const upstream = { kind: "pretrain", params: zero.context.params as never, inputs: {} };
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.constantFrom(undefined, 0, 1, 2),
      fc.constantFrom(undefined, 2, 3),
      fc.constantFrom(12, 20),
      async (nextSentence, frozenLayers, microBatch, rowPieces) => {
        const made = await goOn(zero, {
          nextSentence,
          frozenLayers,
          microBatch,
          rowPieces,
          steps: 1,
        });
        const init = { ...upstream, inputs: { corpus: [corpus] } };
        const estimate = pretrain.estimate!(made.context.params, {
          corpus: [corpus],
          init: [init],
        });
        assert.equal(estimate.flops, made.outcome.facts.ownFlops);
        const { tokens } = estimate, seen = made.outcome.facts.ownTokens!;
        assert(nextSentence ? seen <= tokens! && seen > 0.5 * tokens! : seen === tokens);
      },
    ),
    { numRuns: 12 },
  );
});

Deno.test("text without sentences or documents is refused for pairs, or told", async () => {
  const rejected = async (corpus: StoredArtifact, code: string, message: RegExp) =>
    await assert.rejects(
      run({ nextSentence: true }, { inputs: { corpus: [corpus] } }),
      (error: ExperimentError) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      },
    );
  const stream = await makeShards(join(ROOT, "stream"), { train: 3000, validation: 600 });
  await rejected(stream, "train/pairs", /^the validation split has no sentence, and next-sentence/);
  const single = await makeDocuments(join(ROOT, "single"), {
    train: 50,
    validation: 20,
    sentences: 1,
  });
  await rejected(single, "train/pairs", /^in none of the 20 documents of the validation split/);
  const old = await makeDocuments(join(ROOT, "old"), { train: 50, validation: 20 });
  await Deno.remove(join(old.dir, "train.sentences.bin"));
  await rejected(old, "text/bad-shards", /^the shards do not say where their sentences end/);
  // Without pairs it is as good as ever.
  await run({ steps: 1 }, { inputs: { corpus: [old] } });
});

Deno.test("pretrain says what of BERT's recipe does not fit a model", async () => {
  const first = await run({ steps: 0 });
  await assert.rejects(goOn(first, { frozenLayers: 3 }), (error: ExperimentError) => {
    assert.equal(error.code, "model/config");
    assert.equal(error.message, "3 layers are to be frozen of a model of 2");
    return true;
  });
  const config = join(first.context.outDir, "config.json");
  const written = JSON.parse(await Deno.readTextFile(config));
  await Deno.writeTextFile(config, JSON.stringify({ ...written, type_vocab_size: 1 }));
  await assert.rejects(goOn(first, { nextSentence: true }), (error: ExperimentError) => {
    assert.equal(error.message, "the model has one token type, and pairs of segments take two");
    return true;
  });
});

Deno.test("pretrain.check() finds what of BERT's recipe does not go together", () => {
  const faults = (params: Record<string, unknown>, roles: readonly string[] = ["corpus"]) =>
    pretrain.check!(pretrain.params.parse({ ...PARAMS, ...params }), roles)
      .map(({ path, message, isWarning }) => `${isWarning ? "warns: " : ""}${path}: ${message}`);
  const init = { model: undefined }, roles = ["corpus", "init"];
  assert.deepEqual(faults(EVERYTHING), []);
  assert.deepEqual(
    faults({ ...init, frozenLayers: 1, head: "fresh", carryMoments: true }, roles),
    [],
  );
  assert.deepEqual(faults({ microBatch: 4 }), [
    "microBatch: a batch of 6 rows does not divide into micro-batches of 4",
  ]);
  assert.deepEqual(faults({ microBatch: 12 }), [
    "microBatch: a batch of 6 rows does not divide into micro-batches of 12",
  ]);
  assert.deepEqual(faults({ shortRows: 0.2 }), [
    "shortRows: rows are short only where they are pairs",
  ]);
  assert.deepEqual(faults({ dupeFactor: 5 }), [
    "dupeFactor: copies of the corpus are of static masking alone",
  ]);
  assert.deepEqual(faults({ head: "fresh", carryMoments: true }), [
    "head: head is of a model to start from, and there is none",
    "carryMoments: carryMoments is of a model to start from, and there is none",
  ]);
  assert.deepEqual(
    faults({ ...init, carryMoments: true, optimizer: { biasCorrection: true } }, roles),
    ["carryMoments: moments that are carried on do not begin at zero, which bias correction is for"],
  );
  assert.deepEqual(faults({ frozenLayers: 3 }), [
    "frozenLayers: 3 layers are to be frozen of a model of 2",
  ]);
  assert.deepEqual(faults({ frozenLayers: 1 }), [
    "warns: frozenLayers: layers of a fresh model stay as they are drawn",
  ]);
});

Deno.test("pretrain's optimizer is BERT's unless the spec says otherwise", () => {
  assert.deepEqual(pretrain.params.parse(PARAMS).optimizer, {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-6,
    weightDecay: 0.01,
    biasCorrection: false,
    clipNorm: 1,
  });
});
