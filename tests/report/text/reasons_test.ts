import assert from "node:assert/strict";
import {
  formatReason,
  formatReasonShortly,
  type ShownDifference,
  type ShownReason,
} from "../../../lib/report/text/reasons.ts";

Deno.test("formatReason() says why in a line, or field by field", () => {
  const cases: [ShownReason, string[]][] = [
    [{ type: "new" }, ["new"]],
    [{ type: "missing" }, ["its artifact is gone"]],
    [{ type: "damaged" }, ["its artifact was damaged"]],
    [{ type: "failed", message: "no room", run: "r1" }, ["failed in run r1: no room"]],
    [{ type: "skipped", because: "k" }, ["skipped, as task k failed"]],
    [{ type: "skipped" }, ["skipped, as what it reads failed"]],
    [{ type: "interrupted" }, ["interrupted before its end"]],
    [{ type: "code", where: "own" }, ["its code changed"]],
    [{ type: "code", where: "upstream" }, ["code upstream changed"]],
    [
      {
        type: "changed",
        differences: [
          { path: "params.rate", from: 0.5 },
          { path: "params.text", to: "x".repeat(80) },
          { path: "version", from: 1, to: 2 },
        ],
      },
      [
        "rate: 0.5 -> (default)",
        `text: (default) -> "${"x".repeat(58)}…`,
        "version: 1 -> 2",
      ],
    ],
  ];
  for (const [reason, lines] of cases) {
    assert.deepEqual(formatReason(reason, (key) => `task ${key}`), lines);
  }
});

Deno.test("formatReasonShortly() names what changed once, however far upstream and by how many ways", () => {
  const size: ShownDifference = { path: "params.size", from: 200, to: 190 };
  const vocab = (path: string): ShownDifference => ({ path, upstream: [size] });
  const shards: ShownDifference = {
    path: "inputs.corpus[0]",
    upstream: [vocab("inputs.vocab[0]")],
  };
  const show = (reason: ShownReason) => formatReasonShortly(reason, (key) => `task ${key}`);
  assert.equal(show({ type: "changed", differences: [size] }), "size: 200 -> 190");
  assert.equal(
    show({ type: "upstream", differences: [shards, vocab("inputs.vocab[0]")] }),
    "in its vocab, size: 200 -> 190",
  );
  const many = ["a", "b", "c", "d"].map((name): ShownDifference => (
    { path: `params.${name}`, to: 1 }
  ));
  assert.equal(
    show({ type: "changed", differences: many }),
    "a: (default) -> 1, b: (default) -> 1, c: (default) -> 1 and 1 more",
  );
  assert.equal(show({ type: "skipped", because: "k" }), "skipped, as task k failed");
});
