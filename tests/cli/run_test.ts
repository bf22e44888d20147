import assert from "node:assert/strict";
import { until } from "../_support/until.ts";
import { finished } from "../_support/titrate.ts";
import { TASKS, TinyStudy } from "./tiny_study.ts";

Deno.test("run: what is cached is never run again, and only what changed is", async (t) => {
  await using study = await TinyStudy.make();

  await t.step("the first run does everything and ends with one JSON line", async () => {
    const { tasks, experiment, run, elapsedMs } = await study.run();
    assert.deepEqual(tasks, { total: TASKS, cached: 0, ran: TASKS, failed: 0 });
    assert.equal(experiment, "study");
    assert.match(run, /^\d{8}T\d{6}Z-[0-9a-f]{4}$/);
    assert.ok(elapsedMs > 0);
  });

  await t.step("the second does nothing", async () => {
    assert.deepEqual((await study.run()).tasks, { total: TASKS, cached: TASKS, ran: 0, failed: 0 });
  });

  await t.step("a comment, a stage's name and the order of keys rerun nothing", async () => {
    await study.edit("about: a study", "# why not\nabout: a study");
    await study.edit("  entities:\n", "  mentions:\n");
    await study.edit("$(stages.entities)", "$(stages.mentions)");
    await study.edit(
      "      rowPieces: 16\n      rows: 4\n",
      "      rows: 4\n      rowPieces: 16\n",
    );
    assert.deepEqual((await study.run()).tasks, { total: TASKS, cached: TASKS, ran: 0, failed: 0 });
  });

  await t.step("another NER parameter reruns NER alone", async () => {
    await study.edit("      steps: 2\n", "      steps: 3\n");
    assert.equal((await study.run()).tasks.ran, 4);
    const kinds = await study.sql(
      "SELECT kind, count(*) AS n FROM tasks GROUP BY kind ORDER BY kind",
    );
    assert.deepEqual(kinds.find(({ kind }) => kind === "ner"), { kind: "ner", n: 8 });
    assert.deepEqual(kinds.find(({ kind }) => kind === "pretrain"), { kind: "pretrain", n: 4 });
  });

  await t.step("one more step count runs only its own training and scoring", async () => {
    await study.edit("steps: [2, 4]", "steps: [2, 3, 4]");
    const { tasks } = await study.run();
    assert.deepEqual(tasks, { total: TASKS + 4, cached: TASKS, ran: 4, failed: 0 });
  });

  await t.step("every measurement stands in the view results, with its columns", async () => {
    const columns = await study.sql("SELECT column_name FROM (DESCRIBE results)");
    assert.deepEqual(
      columns.map(({ column_name }) => column_name).join(),
      "experiment,stage,key,axes,benchmark,metric,split,seed,value,standard_error,unit,better," +
        "is_current,place,kind,steps,unique_tokens,seen_tokens,flops,parameters,epochs," +
        "all_tokens,further_share,held_out_loss_nats,learning_rate_share,pretrainings,own_steps,own_tokens,own_flops",
    );
    const rows = await study.sql(
      `SELECT axes, seed, steps, seen_tokens, value FROM results
       WHERE stage = 'pretrain' AND metric = 'lossNats' ORDER BY steps, seed`,
    );
    assert.deepEqual(rows.map(({ axes, seed, steps }) => [axes, seed, steps]), [
      [{ steps: 2, seed: 1 }, 1, 2],
      [{ steps: 2, seed: 2 }, 2, 2],
      [{ steps: 3, seed: 1 }, 1, 3],
      [{ steps: 3, seed: 2 }, 2, 3],
      [{ steps: 4, seed: 1 }, 1, 4],
      [{ steps: 4, seed: 2 }, 2, 4],
    ]);
    // Rows of 16 pieces, of which [CLS] and [SEP] are no text: 4 rows of 14 a step.
    assert.deepEqual(rows.map((row) => row.seen_tokens), [112, 112, 168, 168, 224, 224]);
    for (const { value } of rows) assert.ok(value > 1 && value < 10, String(value));
    const scores = await study.sql("SELECT count(*) AS n FROM results WHERE stage = 'ner'");
    assert.deepEqual(scores, [{ n: 6 * 2 * 3 }]);
  });
});

Deno.test("run --only runs the cells asked for, and what they need", async () => {
  await using study = await TinyStudy.make();
  const { tasks } = await study.run("--only", "steps=4", "--only", "seed=2");
  assert.deepEqual(tasks, { total: 6, cached: 0, ran: 6, failed: 0 });
  assert.deepEqual((await study.run()).tasks, { total: TASKS, cached: 6, ran: 6, failed: 0 });
});

Deno.test("run --only touches its own cells alone: those that it leaves out keep their results", async () => {
  await using study = await TinyStudy.make();
  await study.run();
  await study.edit("      steps: 2\n", "      steps: 3\n");
  await study.run("--only", "steps=4");
  const cells = `SELECT DISTINCT stage, (axes->>'steps')::INT AS steps FROM results
    WHERE benchmark <> 'leakage' ORDER BY ALL`;
  assert.deepEqual(await study.sql(cells), [
    { stage: "ner", steps: 2 },
    { stage: "ner", steps: 4 },
    { stage: "pretrain", steps: 2 },
    { stage: "pretrain", steps: 4 },
  ]);
});

Deno.test("run gives the same bits whatever --jobs is and wherever it starts", async () => {
  await using one = await TinyStudy.make();
  await using two = await TinyStudy.make();
  await one.run("--jobs", "1", "--only", "steps=4");
  await two.run("--jobs", "3", "--keep-optimizer");
  const digests = async (study: TinyStudy) => {
    const rows = await study.sql(
      `SELECT key FROM cells WHERE stage = 'pretrain'
       AND (axes->>'steps') = '4' ORDER BY key`,
    );
    return await Promise.all(rows.map(async ({ key }) => {
      const path = study.path(`results/store/objects/${key.slice(0, 2)}/${key}/artifact.json`);
      const { files } = JSON.parse(await Deno.readTextFile(path));
      return files.filter(({ path }: { path: string }) => path.endsWith(".safetensors"))
        .map(({ path, sha256 }: { path: string; sha256: string }) => ({ path, sha256 }));
    }));
  };
  const [first, second] = [await digests(one), await digests(two)];
  assert.equal(first.length, 2);
  assert.ok(first.every((files) => files.length === 2));
  assert.deepEqual(first, second);
});

Deno.test("run goes on after Ctrl-C, which ends it with 130", async () => {
  await using study = await TinyStudy.make();
  await study.run("--only", "stage=shards");
  // Long enough that it cannot be done before the signal comes.
  await study.edit("steps: [2, 4]", "steps: [2, 200000]");
  const child = study.start("run", "study.yaml", "--json", "--only", "stage=pretrain");
  const ended = finished(child);
  await until(
    "the long training runs",
    async () =>
      (await study.sql("SELECT max(step) AS step FROM measurements WHERE name = 'lossNats'"))[0]
          .step >= 2 &&
      (await study.sql("SELECT count(*) AS n FROM tasks WHERE state = 'running'"))[0].n > 0,
  );
  child.kill("SIGINT");
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /interrupted pretrain\{steps=200000, seed=[12]\}/);
  assert.match(stderr, /interrupted; the same command goes on where it stopped/);
  assert.equal(JSON.parse(stdout).tasks.failed, 0);
  assert.deepEqual(await study.sql("SELECT DISTINCT status FROM runs ORDER BY 1"), [
    { status: "done" },
    { status: "interrupted" },
  ]);
  assert.deepEqual(await study.sql("SELECT DISTINCT state FROM tasks ORDER BY 1"), [
    { state: "done" },
    { state: "interrupted" },
  ]);
  const resumed = await study.run("--set", "axes.steps=[2]", "--only", "stage=pretrain");
  assert.deepEqual(resumed.tasks, { total: 5, cached: 5, ran: 0, failed: 0 });
});

Deno.test("run: a failed task fails its cone alone, and the exit code is 1", async () => {
  await using study = await TinyStudy.make();
  await study.write("test.tsv", "The\tO\nalpha\n");
  const { code, stdout, stderr } = await study.call("run", "study.yaml", "--json");
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(stdout).tasks, { total: TASKS, cached: 0, ran: 7, failed: 5 });
  assert.match(stderr, /failed {3}entities\ntest\.tsv:2: .* \[benchmarks\/no-tag\]\n {2}mend: /);
  assert.match(stderr, /skipped {2}ner\{steps=\d, seed=\d\}, .* and 1 more: entities failed/);
  assert.doesNotMatch(stderr, /^\s+at .*\.ts:/m);
  assert.deepEqual(
    await study.sql("SELECT kind, state, count(*) AS n FROM tasks GROUP BY ALL ORDER BY ALL"),
    [
      { kind: "conll", state: "failed", n: 1 },
      { kind: "corpus", state: "done", n: 1 },
      { kind: "ner", state: "skipped", n: 4 },
      { kind: "pretrain", state: "done", n: 4 },
      { kind: "shards", state: "done", n: 1 },
      { kind: "vocab", state: "done", n: 1 },
    ],
  );

  await study.write("test.tsv", "The\tO\nalpha\tB\n");
  assert.deepEqual((await study.run()).tasks, { total: TASKS, cached: 7, ran: 5, failed: 0 });
});

Deno.test("sql answers from another process while a run is on", async () => {
  await using study = await TinyStudy.make();
  await study.edit("steps: [2, 4]", "steps: [2, 200000]");
  const child = study.start("run", "study.yaml");
  const ended = finished(child);
  await until("there are rows", async () => {
    const { code, stdout } = await study.call("sql", "SELECT * FROM results", "--format", "csv");
    return code === 0 && stdout.split("\n").length > 2;
  });
  assert.match((await study.call("status")).stdout, /study .* running /);
  child.kill("SIGTERM");
  assert.equal((await ended).code, 130);
});

Deno.test("run: a reader of its output that goes away (| head) stops nothing, and says nothing", async () => {
  await using study = await TinyStudy.make();
  await study.write("test.tsv", "The\tO\nalpha\n");
  for (const [mended, exitCode, status] of [[false, 1, "failed"], [true, 0, "done"]] as const) {
    if (mended) await study.write("test.tsv", "The\tO\nalpha\tO\n");
    const child = study.start("run", "study.yaml", "--json");
    await child.stdout.cancel();
    const stderr = await new Response(child.stderr).text();
    assert.equal((await child.status).code, exitCode, stderr);
    assert.match(stderr, /every metric|every failure/);
    assert.doesNotMatch(stderr, /bug|pipe/i);
    assert.deepEqual(
      await study.sql("SELECT status, total FROM runs ORDER BY started_at DESC LIMIT 1"),
      [{ status, total: TASKS }],
    );
  }
  const child = study.start("sql", "FROM range(1000000)", "--format", "csv");
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  assert.equal(await new Response(child.stderr).text(), "");
  assert.equal((await child.status).code, 0);
});

/** Flips a bit of the shards of a study that ran; returns their key. */
async function damageShards(study: TinyStudy): Promise<string> {
  const [{ key }] = await study.sql("SELECT key FROM cells WHERE stage = 'shards'");
  const artifact = study.path(`results/store/objects/${key.slice(0, 2)}/${key}`);
  await new Deno.Command("chmod", { args: ["-R", "u+w", artifact] }).output();
  const bytes = await Deno.readFile(`${artifact}/train.bin`);
  bytes[10]! ^= 1;
  await Deno.writeFile(`${artifact}/train.bin`, bytes);
  return key;
}

Deno.test("run: a damaged artifact is set aside with a warning and made anew", async () => {
  await using study = await TinyStudy.make();
  await study.run();
  const key = await damageShards(study);
  await study.edit("evaluation: { rows: 4 }", "evaluation: { rows: 3 }");
  const { code, stdout, stderr } = await study.call("run", "study.yaml", "--json");
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).tasks, { total: TASKS, cached: 3, ran: 9, failed: 0 });
  assert.match(
    stderr,
    new RegExp(`warning: .*artifact ${key} is damaged: .*train\\.bin.* set aside`),
  );
  assert.deepEqual((await study.run()).tasks.cached, TASKS);
});

Deno.test("run: a damaged artifact whose readers are all cached is made anew too", async () => {
  await using study = await TinyStudy.make();
  await study.run();
  const key = await damageShards(study);
  assert.match((await study.call("plan", "study.yaml")).stdout, /shards .* run .* was damaged/);
  const { code, stdout, stderr } = await study.call("run", "study.yaml", "--json");
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).tasks, {
    total: TASKS,
    cached: TASKS - 1,
    ran: 1,
    failed: 0,
  });
  assert.match(stderr, new RegExp(`warning: .*artifact ${key} is damaged: .* set aside`));
  assert.deepEqual((await study.run()).tasks.cached, TASKS);
});

Deno.test("costs says which share of the device's own products a training came to", async () => {
  await using study = await TinyStudy.make();
  await study.run();
  const rows = await study.sql(
    "SELECT kind, bool_and(utilisation > 0 AND utilisation < 2) AS ok FROM costs GROUP BY ALL",
  );
  const shares = new Map(rows.map(({ kind, ok }) => [kind, ok]));
  assert.equal(shares.get("pretrain"), true);
  assert.equal(shares.get("ner"), true);
  assert.equal(shares.get("vocab"), null);
});
