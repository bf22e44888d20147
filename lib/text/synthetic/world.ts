/**
 * The latent world behind the synthetic text: names, what they do to each other,
 * and which suffixes each part of a benchmark may use.
 *
 * A pure function of its options. Text and the benchmarks of entities, relations and
 * questions all speak of this one world.
 */
import type { JsonObject } from "../../base/canonical.ts";
import { type Part, PARTS } from "../../base/parts.ts";
import { Stream } from "../../base/rng.ts";
import {
  DOMAIN_CLASSES,
  lexiconWords,
  NAME_CLASSES,
  type NameClass,
  RELATION_PAIRS,
  type RelationKind,
} from "./lexicon.ts";
import { drawName, drawNames, type Name, type NameBook, type NameOptions } from "./names.ts";

/** What shapes a world; how much is said of it is no part of that. */
export interface WorldOptions extends NameOptions {
  /** Below 2^32; all draws follow from it. */
  readonly seed: number;
}

/** Something that holds in the world: the first name acts on the second. */
export interface Fact {
  /** Who acts. */
  readonly actor: Name;
  /** Who is acted on. */
  readonly target: Name;
  /** How. */
  readonly kind: RelationKind;
}

/** By class, the suffixes of names. */
export type SuffixesByClass = Readonly<Partial<Record<NameClass, readonly string[]>>>;

/** A world. */
export interface World extends NameBook {
  /** The seed it was drawn from. */
  readonly seed: number;
  /** By actor, `FACTS_PER_PAIR` for each class that it acts on. */
  readonly facts: ReadonlyMap<Name, readonly Fact[]>;
  /** The suffixes that names of a part end in; no suffix is in two parts. */
  readonly partSuffixes: Readonly<Record<Part, SuffixesByClass>>;
}

/** How many names of a class an actor acts on. */
export const FACTS_PER_PAIR = 3;

/** A name that a part of a benchmark may use: its suffixes evenly, their names as text has them. */
export function drawNameOf(
  world: World,
  { part, nameClass, stream }: {
    readonly part: Part;
    readonly nameClass: NameClass;
    readonly stream: Stream;
  },
): Name {
  const suffixes = world.partSuffixes[part][nameClass]!;
  return world.names.get(suffixes[stream.below(suffixes.length)]!)!.draw(stream);
}

/** Builds the world that the options describe. */
export function buildWorld(options: WorldOptions): World {
  const words = lexiconWords();
  const book = drawNames(options.seed, {
    ...options,
    beginsWord: (letters) => words.some((word) => word.startsWith(letters)),
  });
  return {
    ...book,
    seed: options.seed,
    facts: drawFacts(options.seed, book),
    partSuffixes: dealSuffixes(options.seed, book),
  };
}

/**
 * The pieces that a vocabulary needs so that every name splits into stem and suffix
 * and every other word stays whole: words, stems, and suffixes with "##".
 */
export function piecesOf(world: NameBook): string[] {
  const suffixes = NAME_CLASSES.flatMap((nameClass) => world.suffixes[nameClass]);
  return [...lexiconWords(), ...world.stems, ...suffixes.map((suffix) => `##${suffix}`)];
}

/**
 * The world as JSON, for people: suffixes by class, those
 * of each benchmark part, and the facts as [actor, kind, target].
 */
export function describeWorld(world: World): JsonObject {
  const nameOf = (name: Name) => name.words.join(" ");
  return {
    seed: world.seed,
    suffixes: { ...world.suffixes },
    partSuffixes: Object.fromEntries(
      Object.entries(world.partSuffixes).map(([part, suffixes]) => [part, { ...suffixes }]),
    ),
    facts: [...world.facts.values()].flat().map(({ actor, kind, target }) => [
      nameOf(actor),
      kind,
      nameOf(target),
    ]),
  };
}

function drawFacts(seed: number, book: NameBook): ReadonlyMap<Name, readonly Fact[]> {
  const stream = new Stream(seed, "synthetic/facts");
  const facts = new Map<Name, Fact[]>();
  for (const [actorClass, targetClass] of RELATION_PAIRS) {
    const actors = book.suffixes[actorClass].flatMap((suffix) => book.names.get(suffix)!.entries);
    for (const actor of actors) {
      const targets = new Set<Name>();
      while (targets.size < FACTS_PER_PAIR) targets.add(drawName(book, targetClass, stream));
      const known = facts.get(actor) ?? [];
      for (const target of targets) {
        known.push({ actor, target, kind: stream.below(2) === 0 ? "promotes" : "suppresses" });
      }
      facts.set(actor, known);
    }
  }
  return facts;
}

/** Deals suffixes out in turn, from frequent to rare, so that the parts are alike. */
function dealSuffixes(seed: number, book: NameBook): World["partSuffixes"] {
  const stream = new Stream(seed, "synthetic/parts");
  const parts: Record<Part, Partial<Record<NameClass, string[]>>> = {
    train: {},
    dev: {},
    test: {},
  };
  for (const nameClass of DOMAIN_CLASSES) {
    for (const part of PARTS) parts[part][nameClass] = [];
    const suffixes = book.suffixes[nameClass];
    for (let i = 0; i < suffixes.length; i += PARTS.length) {
      stream.shuffle([...PARTS]).forEach((part, offset) => {
        const suffix = suffixes[i + offset];
        if (suffix !== undefined) parts[part][nameClass]!.push(suffix);
      });
    }
  }
  return parts;
}
