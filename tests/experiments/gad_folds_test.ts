import assert from "node:assert/strict";
import { loadExperiment } from "../../lib/experiment/experiment.ts";
import { kinds } from "../../lib/tasks/registry.ts";
import { DATA_DIR, testOnData } from "../_support/data.ts";

testOnData("gad_folds.yaml: a fold is a cell, and all start from one model", {
  needs: "re/gad_10fold/10/test.tsv.gz",
  run: async () => {
    const spec = new URL("../../experiments/gad_folds.yaml", import.meta.url).pathname;
    const { requests, warnings } = await loadExperiment(spec, {
      kinds,
      env: { TITRATE_DATA: DATA_DIR },
    });
    assert.deepEqual(warnings, []);
    const at = (stage: string) => requests.filter(({ cell }) => cell.stage === stage).length;
    assert.deepEqual(["start", "gad", "relations", "folds"].map(at), [1, 10, 10, 1]);
    const [mean] = requests.filter(({ cell }) => cell.stage === "folds");
    assert.equal(mean!.inputs["of"]!.length, 10);
  },
});
