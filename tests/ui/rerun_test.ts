/** What the live page starts again: the run's own command, whatever it was started by. */
import assert from "node:assert/strict";
import { argsOf } from "../../lib/ui/rerun.ts";

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
