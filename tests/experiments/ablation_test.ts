import assert from "node:assert/strict";
import { finished, titrate } from "../_support/titrate.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The cells of the default grid that stand neither in its last row nor in its last column. */
const INNER = [1000, 4000, 16000].flatMap((tokens) =>
  [75, 150, 300].map((steps) => `{ tokens: ${tokens}, steps: ${steps} }`)
);

Deno.test("ablation.yaml shows that domain pre-training helps, beyond more training", async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "titrate-ablation-" });
  const call = async (...args: string[]) => {
    const { code, stdout, stderr } = await finished(titrate(args, { cwd: dir }).spawn());
    assert.equal(code, 0, stderr);
    return stdout;
  };
  try {
    const spec = `${ROOT}experiments/ablation.yaml`;
    await call("run", spec, "--set", `exclude=[${INNER.join(", ")}]`);
    const json = await call(
      "sql",
      `SELECT stage, benchmark, axes->>'tokens' AS tokens, axes->>'steps' AS steps, avg(value) AS mean
       FROM results WHERE (metric = 'f1' AND split = 'test') OR metric = 'lossNats'
       GROUP BY ALL`,
      "--format",
      "json",
    );
    const rows: Record<string, string | number | null>[] = JSON.parse(json);
    const mean = (stage: string, cell: { tokens?: number; steps?: number } = {}): number => {
      const found = rows.filter((row) =>
        row["stage"] === stage && row["tokens"] === (cell.tokens?.toString() ?? null) &&
        row["steps"] === (cell.steps?.toString() ?? null)
      );
      assert.equal(found.length, 1, `one row of ${stage} ${JSON.stringify(cell)}`);
      return Number(found[0]!["mean"]);
    };
    const most = { tokens: 64000, steps: 600 };

    await t.step("NER is 20 points above step 0 and 15 above the general-text control", () => {
      const f1 = mean("ner", most);
      assert.ok(f1 >= mean("ner_start") + 0.2, `${f1} against ${mean("ner_start")}`);
      assert.ok(f1 >= mean("ner_control") + 0.15, `${f1} against ${mean("ner_control")}`);
    });
    for (const stage of ["relations", "questions"]) {
      await t.step(
        `${stage}: 40 points above step 0, the general-text control, and little text`,
        () => {
          const f1 = mean(stage, most);
          const others = [
            mean(`${stage}_start`),
            mean(`${stage}_control`),
            mean(stage, { ...most, tokens: 1000 }),
          ];
          assert.ok(f1 >= Math.max(...others) + 0.4, `${f1} against ${others}`);
        },
      );
    }
    await t.step("held-out loss falls with corpus size at the most steps", () => {
      const losses = [1000, 4000, 16000, 64000].map((tokens) =>
        mean("pretrain", { ...most, tokens })
      );
      assert.deepEqual(losses, losses.toSorted((a, b) => b - a), String(losses));
    });
    await t.step("held-out loss falls with steps at the largest corpus", () => {
      const losses = [75, 150, 300, 600].map((steps) => mean("pretrain", { ...most, steps }));
      assert.deepEqual(losses, losses.toSorted((a, b) => b - a), String(losses));
    });
  } finally {
    await new Deno.Command("chmod", { args: ["-R", "u+w", dir] }).output();
    await Deno.remove(dir, { recursive: true });
  }
});
