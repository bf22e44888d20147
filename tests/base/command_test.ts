import assert from "node:assert/strict";
import { resultsFlag, shellWord } from "../../lib/base/command.ts";

Deno.test("shellWord() quotes what a shell would take apart, and nothing else", async () => {
  const words = ["plain/path.yaml", "ner{seed=1}", "a b", "it's", "$HOME", "`x`", '"', "a\\b", ""];
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `printf '%s\\n' ${words.map(shellWord).join(" ")}`],
  }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\n").slice(0, -1), words);
  assert.equal(shellWord("plain/path.yaml"), "plain/path.yaml");
});

Deno.test("resultsFlag() is left out for the default folder alone", () => {
  assert.equal(resultsFlag("results"), "");
  assert.equal(resultsFlag("/else where"), ' --results "/else where"');
});
