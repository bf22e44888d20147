/** What the live page starts again: the run's own command, whatever it was started by. */
import assert from "node:assert/strict";
import { buildProgram } from "../../lib/cli/program.ts";
import { argsOf, planArgsOf } from "../../lib/ui/rerun.ts";

const results = "/r/results";

Deno.test("a run that is run again from the page time after time keeps its command as short", () => {
  const once = argsOf({ argv: ["run", "study.yaml", "--jobs", "2"] }, { results });
  assert.deepEqual(once, [
    "run",
    "study.yaml",
    "--jobs",
    "2",
    "--detached",
    `--results=${results}`,
  ]);
  assert.deepEqual(argsOf({ argv: once }, { results }), once);
  // One folder of results, however it was named, and one way to be detached.
  for (const named of [["--results", "old"], ["--results=old"], ["--detached", "--results=old"]]) {
    assert.deepEqual(argsOf({ argv: ["run", ...named, "study.yaml"] }, { results }), [
      "run",
      "study.yaml",
      "--detached",
      `--results=${results}`,
    ]);
  }
  // What follows "--" is no option.
  assert.deepEqual(argsOf({ argv: ["run", "--detached", "--", "--detached"] }, { results }), [
    "run",
    "--detached",
    `--results=${results}`,
    "--",
    "--detached",
  ]);
});

Deno.test("what plan is asked before a run is started again has no option that only run knows", () => {
  const { commands } = buildProgram(() => {});
  const optionsOf = (name: string) => commands.find((each) => each.name() === name)!.options;
  const known = new Set(optionsOf("plan").map(({ long }) => long));
  const only = optionsOf("run").filter(({ long }) => !known.has(long));
  assert.ok(only.length > 0);
  for (const { long, required, optional } of only) {
    assert.ok(!required && !optional, `${long} takes a value, which stays behind`);
  }
  const argv = ["run", "--jobs", "2", ...only.map(({ long }) => long!), "--set=a=1"];
  const args = argsOf({ argv: [...argv, "--", "--quiet"] }, { results });
  assert.deepEqual(planArgsOf(args), [
    "plan",
    "--jobs",
    "2",
    "--set=a=1",
    `--results=${results}`,
    // A spec of that name.
    "--",
    "--quiet",
  ]);
});
