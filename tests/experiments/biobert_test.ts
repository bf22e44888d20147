import assert from "node:assert/strict";
import { loadExperiment } from "../../lib/experiment/experiment.ts";
import { readPublished } from "../../lib/run/published.ts";
import { kinds } from "../../lib/tasks/registry.ts";
import { finished, titrate } from "../_support/titrate.ts";
import { TempDir } from "../_support/temp_dir.ts";

const SPEC = new URL("../../experiments/biobert.yaml", import.meta.url).pathname;

interface PlanJson {
  readonly counts: { readonly run: number };
  readonly absentFiles: readonly string[];
  readonly costs: { readonly left: Readonly<Record<"steps" | "tokens" | "flops", number>> };
  readonly prospect: {
    readonly workMs: number;
    readonly assumedMs: number;
    readonly bytes: number;
  };
  readonly tasks: readonly {
    readonly kind: string;
    readonly label: string;
    readonly cost: { readonly steps: number };
  }[];
}

Deno.test("biobert.yaml is planned and costed where neither corpora, benchmarks nor weights are", async (t) => {
  using dir = new TempDir();
  const call = async (...args: string[]) => {
    const env = { TITRATE_DATA: `${dir.path}/nowhere` };
    return await finished(titrate(args, { cwd: dir.path, env }).spawn());
  };
  const { code, stdout, stderr } = await call("plan", SPEC, "--json", "--device", "cpu");
  assert.equal(code, 0, stderr);
  const plan: PlanJson = JSON.parse(stdout);
  const of = (kind: string) => plan.tasks.filter((task) => task.kind === kind);

  await t.step("points of one training are shared, and cost what the paper's do", () => {
    // A trunk and a fall at each of 7 step counts, at 4 corpus sizes, and full text, from PubMed's
    // end and from the general BERT.
    const steps = of("pretrain").reduce((sum, { cost }) => sum + cost.steps, 0);
    assert.equal(steps, 990_000 + 7 * 10_000 + 4 * 200_000 + 2 * 270_000);
    const finetuning = plan.costs.left.steps - steps;
    assert(finetuning > 5e6 && finetuning < 2e7, `${finetuning}`);
    // A step of BERT-base over 192 x 512 pieces takes some 60 TFLOP.
    const flops = plan.costs.left.flops / steps;
    assert(flops > 5e13 && flops < 9e13, `${flops}`);
  });
  await t.step("what is tested was chosen on dev, trained again and scored once", () => {
    // Eight data sets of the tables' five models: twelve candidates each, one choice, three seeds.
    assert.equal(of("choose").length, 8 * 5);
    assert.equal(of("evaluate-ner").length, 8 * 5 * 3);
    const tuned = of("ner").filter(({ label }) => label.includes("_tuned"));
    assert.equal(tuned.length, 8 * 5 * 12);
  });
  await t.step("hours and disk follow from what the spec assumes and declares", () => {
    const { workMs, assumedMs, bytes } = plan.prospect;
    assert.equal(workMs, assumedMs);
    assert(Math.abs(workMs - 1000 * plan.costs.left.flops / 2e14) < 1000);
    // 18 billion words as text, and as pieces of two bytes.
    assert(bytes > 18e9 * 9 && bytes < 18e9 * 12, `${bytes}`);
  });
  await t.step("plan says in words what it goes by", async () => {
    const { code, stdout } = await call("plan", SPEC, "--device", "cpu");
    assert.equal(code, 0);
    assert.match(
      stdout,
      /\n\d+ files are not there, such as \S+: planned by what the spec declares of them; a run needs them, and keys are those of a run only then\n/,
    );
    assert.match(stdout, /of disk, by what the spec assumes and the kinds estimate\n/);
  });
  await t.step("a run names each file that is missing, and how to fetch the model", async () => {
    const { code, stderr } = await call(
      "run",
      SPEC,
      "--device",
      "cpu",
      "--only",
      "stage=squad_bert",
    );
    assert.equal(code, 2);
    assert.match(stderr, /experiments\/biobert\.yaml:\d+:\d+: .*TITRATE_DATA/);
    Deno.mkdirSync(`${dir.path}/nowhere`);
    const again = await call("run", SPEC, "--device", "cpu", "--only", "stage=squad_bert");
    assert.equal(again.code, 2);
    assert.match(again.stderr, /there is no file ".*train-v1\.1\.json"/);
    assert.match(again.stderr, /deno task data fetch/);
  });
});

Deno.test("biobert.yaml names every published value of what it measures, and none of anything else", async () => {
  using dir = new TempDir();
  const env = { TITRATE_DATA: `${dir.path}/nowhere` };
  const { published, requests } = await loadExperiment(SPEC, { kinds, env, allowsAbsent: true });
  const rows = await readPublished(published);
  const measured = new Set(
    requests.flatMap(({ params }) => (params as { readonly benchmark?: string }).benchmark ?? []),
  );
  const named = new Set(rows.flatMap(({ benchmark }) => benchmark ?? []));
  assert.deepEqual([...named].filter((name) => !measured.has(name)), []);
  assert.deepEqual([...measured].filter((name) => !named.has(name)), ["squad"]);
  // What nobody can compare: sums of several, and data sets that this spec does not have.
  const others = rows.filter(({ benchmark, metric }) => benchmark === undefined || !metric);
  assert.deepEqual([...new Set(others.map(({ dataset }) => dataset))], [
    "2010 i2b2/VA",
    "average(4b,5b,6b)",
    "average(3)",
    "all",
    "BioASQ 7b-factoid",
  ]);
});
