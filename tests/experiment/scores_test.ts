/** Scores that differ from cell to cell, as the kinds that reduce them ask for them. */
import assert from "node:assert/strict";
import { kinds } from "../../lib/tasks/registry.ts";
import { faultsOf, load } from "./_load.ts";

const spec = (best: string, mean = "{ uses: mean, over: [seed], with: { of: $(stages.tune) } }") =>
  `axes: { set: [first, second], rate: [1e-5, 2e-5], seed: [1, 2] }
stages:
  data: { uses: synthetic-world }
  vocab: { uses: vocab, with: { corpora: [$(stages.data.general)], size: 300 } }
  shards: { uses: shards, with: { corpus: $(stages.data.general), vocab: $(stages.vocab) } }
  model:
    uses: pretrain
    with:
      corpus: $(stages.shards)
      model: { preset: bert-pico }
      steps: 1
      schedule: { kind: constant, learningRate: 1e-3 }
      seed: 1
  tune:
    uses: ner
    with:
      benchmark: $(axis.set)
      model: $(stages.model)
      data: $(stages.data.ner)
      learningRate: $(axis.rate)
      seed: $(axis.seed)
      evaluate: [dev]
  seeds: ${mean}
  best: ${best}
fits:
  curve: { stage: seeds, benchmark: second, metric: f1, split: dev, against: steps }
`;

const choose = (more = "", over = "rate") =>
  `{ uses: choose, over: [${over}], with: { candidates: $(stages.seeds), metric: f1${more} } }`;

Deno.test("a choice at each data set needs no benchmark, one over data sets does", async () => {
  const { requests } = await load(spec(choose()), { kinds });
  assert.equal(requests.filter(({ cell }) => cell.stage === "best").length, 2);
  assert.match(
    await faultsOf(spec(choose("", "rate, set")), { kinds }),
    /stage "best": the candidates are scored on several data sets: first, second \[experiment\/params\]\n {2}mend: name one of them as benchmark/,
  );
});

Deno.test("a choice by a benchmark that some candidates are not scored on is refused", async () => {
  assert.match(
    await faultsOf(spec(choose(", benchmark: first")), { kinds }),
    /stage "best": the candidates have no f1 on dev of first/,
  );
});

Deno.test("a mean over cells that are scored differently is refused before anything runs", async () => {
  const over = "{ uses: mean, over: [set, seed], with: { of: $(stages.tune) } }";
  assert.match(
    await faultsOf(spec(choose(", benchmark: first"), over), { kinds }),
    /stage "seeds": not all cells that are averaged have precision of first dev, .* and \d+ more \[experiment\/params\]\n {2}mend: average cells of one data set/,
  );
});
