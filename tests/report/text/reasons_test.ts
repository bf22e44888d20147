import assert from "node:assert/strict";
import { formatReason, type ShownReason } from "../../../lib/report/text/reasons.ts";

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
