/**
 * Elements of an XML file, plain or compressed, as a stream with line numbers.
 *
 * A document type is refused whatever it says, so nothing can be defined, fetched or expanded
 * but XML's own five entities and characters by number. Depth and what stands between two tags
 * are bounded, so that memory is. Text between tags is passed over: what is read here stands in
 * attributes.
 */
import { SaxesParser } from "saxes";
import { ExperimentError } from "../../base/errors.ts";
import { readLines } from "./lines.ts";

/** A tag. */
export interface XmlTag {
  /** Whether it opens an element or closes one; an empty element does both. */
  readonly kind: "open" | "close";
  /** The element's name. */
  readonly name: string;
  /** By name; of a closing tag empty. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The line on which the tag ends, from 1. */
  readonly line: number;
}

const MAX_DEPTH = 64;
const MAX_GAP_MEBIBYTES = 4;

/**
 * The tags of a file in their order.
 *
 * @throws ExperimentError "text/bad-xml" with the line, and what `readLines` throws
 */
export async function* readXml(path: string): AsyncGenerator<XmlTag, void> {
  const parser = new SaxesParser();
  const found: XmlTag[] = [];
  let depth = 0, gap = 0, at = 1;
  const refuse = (message: string, mend: string) => {
    throw new ExperimentError("text/bad-xml", message, { at: { file: path, line: at }, mend });
  };
  parser.on("error", ({ message }) => {
    refuse(
      `this is no well-formed XML: ${message.replace(/^\d+:\d+: /, "")}`,
      "fetch the file again, or give one that is XML to its end",
    );
  });
  parser.on("doctype", () => {
    refuse(
      "the file has a document type, which could define entities",
      "take the line <!DOCTYPE ...> out",
    );
  });
  parser.on("xmldecl", ({ encoding }) => {
    if (encoding === undefined || /^utf-?8$/i.test(encoding)) return;
    refuse(
      `the file says that it is ${encoding}`,
      "convert it to UTF-8 and say so: iconv -f ENCODING -t utf-8 FILE > NEW",
    );
  });
  parser.on("opentag", ({ name, attributes }) => {
    if (++depth > MAX_DEPTH) {
      refuse(`elements stand in each other ${depth} deep`, "give the file as it was published");
    }
    found.push({ kind: "open", name, attributes, line: at });
  });
  parser.on("closetag", ({ name }) => {
    depth--;
    found.push({ kind: "close", name, attributes: {}, line: at });
  });
  for await (const { text, line } of readLines(path)) {
    at = line;
    parser.write(`${text}\n`);
    gap = found.length > 0 ? 0 : gap + text.length;
    if (gap > MAX_GAP_MEBIBYTES * 2 ** 20) {
      refuse(
        `no tag ends in ${MAX_GAP_MEBIBYTES} MiB of text`,
        "give the file as it was published, or check that it is XML",
      );
    }
    yield* found;
    found.length = 0;
  }
  parser.close();
  yield* found;
}
