import assert from "node:assert/strict";
import type { Json } from "../../lib/base/canonical.ts";
import { type Format, formatRows, TABLE_ROWS } from "../../lib/cli/output.ts";

async function textOf(rows: Json[][], format: Format): Promise<string> {
  const columns = ["name", "value"];
  async function* batches() {
    for (let at = 0; at < rows.length; at += 2) yield await Promise.resolve(rows.slice(at, at + 2));
  }
  const isNumber = [false, true];
  let text = "";
  for await (
    const piece of formatRows({ columns, isNumber, batches: batches() }, format)
  ) text += piece;
  return text;
}

const ROWS: Json[][] = [["a,b", 1.5], ['say "x"', null], [{ steps: 4 } as unknown as Json, 2]];

Deno.test("formatRows() as JSON is one array, a row a line", async () => {
  const text = await textOf(ROWS, "json");
  assert.deepEqual(JSON.parse(text), [
    { name: "a,b", value: 1.5 },
    { name: 'say "x"', value: null },
    { name: { steps: 4 }, value: 2 },
  ]);
  assert.equal(text.split("\n").length, 6);
  assert.equal(await textOf([], "json"), "[]\n");
});

Deno.test("formatRows() as CSV quotes what needs it and leaves null empty", async () => {
  assert.equal(
    await textOf(ROWS, "csv"),
    'name,value\n"a,b",1.5\n"say ""x""",\n"{""steps"":4}",2\n',
  );
});

Deno.test("formatRows() as a table counts rows, and says where it is cut", async () => {
  assert.equal(
    await textOf(ROWS, "table"),
    'name         value\na,b            1.5\nsay "x"\n{"steps":4}      2\n(3 rows)\n',
  );
  assert.match(await textOf([["a", 1]], "table"), /\n\(1 row\)\n$/);
  const many = Array.from({ length: TABLE_ROWS + 3 }, (_, i): Json[] => ["x", i]);
  const text = await textOf(many, "table");
  assert.equal(text.trimEnd().split("\n").length, TABLE_ROWS + 2);
  assert.match(text, /\(the first 1000 rows; --format csv prints all\)\n$/);
});
