import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { parse } from "yaml";
import { TinyStudy } from "./tiny_study.ts";

Deno.test("where prints the folder of a cell's artifact, which holds a model", async (t) => {
  await using study = await TinyStudy.make();

  await t.step("nothing is there yet", async () => {
    const { code, stdout, stderr } = await study.call("where", "study.yaml", "entities");
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^entities has no artifact \[cli\/no-artifact\]\n {2}mend: run it: /);
  });
  await study.run("--only", "stage=pretrain");

  await t.step("a label with all or some of its axes, alone on its line", async () => {
    for (const label of ["pretrain{steps=4, seed=2}", "pretrain{seed=2,steps=4}"]) {
      const { code, stdout, stderr } = await study.call("where", "study.yaml", label);
      assert.equal(code, 0, stderr);
      const folder = stdout.trimEnd();
      const names = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
      for (const name of ["config.json", "model.safetensors", "vocab.txt"]) {
        assert.ok(names.includes(name), names.join());
      }
    }
  });

  await t.step("several, each after its label", async () => {
    const { stdout } = await study.call("where", "study.yaml", "pretrain{seed=2}");
    assert.match(
      stdout,
      /^pretrain\{steps=2, seed=2\}\t\/.*\npretrain\{steps=4, seed=2\}\t\/.*\n$/,
    );
    assert.equal(
      (await study.call("where", "study.yaml", "pretrain")).stdout.match(/\t/g)?.length,
      4,
    );
  });

  await t.step("a name that nothing has, with near ones", async () => {
    const cases = [
      ["pretrian", /no task is called "pretrian" \[cli\/no-task\]\n {2}mend: write pretrain$/m],
      ["pretrain{seed=3}", /mend: its tasks are pretrain\{steps=2, seed=1\}, pretrain\{steps=2, /],
    ] as const;
    for (const [name, says] of cases) {
      const { code, stderr } = await study.call("where", "study.yaml", name);
      assert.equal(code, 2);
      assert.match(stderr, says);
    }
  });

  await t.step("explain takes the same names", async () => {
    const { stdout } = await study.call("explain", "study.yaml", "pretrain{seed=2}");
    assert.equal(stdout.match(/^pretrain\{steps=\d, seed=2\}: cached$/gm)?.length, 2);
  });
});

Deno.test("kinds shows what a kind takes, as a table and as Markdown", async (t) => {
  await using study = await TinyStudy.make();
  await t.step("all, a line each", async () => {
    const { code, stdout } = await study.call("kinds");
    assert.equal(code, 0);
    for (const kind of ["corpus", "pretrain", "ner"]) {
      assert.match(stdout, new RegExp(`^${kind} `, "m"));
    }
  });
  await t.step("one in full", async () => {
    const { stdout } = await study.call("kinds", "pretrain");
    assert.match(
      stdout,
      /^inputs\ninput +what fits +given +what it is\ncorpus +shards +required /m,
    );
    assert.match(stdout, /^rows +whole number ≥ 1 +64 +Rows a batch\.$/m);
    assert.match(stdout, /^lossNats +nats +lower +/m);
  });
  await t.step("as Markdown, whose cells hold no bare bar", async () => {
    const { stdout } = await study.call("kinds", "pretrain", "--format", "markdown");
    assert.match(stdout, /^## `pretrain`$/m);
    assert.match(
      stdout,
      /^\| `schedule\.kind` \| constant \\\| linear \\\| trapezoid \| required \|/m,
    );
  });
  await t.step("none of that name", async () => {
    const { code, stderr } = await study.call("kinds", "pretrian");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /there is no kind "pretrian" \[cli\/no-kind\]\n {2}mend: write "pretrain"/,
    );
  });
});

Deno.test("devices says what is usable here, and why the rest is not", async () => {
  await using study = await TinyStudy.make();
  const { code, stdout } = await study.call("devices");
  assert.equal(code, 0);
  assert.match(stdout, /^device +usable here +tasks at once +what it is$/m);
  assert.match(stdout, /^cpu +yes +\d+ .*\(the default\)$/m);
  assert.match(stdout, /^cuda: it has not run on a GPU yet, neither alone nor in replicas: /m);
  assert.match(stdout, /^tfjs-node-gpu: it has not run on a GPU yet, /m);
  assert.match(stdout, /^--device auto takes cpu: cuda cannot be used: /m);
  if (/^tfjs-node-gpu +no /m.test(stdout)) assert.match(stdout, /^tfjs-node-gpu: .+\n {2}mend: /m);
});

Deno.test("--version is that of deno.json", async () => {
  await using study = await TinyStudy.make();
  const { code, stdout } = await study.call("--version");
  assert.equal(code, 0);
  assert.match(
    stdout,
    new RegExp(`^${config.version.replaceAll(".", "\\.")}( \\([0-9a-f]{12}\\))?\n$`),
  );
});

Deno.test("CITATION.cff has what the format requires, and the version of deno.json", async () => {
  const text = await Deno.readTextFile(new URL("../../CITATION.cff", import.meta.url));
  const citation = parse(text);
  assert.equal(citation["cff-version"], "1.2.0");
  for (const key of ["message", "title", "authors"]) assert.ok(citation[key]?.length > 0, key);
  assert.deepEqual([citation.version, citation.license], [config.version, config.license]);
});
