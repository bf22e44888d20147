import assert from "node:assert/strict";
import { explain } from "../../lib/graph/explain.ts";
import { buildGraph, type TaskGraph } from "../../lib/graph/build.ts";
import { formatDifferences } from "../../lib/report/text/reasons.ts";
import { exam, graphOf, keyOfRequest, numerics, requestsOf, text, train } from "./sample.ts";

/** A text of one file, a training on it, an exam of it. */
function wishes(params: { text?: object; train?: object; exam?: object }) {
  return {
    text: { kind: text, params: { sources: [{ path: "a.txt" }], ...params.text } },
    train: { kind: train, params: { steps: 5, ...params.train }, inputs: { text: ["text"] } },
    exam: { kind: exam, params: { ...params.exam }, inputs: { model: ["train"] } },
  };
}

function explainExam(before: TaskGraph, after: TaskGraph) {
  const identity = (key: string) => after.identities.get(key) ?? before.identities.get(key);
  const from = before.identities.get(keyOfRequest(before, "exam"))!;
  const to = after.identities.get(keyOfRequest(after, "exam"))!;
  return explain({ from, to }, identity);
}

Deno.test("explain() finds nothing between a task and itself", async () => {
  assert.deepEqual(explainExam(await graphOf(wishes({})), await graphOf(wishes({}))), []);
});

Deno.test("explain() follows a changed input to the field that was edited", async () => {
  const before = await graphOf(wishes({ train: { learningRate: 2e-5 } }));
  const after = await graphOf(wishes({ text: { language: "de" }, exam: { questions: 30 } }));
  const short = (graph: TaskGraph, id: string) => keyOfRequest(graph, id).slice(0, 12);
  assert.deepEqual(formatDifferences(explainExam(before, after)), [
    "inputs.model[0], because of",
    "  inputs.text[0], because of",
    '    language: (default) -> "de"',
    "  learningRate: 0.00002 -> (default)",
    "questions: (default) -> 30",
  ]);
  const from = before.identities.get(keyOfRequest(before, "exam"))!;
  const to = after.identities.get(keyOfRequest(after, "exam"))!;
  assert.deepEqual(formatDifferences(explain({ from, to })), [
    `inputs.model[0]: ${short(before, "train")} -> ${short(after, "train")}`,
    "questions: (default) -> 30",
  ]);
});

Deno.test("explain() tells a file's content, added inputs, other numerics and versions", async () => {
  const readFileDigest = () => Promise.resolve("b".repeat(64));
  const before = await graphOf(wishes({}));
  const requests = requestsOf({
    ...wishes({}),
    exam: { kind: { ...exam, version: 2 }, inputs: { model: ["train", "text#dev"] } },
  });
  const after = await buildGraph(requests, {
    numerics: { ...numerics, engine: "xla-cuda" },
    readFileDigest,
  });
  assert.deepEqual(formatDifferences(explainExam(before, after)), [
    "inputs.model[0], because of",
    "  inputs.text[0], because of",
    `    sources[0].path (content): "digest of a.txt" -> ${"b".repeat(12)}`,
    '  numerics.engine: "onnx-cpu" -> "xla-cuda"',
    `inputs.model[1]: (none) -> ${keyOfRequest(after, "text").slice(0, 12)}/dev`,
    'numerics.engine: "onnx-cpu" -> "xla-cuda"',
    "version: 1 -> 2",
  ]);
});

Deno.test("explain() names the one input that a list has more, not all that come after it", async () => {
  const graph = await graphOf({
    text: { kind: text },
    a: { kind: train, params: { steps: 1 }, inputs: { text: ["text"] } },
    b: { kind: train, params: { steps: 2 }, inputs: { text: ["text"] } },
    c: { kind: train, params: { steps: 3 }, inputs: { text: ["text"] } },
    two: { kind: exam, inputs: { model: ["b", "c"] } },
    three: { kind: exam, inputs: { model: ["a", "b", "c"] } },
    turned: { kind: exam, inputs: { model: ["c", "b"] } },
  });
  const identity = (id: string) => graph.identities.get(keyOfRequest(graph, id))!;
  const pathsFrom = (from: string, to: string) =>
    explain({ from: identity(from), to: identity(to) }).map((each) => [
      each.path,
      each.from !== undefined,
      each.to !== undefined,
    ]);
  assert.deepEqual(pathsFrom("two", "three"), [["inputs.model[0]", false, true]]);
  assert.deepEqual(pathsFrom("three", "two"), [["inputs.model[0]", true, false]]);
  assert.deepEqual(pathsFrom("two", "turned").map(([path]) => path), [
    "inputs.model[0]",
    "inputs.model[1]",
  ]);
});
