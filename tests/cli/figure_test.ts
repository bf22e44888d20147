import assert from "node:assert/strict";
import { TinyStudy } from "./tiny_study.ts";

Deno.test("figure draws what a run measured, and says what there is when it cannot", async () => {
  await using study = await TinyStudy.make();
  const none = await study.call("figure", "study");
  assert.equal(none.code, 2);
  assert.match(none.stderr, /store\/no-database/);

  await study.run();
  const { code, stdout, stderr } = await study.call("figure", "study", "--metric", "lossNats");
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  assert.match(stdout, /^<svg /);
  assert.ok(stdout.includes(">mlm validation lossNats</text>"));
  assert.ok(!stdout.includes("f1"));
  const all = await study.call("figure", "study");
  assert.ok(all.stdout.includes(">mlm validation lossNats</text>"));
  assert.match(all.stdout, />ner test f1(, %)?<\/text>/);

  const faults: [string[], string][] = [
    [["stuby"], 'there is no experiment "stuby" [cli/no-figure]\n  mend: write "study"'],
    [["study", "--metric", "f2"], 'study has no metric "f2" [cli/no-figure]\n  mend: write "f1"'],
  ];
  for (const [args, says] of faults) {
    const wrong = await study.call("figure", ...args);
    assert.equal(wrong.code, 2);
    assert.ok(wrong.stderr.includes(says), wrong.stderr);
    assert.equal(wrong.stdout, "");
  }
});
