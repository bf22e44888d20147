import assert from "node:assert/strict";
import { openSecrets, sealSecret } from "../../lib/base/secrets.ts";
import { sealOutcome } from "../../lib/executor/secrets.ts";
import type { TaskOutcome } from "../../lib/graph/task.ts";

Deno.test("what a task with a secret says of its artifact is kept whole, but for the secret", async () => {
  const opened = openSecrets({ name: sealSecret("SET", "hidden") }, () => "hidden");
  const outcome: TaskOutcome = {
    facts: { steps: 3 },
    scores: [{ benchmark: "hidden data", metric: "f1", split: "dev", value: 0.5 }],
    canGoOn: false,
    hasModel: true,
    chosen: { key: "a", kind: "ner", recipe: {}, params: {} },
  };
  const sealed = await sealOutcome(() => Promise.resolve(outcome), opened);
  assert.deepEqual(sealed, {
    ...outcome,
    scores: [{ ...outcome.scores[0], benchmark: `${sealSecret("SET", "hidden")} data` }],
  });
});
