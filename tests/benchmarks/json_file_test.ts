import assert from "node:assert/strict";
import fc from "fast-check";
import { type JsonPath, readJsonFile } from "../../lib/benchmarks/json_file.ts";
import type { ExperimentError } from "../../lib/base/errors.ts";
import { TempDir } from "../_support/temp_dir.ts";

const MEND = { mend: "mend it" };

/** Every value in a value, with the path that leads to it. */
function* valuesIn(value: unknown, path: JsonPath = []): Generator<[JsonPath, unknown]> {
  yield [path, value];
  if (value === null || typeof value !== "object") return;
  for (const [name, each] of Object.entries(value)) {
    yield* valuesIn(each, [...path, Array.isArray(value) ? Number(name) : name]);
  }
}

Deno.test("readJsonFile() tells where every value of any JSON begins", async () => {
  using dir = new TempDir();
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.constantFrom(0, 2), async (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const file = await readJsonFile(dir.file("a.json", text), MEND);
      const lines = text.split("\n");
      for (const [path, each] of valuesIn(value)) {
        const { line, column } = file.at(path);
        const rest = [lines[line! - 1]!.slice(column! - 1), ...lines.slice(line!)].join("\n");
        // All of it stands there; the outer values' ends and names follow.
        const written = JSON.stringify(each);
        assert.equal(rest.replaceAll(/\s/g, "").startsWith(written.replaceAll(/\s/g, "")), true);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("readJsonFile() tells where a file stops being JSON, wherever it is cut or spoilt", async () => {
  using dir = new TempDir();
  const text = '{\n "a": [1, -2.5e3, true],\n "b\\u00e9": {"c": "x\\n"},\n "d": null\n}';
  for (let cut = 0; cut < text.length; cut++) {
    const path = dir.file("a.json", text.slice(0, cut));
    await assert.rejects(readJsonFile(path, MEND), (error: ExperimentError) => {
      assert.equal(error.code, "benchmarks/bad-json");
      return true;
    });
  }
  const places: [string, number, number][] = [
    ['{"a": tru}', 1, 7],
    ['{"a": 1,\n}', 2, 1],
    ['{"a": 01}', 1, 8],
    ['["a\tb"]', 1, 4],
    ['["\\x"]', 1, 3],
    ["[1] 2", 1, 5],
    [`${"[".repeat(600)}${"]".repeat(599)}`, 1, 501],
  ];
  for (const [content, line, column] of places) {
    await assert.rejects(readJsonFile(dir.file("a.json", content), MEND), (error: Error) => {
      const [{ at }] = (error as ExperimentError).faults;
      assert.deepEqual([at?.line, at?.column], [line, column], content);
      return true;
    });
  }
});

Deno.test("readJsonFile() gives the line of each name of the outermost object, and refuses one that stands twice", async () => {
  using dir = new TempDir();
  const file = await readJsonFile(
    dir.file("a.json", '{"10": 1,\n\n"9": {"9": 2},\n"z": 3}'),
    MEND,
  );
  assert.deepEqual([...file.lines], [["10", 1], ["9", 3], ["z", 4]]);
  const twice = dir.file("b.json", '{"a": {"x": 1, "x": 2},\n "a": 3}');
  await assert.rejects(readJsonFile(twice, MEND), {
    message: '"a" stands twice in the file',
  });
});
