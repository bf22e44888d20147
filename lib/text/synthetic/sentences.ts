/**
 * The grammar of the synthetic world: single sentences, with their tags and the
 * relation they speak of.
 *
 * A typed sentence has names of one class among that class's cues; an ambiguous
 * one has names of any class among cues that tell nothing; one of two names
 * states a fact of the world or only lets them meet.
 */
import type { Stream } from "../../base/rng.ts";
import {
  CLASS_CUES,
  type Cues,
  ENDINGS,
  ENTITY_TYPES,
  FAMILIAR,
  FRAMES,
  MEETING_FRAMES,
  type NameClass,
  NEUTRAL_CUES,
  OPENINGS,
  RELATION_FRAMES,
  RELATION_VERBS,
  type RelationKind,
  type RelationVerb,
  ROW_FRAMES,
} from "./lexicon.ts";
import { drawName, type Name } from "./names.ts";
import { Weighted } from "./weighted.ts";
import type { World } from "./world.ts";

/** A sentence of the world. */
export interface Sentence {
  /** Names as they are spelt, punctuation marks as words. */
  readonly words: readonly string[];
  /** One a word: B-Type, I-Type or O. */
  readonly tags: readonly string[];
  /** The names in it, in order, and the word at which each begins. */
  readonly mentions: readonly { readonly name: Name; readonly start: number }[];
  /** What a sentence of two names says of them; "none" if they only meet. */
  readonly relation?: {
    readonly actor: Name;
    readonly target: Name;
    readonly kind: RelationKind | "none";
  };
}

/** Cues of a class, drawn with a skew. */
interface CueDraws {
  readonly n: Weighted<string>;
  readonly v: Weighted<string>;
  readonly a: Weighted<string>;
}

const CUE_SKEW = 0.5;
const NEUTRAL_SHARE = 0.1;
const OPENING_SHARE = 0.08;
const ENDING_SHARE = 0.08;
/** Of two names that meet in a sentence, how often a fact joins them. */
const FACT_SHARE = 0.7;
/** How often a fact is stated, and not only its names are let meet. */
const STATED_SHARE = 0.8;

const NEUTRAL = cueDraws(NEUTRAL_CUES);
const BY_CLASS = Object.fromEntries(
  Object.entries(CLASS_CUES).map(([nameClass, cues]) => [nameClass, cueDraws(cues)]),
) as Record<NameClass, CueDraws>;
const VERBS = {
  promotes: new Weighted(RELATION_VERBS.promotes, CUE_SKEW),
  suppresses: new Weighted(RELATION_VERBS.suppresses, CUE_SKEW),
};

/**
 * A sentence about one class, among that class's cues.
 *
 * @param options familiarShare: how often a name's place is taken by a thing that
 *   everybody knows, where the class has such
 */
export function typedSentence(
  world: World,
  { nameClass, familiarShare, stream }: {
    readonly nameClass: NameClass;
    readonly familiarShare: number;
    readonly stream: Stream;
  },
): Sentence {
  const familiar = FAMILIAR[nameClass];
  return fillFrame(choose(FRAMES, stream), {
    name: () =>
      familiar !== undefined && stream.float() < familiarShare
        ? choose(familiar, stream)
        : drawName(world, nameClass, stream),
    cues: () => stream.float() < NEUTRAL_SHARE ? NEUTRAL : BY_CLASS[nameClass],
    stream,
    isRunningText: true,
  });
}

/**
 * A sentence whose words tell nothing of its names.
 *
 * @param drawAny gives a name for each place
 * @param options isRunningText: whether it may have an opening or an ending
 */
export function ambiguousSentence(
  drawAny: () => Name,
  options: { readonly stream: Stream; readonly isRunningText: boolean },
): Sentence {
  return fillFrame(choose(FRAMES, options.stream), {
    ...options,
    name: drawAny,
    cues: () => NEUTRAL,
  });
}

/**
 * A sentence of two names, which a fact of the world or chance brings together.
 *
 * @param options pair: the classes of who acts and who is acted on
 */
export function relationSentence(
  world: World,
  { pair: [actorClass, targetClass], stream }: {
    readonly pair: readonly [NameClass, NameClass];
    readonly stream: Stream;
  },
): Sentence {
  const actor = drawName(world, actorClass, stream);
  const fitting = world.facts.get(actor)!.filter((fact) => fact.target.nameClass === targetClass);
  if (stream.float() < FACT_SHARE) {
    const { target, kind } = choose(fitting, stream);
    const isStated = stream.float() < STATED_SHARE;
    return twoNames(actor, target, { kind: isStated ? kind : "none", stream, isRunningText: true });
  }
  let target = drawName(world, targetClass, stream);
  while (fitting.some((fact) => fact.target === target)) {
    target = drawName(world, targetClass, stream);
  }
  return twoNames(actor, target, { kind: "none", stream, isRunningText: true });
}

/** A sentence in which the given names stand in a row, among words that tell nothing of them. */
export function rowOfNames(names: readonly Name[], stream: Stream): Sentence {
  let next = 0;
  return fillFrame(choose(ROW_FRAMES, stream), {
    name: () => names[next++]!,
    cues: () => NEUTRAL,
    stream,
    isRunningText: false,
  });
}

/** What is said of things of a class when none is named: its cues tell which class is meant. */
export function clueOf(nameClass: NameClass, stream: Stream): string {
  const cues = BY_CLASS[nameClass];
  return `the ${cues.n.draw(stream)} was ${cues.v.draw(stream)}`;
}

/** A sentence as text: words apart, punctuation joined to the word before. */
export function textOf(sentence: Pick<Sentence, "words">): string {
  return sentence.words.join(" ").replaceAll(/ ([.,])/g, "$1");
}

/**
 * A sentence of two given names: one acts on the other, or they only meet.
 *
 * @param options kind: how it acts, "none" if it does not; isRunningText: whether it may have
 *   an opening or an ending
 */
export function twoNames(
  actor: Name,
  target: Name,
  { kind, stream, isRunningText }: {
    readonly kind: RelationKind | "none";
    readonly stream: Stream;
    readonly isRunningText: boolean;
  },
): Sentence {
  const frame = choose(kind === "none" ? MEETING_FRAMES : RELATION_FRAMES, stream);
  const verb = kind === "none" ? undefined : VERBS[kind].draw(stream);
  const made = fillFrame(frame, {
    name: (slot) => slot === "X" ? actor : target,
    cues: () => NEUTRAL,
    stream,
    isRunningText,
    ...(verb === undefined ? {} : { verb }),
  });
  return { ...made, relation: { actor, target, kind } };
}

interface Fillers {
  /** A name of the world, or a plain word. */
  readonly name: (slot: string) => Name | string;
  readonly cues: () => CueDraws;
  readonly verb?: RelationVerb;
  readonly stream: Stream;
  readonly isRunningText: boolean;
}

function fillFrame(frame: readonly string[], fillers: Fillers): Sentence {
  const { stream, isRunningText } = fillers;
  const words: string[] = [];
  const tags: string[] = [];
  const mentions: { name: Name; start: number }[] = [];
  const addPlain = (plain: readonly string[]) => {
    for (const word of plain) {
      words.push(word);
      tags.push("O");
    }
  };
  if (isRunningText && stream.float() < OPENING_SHARE) addPlain(choose(OPENINGS, stream));
  for (const slot of frame) {
    if (slot === "X" || slot === "Y") {
      const name = fillers.name(slot);
      if (typeof name === "string") {
        addPlain([name]);
        continue;
      }
      mentions.push({ name, start: words.length });
      const type = ENTITY_TYPES[name.nameClass];
      name.words.forEach((word, index) => {
        words.push(word);
        tags.push(type === undefined ? "O" : `${index === 0 ? "B" : "I"}-${type}`);
      });
    } else if (slot === "n" || slot === "v" || slot === "a") {
      addPlain([fillers.cues()[slot].draw(stream)]);
    } else if (slot === "active" || slot === "participle" || slot === "noun") {
      addPlain([fillers.verb![slot]]);
    } else {
      addPlain([slot]);
    }
  }
  if (isRunningText && stream.float() < ENDING_SHARE) addPlain(choose(ENDINGS, stream));
  addPlain(["."]);
  return { words, tags, mentions };
}

function cueDraws(cues: Cues): CueDraws {
  return {
    n: new Weighted(cues.nouns, CUE_SKEW),
    v: new Weighted(cues.participles, CUE_SKEW),
    a: new Weighted(cues.adjectives, CUE_SKEW),
  };
}

function choose<T>(list: readonly T[], stream: Stream): T {
  return list[stream.below(list.length)]!;
}
