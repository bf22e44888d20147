/**
 * The words of the synthetic world that are the same for every seed: cue words by
 * class, frames of sentences, constructions of relations. Tables only.
 *
 * Every class has as many cues as every other and all share the frames, so that
 * neither word order nor sentence length tells a class; only the cues do.
 */

/** What a name of the world stands for. */
export type NameClass =
  | "gene"
  | "disease"
  | "chemical"
  | "device"
  | "person"
  | "place"
  | "object";

/** The classes of biomedical text; names of the first three are entities, devices are not. */
export const DOMAIN_CLASSES = ["gene", "disease", "chemical", "device"] as const;

/** The classes of general text. */
export const GENERAL_CLASSES = ["person", "place", "object"] as const;

/** Every class, in the order in which names are drawn. */
export const NAME_CLASSES: readonly NameClass[] = [...DOMAIN_CLASSES, ...GENERAL_CLASSES];

/** The entity types of the NER benchmark; names of other classes are tagged O. */
export const ENTITY_TYPES: Readonly<Partial<Record<NameClass, string>>> = {
  gene: "Gene",
  disease: "Disease",
  chemical: "Chemical",
};

/** The words that fill a frame's slots, the most frequent first. */
export interface Cues {
  /** Slot "n". */
  readonly nouns: readonly string[];
  /** Slot "v". */
  readonly participles: readonly string[];
  /** Slot "a". */
  readonly adjectives: readonly string[];
}

function cues(nouns: string, participles: string, adjectives: string): Cues {
  return {
    nouns: nouns.split(" "),
    participles: participles.split(" "),
    adjectives: adjectives.split(" "),
  };
}

/** Cues that tell the class of the names in their sentence. */
export const CLASS_CUES: Readonly<Record<NameClass, Cues>> = {
  gene: cues(
    "expression promoter allele transcript",
    "expressed transcribed mutated silenced",
    "homozygous intronic heritable recessive",
  ),
  disease: cues(
    "onset prognosis symptom relapse",
    "diagnosed cured contracted aggravated",
    "chronic malignant acute infectious",
  ),
  chemical: cues(
    "dose solution concentration residue",
    "dissolved ingested injected diluted",
    "soluble toxic crystalline volatile",
  ),
  device: cues(
    "calibration sensor display battery",
    "calibrated installed rebooted assembled",
    "portable digital automated programmable",
  ),
  person: cues(
    "brother letter smile voice",
    "married hired greeted elected",
    "cheerful elderly polite clever",
  ),
  place: cues(
    "harbour street bridge suburb",
    "visited governed besieged mapped",
    "coastal crowded northern rural",
  ),
  object: cues(
    "lid handle colour price",
    "sold painted polished stolen",
    "wooden shiny heavy antique",
  ),
};

/**
 * Things of the biomedical classes that everybody knows. General text speaks of them
 * among the cues of their class, as a newspaper does of glucose, and of no rarer name:
 * so it shows what the classes are, and nothing of which name belongs to which.
 */
export const FAMILIAR: Readonly<Partial<Record<NameClass, readonly string[]>>> = {
  gene: ["insulin", "collagen", "keratin"],
  disease: ["cancer", "asthma", "influenza"],
  chemical: ["glucose", "ethanol", "ammonia"],
  device: ["radar", "sonar", "machinery"],
};

/** Cues that go with every class and so tell nothing. */
export const NEUTRAL_CUES: Cues = cues(
  "case role example presence",
  "observed reported found described",
  "common new known typical",
);

/**
 * The frames: words, "X" for a name, "n", "v", "a" for cues. The same for every
 * class and both kinds of text.
 */
export const FRAMES: readonly (readonly string[])[] = [
  "the n of X was v",
  "X was v by a n",
  "a n of X and X was v",
  "they v the a n of X",
  "X , X and X were v",
  "the n was v in a X",
  "the a X showed a n",
  "n and n of X were v",
  "X with a n was v",
  "no a X was v",
  "the a X was v after n",
  "a X or X was v as n",
].map((frame) => frame.split(" "));

/** What may stand before a sentence; "" most often. */
export const OPENINGS: readonly (readonly string[])[] = [
  "in this study ,",
  "by contrast ,",
  "as expected ,",
  "here",
].map((words) => words.split(" "));

/** What may stand after a sentence, before the full stop; "" most often. */
export const ENDINGS: readonly (readonly string[])[] = ["again", "in most cases", "as before"]
  .map((words) => words.split(" "));

/** How one name acts on another. */
export type RelationKind = "promotes" | "suppresses";

/** A verb of a relation in its forms. */
export interface RelationVerb {
  /** "causes" */
  readonly active: string;
  /** "caused" */
  readonly participle: string;
  /** "causation" */
  readonly noun: string;
}

function verbs(table: string): RelationVerb[] {
  return table.split(",").map((entry) => {
    const [active, participle, noun] = entry.trim().split(" ");
    return { active: active!, participle: participle!, noun: noun! };
  });
}

/** The verbs of each relation, for every pair of classes the same. */
export const RELATION_VERBS: Readonly<Record<RelationKind, readonly RelationVerb[]>> = {
  promotes: verbs(
    "promotes promoted promotion, causes caused causation, induces induced induction, " +
      "activates activated activation, increases increased increase",
  ),
  suppresses: verbs(
    "suppresses suppressed suppression, inhibits inhibited inhibition, " +
      "prevents prevented prevention, blocks blocked blockade, reduces reduced reduction",
  ),
};

/** Constructions that state a relation: "X" acts, "Y" is acted on, the rest are verb forms. */
export const RELATION_FRAMES: readonly (readonly string[])[] = [
  "X active Y",
  "Y is participle by X",
  "noun of Y by X was v",
].map((frame) => frame.split(" "));

/** Constructions in which two names meet and nothing is said of a relation. */
export const MEETING_FRAMES: readonly (readonly string[])[] = [
  "X was compared with Y",
  "Y was measured along with X",
  "neither X nor Y was v",
  "X and Y were studied",
].map((frame) => frame.split(" "));

/** Frames of three names in a row, in words that the other frames have too. */
export const ROW_FRAMES: readonly (readonly string[])[] = [
  "X , X and X were v",
  "neither X , X nor X was v",
  "X was compared with X and X",
].map((frame) => frame.split(" "));

/** The pairs of classes that relations join: who acts, who is acted on. */
export const RELATION_PAIRS: readonly (readonly [NameClass, NameClass])[] = [
  ["gene", "disease"],
  ["chemical", "gene"],
  ["chemical", "disease"],
];

/** What a frame's words may stand for; every other word of a frame is itself. */
const SLOTS = new Set(["X", "Y", "n", "v", "a", "active", "participle", "noun"]);

/** Every word of synthetic text that is no name, once, in alphabetical order. */
export function lexiconWords(): string[] {
  const frames = [...FRAMES, ...OPENINGS, ...ENDINGS, ...RELATION_FRAMES, ...MEETING_FRAMES];
  const verbs = Object.values(RELATION_VERBS).flat();
  const cueLists = [NEUTRAL_CUES, ...Object.values(CLASS_CUES)].flatMap((each) => [
    each.nouns,
    each.participles,
    each.adjectives,
  ]);
  const found = new Set([
    ...frames.flat().filter((word) => !SLOTS.has(word)),
    ...cueLists.flat(),
    ...Object.values(FAMILIAR).flat(),
    ...verbs.flatMap((verb) => [verb.active, verb.participle, verb.noun]),
    ".",
  ]);
  return [...found].sort();
}
