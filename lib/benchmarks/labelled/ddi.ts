/**
 * Reads the DDI corpus as SemEval 2013 published it: XML documents of sentences, each with its
 * drugs and every pair of them.
 *
 * Offsets are inclusive; those of a drug named in parts ("aluminum ... hydroxide") are joined by
 * ";", and its first part stands for it. A pair's label is its type, "false" where nothing is
 * said to interact.
 *
 * @see Herrero-Zazo et al. 2013, doi 10.1016/j.jbi.2013.07.011
 */
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import { readXml, type XmlTag } from "../../text/sources/xml.ts";
import { locateText } from "../offsets.ts";
import type { Found, Skipped } from "./found.ts";
import type { Mention } from "./markers.ts";

/** A drug of a sentence; without a place where its text does not stand. */
interface Drug {
  readonly mention?: Mention;
  readonly isRepaired: boolean;
}

interface Sentence {
  readonly text: string;
  readonly drugs: Map<string, Drug>;
}

/**
 * The pairs of a file.
 *
 * @throws ExperimentError "benchmarks/no-column", "benchmarks/bad-offset",
 *   "benchmarks/unknown-entity" or "benchmarks/no-texts" with the line, and what `readXml` throws
 */
export async function* readDdi(path: string): AsyncGenerator<Found | Skipped, void> {
  let sentence: Sentence | undefined, sentences = 0;
  for await (const tag of readXml(path)) {
    if (tag.kind === "close") {
      if (tag.name === "sentence") sentence = undefined;
      continue;
    }
    const at = { file: path, line: tag.line };
    if (tag.name === "sentence") {
      sentences++;
      sentence = { text: attribute(tag, { name: "text", at }), drugs: new Map() };
    } else if (tag.name === "entity" && sentence !== undefined) {
      const id = attribute(tag, { name: "id", at });
      sentence.drugs.set(id, drugOf(tag, { text: sentence.text, at }));
    } else if (tag.name === "pair" && sentence !== undefined) {
      yield pairOf(tag, { sentence, at });
    }
  }
  if (sentences > 0) return;
  throw new ExperimentError("benchmarks/no-texts", "the file has no sentence", {
    at: { file: path },
    mend: "give the XML of the DDI corpus: sentences with entities and pairs",
  });
}

/** What stands for any drug where it is anonymised. */
const DRUG = "DRUG";

function drugOf(
  tag: XmlTag,
  { text, at }: { readonly text: string; readonly at: SourcePosition },
): Drug {
  const name = attribute(tag, { name: "text", at }), type = attribute(tag, { name: "type", at });
  const parts = partsOf(attribute(tag, { name: "charOffset", at }), at);
  const mention = { type: type.toUpperCase(), anonymous: DRUG };
  const written = parts.map(({ start, end }) => text.slice(start, end)).join(" ");
  if (written === name) return { mention: { ...parts[0]!, ...mention }, isRepaired: false };
  const [first] = parts;
  const found = parts.length > 1 || name.trim() === ""
    ? undefined
    : locateText(text, { text: name, offset: first!.start });
  if (found === undefined) return { isRepaired: false };
  const { start, end } = found;
  // At its place, but with another end than told.
  return { mention: { start, end, ...mention }, isRepaired: true };
}

/** The parts of an inclusive offset such as "0-7;23-31". */
function partsOf(
  charOffset: string,
  at: SourcePosition,
): { readonly start: number; readonly end: number }[] {
  return charOffset.split(";").map((part) => {
    const [, first, last] = /^(\d+)-(\d+)$/.exec(part.trim()) ?? [];
    const start = Number(first), end = Number(last) + 1;
    if (start < end) return { start, end };
    throw new ExperimentError(
      "benchmarks/bad-offset",
      `${JSON.stringify(charOffset)} is no offset of an entity`,
      { at, mend: 'write its first and its last character, "21-30", parts joined by ";"' },
    );
  });
}

function pairOf(
  tag: XmlTag,
  { sentence, at }: { readonly sentence: Sentence; readonly at: SourcePosition },
): Found | Skipped {
  const id = attribute(tag, { name: "id", at });
  const drugs = ["e1", "e2"].map((name) => {
    const entity = attribute(tag, { name, at }), drug = sentence.drugs.get(entity);
    if (drug !== undefined) return drug;
    throw new ExperimentError(
      "benchmarks/unknown-entity",
      `the pair names ${JSON.stringify(entity)}, which is no entity of its sentence`,
      { at, mend: "name entities that stand before the pair in the same sentence" },
    );
  });
  const interacts = attribute(tag, { name: "ddi", at }), { line } = tag;
  const type = tag.attributes["type"];
  if (interacts === "true" && type === undefined) {
    return { line, reason: "the pair interacts, but its type is missing" };
  }
  const mentions = drugs.flatMap(({ mention }) => mention === undefined ? [] : [mention]);
  if (mentions.length < drugs.length) {
    return { line, reason: "an entity's text does not stand at its offset, nor near it" };
  }
  return {
    id,
    text: sentence.text,
    label: interacts === "true" ? type! : interacts,
    line,
    mentions,
    isRepaired: drugs.some((drug) => drug.isRepaired),
  };
}

function attribute(
  { name: element, attributes }: XmlTag,
  { name, at }: { readonly name: string; readonly at: SourcePosition },
): string {
  const value = attributes[name];
  if (value !== undefined) return value;
  const names = Object.keys(attributes).map((each) => JSON.stringify(each)).join(", ");
  throw new ExperimentError(
    "benchmarks/no-column",
    `the ${element} has no attribute ${JSON.stringify(name)}`,
    {
      at,
      mend: `give the file as it was published; this one has ${names === "" ? "none" : names}`,
    },
  );
}
