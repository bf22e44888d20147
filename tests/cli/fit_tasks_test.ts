import assert from "node:assert/strict";
import { TASKS, TinyStudy } from "./tiny_study.ts";

const FITS = `fits:
  by_steps: { stage: pretrain, benchmark: mlm, metric: lossNats, split: validation, against: steps }
  of_seeds:
    stage: pretrain
    benchmark: mlm
    metric: lossNats
    split: validation
    against: seenTokens
    by: [seed]
  size:
    stage: pretrain
    benchmark: mlm
    metric: lossNats
    split: validation
    form: chinchilla
    against: [parameters, seenTokens]
`;

/** Tasks of the fits: one, one for each of two seeds, and one. */
const FIT_TASKS = 4;

async function studyWithFits(): Promise<TinyStudy> {
  const study = await TinyStudy.make();
  await study.write("study.yaml", `${await Deno.readTextFile(study.path("study.yaml"))}${FITS}`);
  await study.edit("steps: [2, 4]", "steps: [1, 2, 3, 4]");
  return study;
}

Deno.test("a fit is a task: cached, explained, recorded, and made anew with its cells", async (t) => {
  await using study = await studyWithFits();
  const first = await study.run();
  const total = TASKS + 8 + FIT_TASKS;
  await t.step("it runs once, in its place among the cells", async () => {
    assert.deepEqual(first.tasks, { total, cached: 0, ran: total, failed: 0 });
    const cells = await study.sql(
      "SELECT stage, axes FROM cells JOIN tasks USING (key) WHERE kind = 'fit' ORDER BY ALL",
    );
    assert.deepEqual(cells, [
      { stage: "fits.by_steps", axes: {} },
      { stage: "fits.of_seeds", axes: { seed: 1 } },
      { stage: "fits.of_seeds", axes: { seed: 2 } },
      { stage: "fits.size", axes: {} },
    ]);
  });
  await t.step("its row tells the task that made it", async () => {
    const rows = await study.sql(
      `SELECT fit, against, points, fits.form, tasks.kind FROM fits JOIN tasks USING (key)
       ORDER BY fit, cell`,
    );
    const saturating = "limit + amplitude * x^-exponent";
    assert.deepEqual(rows, [
      { fit: "by_steps", against: "steps", points: 8, form: saturating, kind: "fit" },
      { fit: "of_seeds", against: "seen_tokens", points: 4, form: saturating, kind: "fit" },
      { fit: "of_seeds", against: "seen_tokens", points: 4, form: saturating, kind: "fit" },
      {
        fit: "size",
        against: "parameters, seen_tokens",
        points: 8,
        form: "E + A / N^alpha + B / D^beta",
        kind: "fit",
      },
    ]);
    const said = first.fits.find(({ fit }) => fit === "of_seeds") as unknown as {
      warnings: string[];
    };
    assert.match(said.warnings.join(), /of one training|no dependence on x|metric turns|rises/);
  });
  await t.step("a rerun fits nothing and tells the same", async () => {
    const again = await study.run();
    assert.deepEqual(again.tasks, { total, cached: total, ran: 0, failed: 0 });
    assert.deepEqual(again.fits, first.fits);
  });
  await t.step("another form is another task, the cells stay", async () => {
    await study.edit("form: chinchilla", "form: kaplan");
    const planned = await study.call("explain", "study.yaml");
    assert.match(planned.stdout, /fits\.size[^]*params\.form/);
    const { tasks } = await study.run();
    assert.deepEqual([tasks.ran, tasks.failed], [1, 0]);
  });
  await t.step("a cell that is gone is made anew though its fits are there", async () => {
    const [{ key }] = await study.sql(
      "SELECT key FROM cells WHERE stage = 'ner' AND (axes->>'steps') = '4' AND seed = 1",
    );
    const [{ key: trained }] = await study.sql(
      "SELECT key FROM cells WHERE stage = 'pretrain' AND (axes->>'steps') = '4' AND seed = 1",
    );
    for (const each of [key, trained]) {
      await Deno.remove(study.path(`results/store/objects/${each.slice(0, 2)}/${each}`), {
        recursive: true,
      });
    }
    const { tasks } = await study.run();
    assert.deepEqual([tasks.ran, tasks.failed], [2, 0]);
  });
});

Deno.test("a fit of which a cell failed goes through the others, and says so", async () => {
  await using study = await studyWithFits();
  await study.run("--only", "steps=1,2,3");
  const { fits } = await study.run("--only", "steps=1,2,3");
  const [fit] = fits as unknown as { points: number; key?: string; warnings: string[] }[];
  assert.equal(fit!.points, 6);
  assert.equal(fit!.key, undefined);
  assert.ok(
    fit!.warnings.includes("2 of 8 cells have no score mlm validation lossNats yet"),
    fit!.warnings.join(),
  );
});
