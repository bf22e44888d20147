/** Calls that public bug reports led to: each does what its cmd.txt says. */
import assert from "node:assert/strict";
import { finished, titrate } from "../_support/titrate.ts";
import { TempDir } from "../_support/temp_dir.ts";

const CASES = new URL("../../../shared/cases/", import.meta.url);

async function withCase(
  name: string,
  use: (call: (...args: string[]) => ReturnType<typeof finished>) => Promise<void>,
): Promise<void> {
  using temp = new TempDir();
  const dir = temp.path;
  for await (const entry of Deno.readDir(new URL(`${name}/`, CASES))) {
    await Deno.copyFile(new URL(`${name}/${entry.name}`, CASES), `${dir}/${entry.name}`);
  }
  await use((...args) => finished(titrate(args, { cwd: dir }).spawn()));
}

const isThere = await Deno.stat(CASES).then(() => true, () => false);

Deno.test({
  name: "07-yaml-tags: tags are errors with place and mend, and nothing is read as YAML 1.1",
  ignore: !isThere,
  fn: () =>
    withCase("07-yaml-tags", async (call) => {
      for (const name of ["tag1", "tag2", "tag3", "tag4", "tag5", "custom", "v11date"]) {
        const { code, stderr } = await call("plan", `${name}.yaml`);
        assert.equal(code, 2, stderr);
        assert.match(stderr, new RegExp(`^${name}\\.yaml:\\d+:\\d+: a spec `, "m"));
        assert.match(stderr, /^ {2}mend: remove the tag/m);
        assert.doesNotMatch(stderr, /^\s+at .*\.ts:/m);
      }
      const set = await call(
        "plan",
        "plain.yaml",
        "--set",
        "stages.w.with.seed=!!timestamp 2024-01-01",
      );
      assert.equal(set.code, 2);
      assert.match(
        set.stderr,
        /^--set stages\.w\.with\.seed: a spec has no tags .*\n {2}mend: remove the tag/m,
      );
      const old = await call("explain", "v11sexagesimal.yaml", "w");
      assert.equal(old.code, 2);
      assert.match(old.stderr, /^v11sexagesimal\.yaml:1:1: a spec is YAML 1\.2, /m);
    }),
});

Deno.test({
  name: "08-set-comment: there are no comments on a command line",
  ignore: !isThere,
  fn: () =>
    withCase("08-set-comment", async (call) => {
      for (const value of ["NCBI #2", "--- a", "#2"]) {
        const set = `stages.ner.with.benchmark=${value}`;
        const { code, stdout, stderr } = await call(
          "explain",
          "spec.yaml",
          "ner{steps=2}",
          "--set",
          set,
        );
        assert.equal(code, 0, stderr);
        assert.match(stdout, new RegExp(`params\\.benchmark: "${value}"$`, "m"));
      }
      const plan = await call("plan", "spec.yaml", "--set", "stages.ner.with.benchmark=#2");
      assert.equal(plan.code, 0, plan.stderr);
    }),
});

Deno.test("the shipped spec of real text plans from any folder, or says once what it lacks", async () => {
  const spec = new URL("../../experiments/pmc_ncbi.yaml", import.meta.url).pathname;
  using temp = new TempDir();
  const dir = temp.path;
  await Deno.copyFile(spec, `${dir}/pmc_ncbi.yaml`);
  const { code, stderr } = await finished(
    titrate(["plan", "pmc_ncbi.yaml"], { cwd: dir, env: { TITRATE_DATA: "" } }).spawn(),
  );
  assert.equal(code, 2);
  assert.equal(stderr.match(/\[experiment\/env\]/g)?.length, 1, stderr);
  assert.match(stderr, /TITRATE_DATA is not set, and there is no folder at its default, /);
  const hasData = await Deno.stat(new URL("../../../shared/data", import.meta.url))
    .then(() => true, () => false);
  if (!hasData) return;
  const there = await finished(
    titrate(["plan", spec], { cwd: dir, env: { TITRATE_DATA: "" } }).spawn(),
  );
  assert.equal(there.code, 0, there.stderr);
});
