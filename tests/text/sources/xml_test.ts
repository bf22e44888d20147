import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { readXml } from "../../../lib/text/sources/xml.ts";
import { assertFault } from "../../_support/fault.ts";
import { TempDir } from "../../_support/temp_dir.ts";

const tagsOf = async (content: string | Uint8Array) => {
  using dir = new TempDir();
  return await Array.fromAsync(readXml(dir.file("a.xml", content)));
};

Deno.test("readXml() gives tags with attributes and lines, entities and numbers resolved", async () => {
  const text = '\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<a x="1 &lt; 2 &amp; &#945;">text\n' +
    '<b\n  y="two\n lines"/>\n</a>\n';
  const expected = [
    { kind: "open", name: "a", attributes: { x: "1 < 2 & α" }, line: 2 },
    { kind: "open", name: "b", attributes: { y: "two  lines" }, line: 5 },
    { kind: "close", name: "b", attributes: {}, line: 5 },
    { kind: "close", name: "a", attributes: {}, line: 6 },
  ];
  const plain = (tags: object[]) => JSON.parse(JSON.stringify(tags));
  assert.deepEqual(plain(await tagsOf(text)), expected);
  assert.deepEqual(plain(await tagsOf(gzipSync(text))), expected);
});

Deno.test("readXml() refuses document types, entities, deep and broken XML at their line", async () => {
  const broken = "\n  mend: fetch the file again, or give one that is XML to its end";
  const published = "\n  mend: give the file as it was published";
  const dtd = "the file has a document type, which could define entities [text/bad-xml]\n" +
    "  mend: take the line <!DOCTYPE ...> out";
  const laughs = '<!DOCTYPE a [\n<!ENTITY a "lol">\n<!ENTITY b "&a;&a;">\n]>\n<a>&b;</a>';
  const cases: [string, string][] = [
    [laughs, `a.xml:4: ${dtd}`],
    ['<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">\n<a/>', `a.xml:1: ${dtd}`],
    [
      "<a>\n&b;</a>",
      `a.xml:2: this is no well-formed XML: undefined entity. [text/bad-xml]${broken}`,
    ],
    [
      "<a>\n<b></a>",
      `a.xml:2: this is no well-formed XML: unexpected close tag. ` +
      `[text/bad-xml]${broken}`,
    ],
    ["<a>\n<b/>", `a.xml:2: this is no well-formed XML: unclosed tag: a [text/bad-xml]${broken}`],
    [
      "",
      `a.xml:1: this is no well-formed XML: document must contain a root element. ` +
      `[text/bad-xml]${broken}`,
    ],
    [
      "<a>".repeat(65),
      `a.xml:1: elements stand in each other 65 deep [text/bad-xml]${published}`,
    ],
    [
      `<a>\n${`${"x".repeat(1 << 20)}\n`.repeat(5)}</a>`,
      "a.xml:6: no tag ends in 4 MiB of text [text/bad-xml]" + published +
      ", or check that it is XML",
    ],
    [
      '<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
      "a.xml:1: the file says that it is ISO-8859-1 [text/bad-xml]\n" +
      "  mend: convert it to UTF-8 and say so: iconv -f ENCODING -t utf-8 FILE > NEW",
    ],
  ];
  for (const [content, text] of cases) {
    using dir = new TempDir();
    const path = dir.file("a.xml", content);
    await assertFault(() => Array.fromAsync(readXml(path)), { text, dir: dir.path });
  }
});
