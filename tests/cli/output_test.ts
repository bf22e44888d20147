import assert from "node:assert/strict";
import fc from "fast-check";
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
    const piece of formatRows({ columns, isNumber, batches: batches() }, format, { width: 80 })
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

Deno.test("formatRows() as a table takes any cell: many lines, any length, wide, escapes", async () => {
  const cells = [
    "line\n".repeat(400),
    "x".repeat(2000),
    "word ".repeat(100_000),
    "東京".repeat(3000),
  ];
  const text = await textOf([...cells, "\x1b]0;title\x07"].map((cell) => [cell, 1]), "table");
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.length, 7);
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.match(lines[1]!, /^line\\nline.*… +1$/);
  assert.match(lines[5]!, /^\\u001b\]0;title\\u0007 +1$/);
  assert.equal(lines[6], "(5 rows; cells that end in … are cut: --format json prints them whole)");
});

Deno.test("formatRows() as a table reads no more of a million rows than it shows", async () => {
  let read = 0, isClosed = false;
  async function* batches() {
    try {
      for (; read < 1_000_000; read++) yield await Promise.resolve([[read, "x"]]);
    } finally {
      isClosed = true;
    }
  }
  const rows = { columns: ["n", "x"], isNumber: [true, false], batches: batches() };
  let text = "";
  for await (const piece of formatRows(rows, "table", { width: 80 })) text += piece;
  assert.match(text, /\(the first 1000 rows; --format csv prints all\)\n$/);
  assert.equal(read, TABLE_ROWS);
  assert.ok(isClosed);
});

Deno.test("formatRows() as CSV can be read again: any text, empty ones told from null", async () => {
  const field = fc.option(
    fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "é") }),
  );
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(field, field)), async (rows) => {
    const text = await textOf(rows, "csv");
    assert.deepEqual(parseCsv(text), [["name", "value"], ...rows]);
  }));
});

/** RFC 4180 read back, a field without quotes and text as null. */
function parseCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [[]];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n)/gy;
  for (const [, quoted, plain, end] of text.matchAll(pattern)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? (plain === "" ? null : plain!));
    if (end === "\n") rows.push([]);
  }
  assert.deepEqual(rows.pop(), []);
  return rows;
}
