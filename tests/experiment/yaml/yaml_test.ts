import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { FaultList } from "../../../lib/experiment/check/fault_list.ts";
import { parsePath } from "../../../lib/base/path.ts";
import { locate, plainOf } from "../../../lib/experiment/yaml/node.ts";
import { parseYaml } from "../../../lib/experiment/yaml/yaml.ts";
import { shown } from "../_load.ts";

function read(text: string) {
  const faults = new FaultList();
  const node = parseYaml(text, { file: "a.yaml", faults });
  return { node, value: node && plainOf(node), faults: shown(faults.sorted("a.yaml")) };
}

Deno.test("parseYaml() reads what YAML writes", () => {
  // Keys by fromEntries, as JSON objects have them; -0 is refused on purpose.
  const value = fc.jsonValue({ maxDepth: 4 }).map((each) =>
    JSON.parse(JSON.stringify(each).replaceAll('"__proto__"', '"proto"'))
  ).filter((each) => each !== null && !hasUnsafeNumber(each));
  fc.assert(fc.property(value, (each) => {
    const { value, faults } = read(stringify(each));
    assert.equal(faults, "");
    assert.deepEqual(value, each);
  }));
});

function hasUnsafeNumber(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === "object" && value !== null &&
    Object.values(value).some(hasUnsafeNumber);
}

Deno.test("parseYaml() keeps the place of every value and key", () => {
  const { node } = read("a:\n  - { b: 1 }\n  - 'x'\nc: &n\n  d: 2\ne: *n\n");
  const owner = { file: "a.yaml" };
  const place = (path: string) => {
    const { at, keyAt } = locate(node, parsePath(path)!, owner);
    return [at.line, at.column, keyAt.line, keyAt.column];
  };
  assert.deepEqual(place("a[0].b"), [2, 10, 2, 7]);
  assert.deepEqual(place("a[1]"), [3, 5, 3, 5]);
  assert.deepEqual(place("c.d"), [5, 6, 5, 3]);
  assert.deepEqual(place("e.d"), [5, 6, 5, 3], "an alias is where its anchor is");
  assert.deepEqual(place("c.none"), [5, 3, 4, 1], "nothing is where its mapping is");
});

Deno.test("parseYaml() reads numbers as YAML 1.2 does", () => {
  const { value } = read("[1e-5, 1e5, 0x1F, no, 1_000, .5, 0, 0.5, '012', 2024-01-01]");
  assert.deepEqual(value, [1e-5, 1e5, 31, "no", "1_000", 0.5, 0, 0.5, "012", "2024-01-01"]);
});

Deno.test("parseYaml() merges mappings under what is written", () => {
  const { value } = read(
    "a: &a { x: 1, y: 1 }\nb: &b { y: 2, z: 2 }\nc: { <<: [*a, *b], x: 3 }\nd: { <<: *a }\n",
  );
  assert.deepEqual((value as { c: unknown }).c, { x: 3, y: 1, z: 2 });
  assert.deepEqual((value as { d: unknown }).d, { x: 1, y: 1 });
});

Deno.test("parseYaml() lets the nearest anchor before an alias win", () => {
  const { value } = read("a: &n 1\nb: *n\nc: &n 2\nd: *n\n");
  assert.deepEqual(value, { a: 1, b: 1, c: 2, d: 2 });
});

Deno.test("parseYaml() refuses aliases that grow without bound", () => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const of = level === 0 ? "1" : `*l${level - 1}`;
    return `l${level}: &l${level} [${Array(10).fill(of).join(", ")}]\n`;
  });
  const { faults } = read(levels.join(""));
  assert.equal(
    faults,
    `a.yaml:6:10: aliases make this file too large to read [experiment/alias]
  mend: use fewer aliases: written out, a file may have 200000 values`,
  );
});

const FAULTS: readonly (readonly [string, string, string])[] = [
  [
    "an alias to nothing",
    "a: *b\n",
    `a.yaml:1:4: the alias *b has no anchor before it [experiment/alias]
  mend: write &b before the value that is meant, above this line`,
  ],
  [
    "an alias inside its own anchor",
    "a: &b [1, *b]\n",
    `a.yaml:1:11: the alias *b has no anchor before it [experiment/alias]
  mend: write &b before the value that is meant, above this line`,
  ],
  [
    "a merge of no mapping",
    "a: { <<: 1 }\n",
    `a.yaml:1:10: the merge key "<<" takes a mapping [experiment/yaml]
  mend: write <<: *name, where &name stands before a mapping`,
  ],
  [
    "keys that are no names",
    "? [1]\n: 2\n__proto__: 1\n",
    `a.yaml:1:3: a key must be a name [experiment/yaml]
  mend: write a plain name
a.yaml:3:1: a key must be a name [experiment/yaml]
  mend: write a plain name`,
  ],
  [
    "a merge key given twice",
    "a: &a { x: 1 }\nb: { <<: *a, <<: *a }\n",
    `a.yaml:2:14: key "<<" is given twice (first in line 2) [experiment/yaml]
  mend: write one <<: [*name, *other]`,
  ],
];

for (const [name, text, faults] of FAULTS) {
  Deno.test(`parseYaml() reports ${name}`, () => assert.equal(read(text).faults, faults));
}

const TAGS = ["!custom 3", "!!timestamp 2024-01-01", "!!binary aGVsbG8=", "!!omap [a: 1]"];
TAGS.push(
  "!!pairs [a: 1]",
  "!!merge x",
  "!!set { a }",
  "!!str 3",
  "! 3",
  "!<tag:x> 3",
  "!!python/x 1",
);

for (const value of TAGS) {
  Deno.test(`parseYaml() refuses the tag of ${value} at its place`, () => {
    const tag = value.split(" ")[0];
    assert.equal(
      read(`# !!x\na: "!y"\nb:\n  c: ${value}\n`).faults,
      `a.yaml:4:6: a spec has no tags such as "${tag}" [experiment/yaml]
  mend: remove the tag, or put the value in quotes if text is meant`,
    );
  });
}

Deno.test("parseYaml() finds tags wherever they stand, and in text none", () => {
  const places = (text: string) => read(text).faults.match(/^a\.yaml:\d+:\d+/gm) ?? [];
  assert.deepEqual(places("!!map\n? !!str a\n: - !x\n  - { b: !y c }\n"), [
    "a.yaml:1:1",
    "a.yaml:2:3",
    "a.yaml:3:5",
    "a.yaml:4:10",
  ]);
  const texts = "a: x !y\nb: '!z'\nc: \"!q\"\nd: |\n  !r\n  %YAML 1.1\ne: >\n  !s\nf: k!t\n# !u\n";
  const { value, faults } = read(texts);
  assert.equal(faults, "");
  assert.deepEqual(value, {
    a: "x !y",
    b: "!z",
    c: "!q",
    d: "!r\n%YAML 1.1\n",
    e: "!s\n",
    f: "k!t",
  });
});

Deno.test("parseYaml() refuses %YAML 1.1, which silently changes numbers and booleans", () => {
  assert.equal(
    read("%YAML 1.1\n---\na: 1:30\nb: yes\n").faults,
    `a.yaml:1:1: a spec is YAML 1.2, which "%YAML 1.1" is not for [experiment/yaml]
  mend: remove the tag of the version, and quote what YAML 1.2 would read as something else`,
  );
  assert.deepEqual(read("%YAML 1.2\n---\na: 1:30\n").value, { a: "1:30" });
});

Deno.test("parseYaml() refuses 6,000 aliases of one text of 100 KB", () => {
  const aliases = Array(6_000).fill("*t").join(", ");
  assert.equal(
    read(`t: &t "${"x".repeat(100_000)}"\nall: [${aliases}]\n`).faults,
    `a.yaml:2:163: aliases make this file too large to read [experiment/alias]
  mend: use fewer aliases: written out, a file may have 4000000 characters of text`,
  );
});

Deno.test("parseYaml() refuses more values than anybody writes by hand", () => {
  const { faults } = read(`a: [${Array(1_000_000).fill("1").join(",")}]`);
  assert.match(
    faults,
    /^a\.yaml:1:\d+: this file is too large to read \[experiment\/too-large\]\n {2}mend: /,
  );
  assert.equal(faults.split("\n").length, 2);
});

Deno.test("parseYaml() refuses aliases that nest ever deeper", () => {
  const levels = Array.from(
    { length: 50 },
    (_, level) =>
      `l${level}: &l${level} ${"[".repeat(9)}${level === 0 ? 1 : `*l${level - 1}`}${
        "]".repeat(9)
      }\n`,
  );
  assert.match(read(levels.join("")).faults, /^a\.yaml:12:\d+: mappings and lists are nested too/);
});

Deno.test("parseYaml() survives any depth", () => {
  for (const depth of [50, 200, 5_000, 20_000]) {
    const { faults } = read("[".repeat(depth) + "]".repeat(depth));
    assert.equal(faults.includes("nested too deeply"), depth > 100, `depth ${depth}`);
  }
});

Deno.test("parseYaml() skips just what a comma cut off", () => {
  const { value, faults } = read("a: { b: $(max(1, (2)), 3), c: 4 }\nd: [$(min(1, (2), 3)), 3]\n");
  assert.deepEqual(value, { a: { b: undefined, c: 4 }, d: [undefined, 3] });
  assert.equal(faults.match(/a comma cuts/g)?.length, 2);
});
