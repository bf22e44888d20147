/**
 * Whatever file stands in place of a benchmark's, its reader names file, place, what is wrong and
 * what to do; and where a file is cut off, no reader takes the rest for the whole.
 */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { type LabelledSource, readLabelled } from "../../lib/benchmarks/labelled/read.ts";
import { readConll } from "../../lib/benchmarks/ner/conll.ts";
import { readGolden, readSquad } from "../../lib/benchmarks/questions/read.ts";
import { ExperimentError } from "../../lib/base/errors.ts";
import { assertFault } from "../_support/fault.ts";
import { TempDir } from "../_support/temp_dir.ts";

const labelled = (form: object) => (path: string) =>
  readLabelled({ ...form, path } as LabelledSource, {
    labels: ["0", "1", "yes", "no", "false"],
    markers: [],
    marking: "anonymise",
  });

/** Every reader, and a file that it reads. */
const READERS: Readonly<Record<string, readonly [(path: string) => Promise<unknown>, string]>> = {
  conll: [readConll, "a\tO\nbé\tB\n\n"],
  tsv: [
    labelled({ format: "tsv", header: true, text: "text", label: "label" }),
    "text\tlabel\naé\t1\n",
  ],
  jsonl: [
    labelled({ format: "jsonl", text: "text", label: "label" }),
    '{"text": "aé", "label": "1"}\n',
  ],
  gad: [labelled({ format: "gad" }), "aé\t1\n"],
  "blurb-relations": [labelled({ format: "blurb-relations" }), "1\taé\tfalse\n"],
  "bioasq-yesno": [labelled({ format: "bioasq-yesno" }), "1\tqé\tp\tyes\n"],
  pubmedqa: [
    labelled({ format: "pubmedqa" }),
    '{"1": {"QUESTION": "qé", "CONTEXTS": ["c"], "final_decision": "yes"}}',
  ],
  ddi: [
    labelled({ format: "ddi" }),
    '<document><sentence text="iron zincé">\n<entity id="a" charOffset="0-3" type="drug" ' +
    'text="iron"/><entity id="b" charOffset="5-9" type="drug" text="zincé"/>\n' +
    '<pair id="p" e1="a" e2="b" ddi="false"/></sentence></document>',
  ],
  squad: [
    (path) => readSquad(path),
    '{"data": [{"paragraphs": [{"context": "the géne", "qas": [{"id": "1", "question": "q", ' +
    '"answers": [{"text": "géne", "answer_start": 4}]}]}]}]}',
  ],
  golden: [
    (path) => readGolden(path),
    '{"questions": [{"id": "1", "type": "factoid", "exact_answer": [["é"]]}]}',
  ],
};

const latin1 = (text: string) => Uint8Array.from(text, (each) => each.charCodeAt(0));
const utf16 = (text: string, mark: string) => {
  const units = Uint16Array.from(mark + text, (each) => each.charCodeAt(0));
  return new Uint8Array(units.buffer);
};

for (const [name, [read, text]] of Object.entries(READERS)) {
  Deno.test(`the reader of ${name} names what stands in place of its file`, async () => {
    using dir = new TempDir();
    const told = async (content: string | Uint8Array, expected: string) => {
      const path = dir.file("f", content);
      await assertFault(() => read(path), { text: expected, dir: dir.path });
    };
    assert(await read(dir.file("f", text)));
    assert(await read(dir.file("f", gzipSync(text))));
    await assertFault(() => read(`${dir.path}/absent`), {
      text: "absent: there is no such file [text/missing-file]\n" +
        "  mend: check the path, and that the file may be read",
      dir: dir.path,
    });
    await told(
      utf16(text, "\uFEFF"),
      "f: this is UTF-16 text, not UTF-8 [text/not-text]\n" +
        "  mend: convert it: iconv -f utf-16 -t utf-8 FILE > NEW",
    );
    const line = text.slice(0, text.indexOf("é")).split("\n").length;
    await told(
      latin1(text),
      `f:${line}: the line is not valid UTF-8 [text/bad-utf8]\n  mend: if it is text, convert it ` +
        "from its encoding: iconv -f ENCODING -t utf-8 FILE > NEW",
    );
    await told(
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
      "f: this is a pointer of Git LFS, which stands for the file [text/not-text]\n" +
        "  mend: fetch the file itself: git lfs pull",
    );
    await told(
      "<!DOCTYPE html>\n<title>404</title>\n",
      "f: this is a web page, not the file that was asked for [text/not-text]\n" +
        "  mend: fetch the file again: the page may say why it is not there",
    );
    for (
      const content of ["", "\n\n", gzipSync(text).subarray(0, -9), gzipSync(text).subarray(0, 15)]
    ) {
      await assert.rejects(read(dir.file("f", content)), (error) => {
        assert(error instanceof ExperimentError, String(error));
        for (const { at, mend } of error.faults) {
          assert(at?.file !== undefined && mend !== undefined);
        }
        return true;
      });
    }
  });

  Deno.test(`the reader of ${name} takes no part of gzip data for the whole`, async () => {
    using dir = new TempDir();
    const packed = gzipSync(text.endsWith("\n") ? text : `${text}\n`);
    for (let length = 1; length < packed.length; length += 3) {
      const path = dir.file("f", packed.subarray(0, length));
      await assert.rejects(read(path), (error) => error instanceof ExperimentError);
    }
  });
}
