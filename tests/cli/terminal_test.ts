import assert from "node:assert/strict";
import { TinyStudy } from "./tiny_study.ts";

const ESCAPES = "\x1b[2J\x1b]0;owned\x07\u009b31m\u202e\r";
/** The same as a spec writes it. */
const WRITTEN = "\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\u202e\\r";

/** What a terminal would obey, in text that was printed. */
// deno-lint-ignore no-control-regex -- the very characters that must be gone
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

Deno.test("terminal escapes from a spec, its name, a call or results are shown, not obeyed", async () => {
  await using study = await TinyStudy.make();
  const world = (uses: string, more = "") =>
    `axes: { arm: ["a${WRITTEN}"], seed: [1] }\n` +
    `stages:\n  w: { uses: ${uses}, with: { seed: $(axis.seed)${more} } }\n` +
    `  v: { uses: vocab, with: { corpora: [$(stages.w.general)], size: 500 } }\n`;
  const name = `odd\x1b[31m\nname.yaml`;
  await study.write("good.yaml", world("synthetic-world"));
  await study.write(name, world(`"x${WRITTEN}"`));
  await study.write("param.yaml", world("synthetic-world", `, "k${WRITTEN}": "${WRITTEN}"`));
  await study.write(
    "axis.yaml",
    world("synthetic-world").replace("seed: $(axis.seed)", "seed: $(axis.arm)"),
  );
  const calls: readonly (readonly string[])[] = [
    ["plan", "good.yaml", "--only", `arm=${ESCAPES}`],
    ["plan", "good.yaml", "--set", `stages.w.with.seed=${ESCAPES}`],
    ["plan", "good.yaml", "--set", `stages.${ESCAPES}=1`],
    ["plan", "good.yaml", `--${ESCAPES}`],
    ["plan", name],
    ["plan", "param.yaml"],
    ["plan", "axis.yaml"],
    ["plan", `none${ESCAPES}.yaml`],
    ["explain", "good.yaml", ESCAPES],
    ["sql", `SELECT '${ESCAPES}' AS "c${ESCAPES}" FROM ${ESCAPES}`],
    [ESCAPES],
  ];
  for (const call of calls) {
    const { code, stdout, stderr } = await study.call(...call);
    assert.notEqual(code, 0, call.join(" "));
    assert.notEqual(code, 70, stderr);
    assert.doesNotMatch(stdout + stderr, OBEYED, JSON.stringify([call, stdout, stderr]));
  }
  // A file's name cannot make up a line of its own.
  const { stderr } = await study.call("plan", name);
  assert.match(stderr, /^odd\\u001b\[31m\\nname\.yaml:3:/m);
});
