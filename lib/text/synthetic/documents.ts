/**
 * Endless streams of documents of the two kinds of text, and sentences held out
 * from them.
 *
 * A document is about one class of names. Document i is a pure function of (world,
 * kind, use, i), so that text of any size streams in constant memory. Sentences are
 * held out by content: one that the validation split has is drawn anew wherever it
 * would come up in training.
 */
import { Stream } from "../../base/rng.ts";
import {
  DOMAIN_CLASSES,
  GENERAL_CLASSES,
  NAME_CLASSES,
  type NameClass,
  RELATION_PAIRS,
} from "./lexicon.ts";
import { drawName } from "./names.ts";
import {
  ambiguousSentence,
  relationSentence,
  type Sentence,
  textOf,
  typedSentence,
} from "./sentences.ts";
import type { World } from "./world.ts";

/** The two kinds of text. */
export type TextKind = "general" | "domain";

/** Which documents to make. */
export interface DocumentOptions {
  /** Of which classes they speak. */
  readonly kind: TextKind;
  /** Tells the draws of one use from those of another: "train", "validation". */
  readonly use: string;
  /** Whether a sentence is to be drawn anew. */
  readonly isRefused?: (text: string) => boolean;
}

/** What documents are about. */
const TOPICS: Readonly<Record<TextKind, readonly NameClass[]>> = {
  general: NAME_CLASSES,
  domain: DOMAIN_CLASSES,
};
/** The classes whose names a text has. */
const NAMED: Readonly<Record<TextKind, readonly NameClass[]>> = {
  general: GENERAL_CLASSES,
  domain: DOMAIN_CLASSES,
};
/** How often a thing that everybody knows stands in a name's place, where there is such. */
const FAMILIAR_SHARE: Readonly<Record<TextKind, number>> = { general: 1, domain: 0.1 };

const FEWEST_SENTENCES = 8;
const MOST_SENTENCES = 12;
const RELATION_SHARE = 0.15;
const AMBIGUOUS_SHARE = 0.1;
/** A world in which so many draws on end are refused has not enough to say. */
const MOST_DRAWS = 10_000;

/** Documents without end, each a list of sentences. */
export function* documentsOf(
  world: World,
  options: DocumentOptions,
): Generator<Sentence[], never> {
  const topics = TOPICS[options.kind];
  for (let document = 0;; document++) {
    const stream = new Stream(world.seed, `synthetic/${options.kind}/${options.use}`, document);
    const topic = topics[stream.below(topics.length)]!;
    const count = FEWEST_SENTENCES + stream.below(MOST_SENTENCES - FEWEST_SENTENCES + 1);
    yield Array.from({ length: count }, () => {
      for (let draws = 0; draws < MOST_DRAWS; draws++) {
        const sentence = drawSentence(world, { kind: options.kind, topic, stream });
        if (options.isRefused?.(textOf(sentence)) !== true) return sentence;
      }
      throw new Error("the world has too few different sentences");
    });
  }
}

/** Sentences that are held out from training. */
export interface HeldOutSentences {
  /** Documents of them. */
  readonly documents: readonly (readonly string[])[];
  /** All of them, no two alike. */
  readonly texts: ReadonlySet<string>;
}

/**
 * Draws sentences to hold out.
 *
 * @param options sentences: how many, at least 1
 * @throws Error when the world has not so many different sentences
 */
export function heldOutDocuments(
  world: World,
  { kind, sentences, onSentences }: {
    readonly kind: TextKind;
    readonly sentences: number;
    readonly onSentences?: (found: number) => void;
  },
): HeldOutSentences {
  const texts = new Set<string>();
  const documents: string[][] = [];
  const isRefused = (text: string) => texts.has(text);
  for (const drawn of documentsOf(world, { kind, use: "validation", isRefused })) {
    const document: string[] = [];
    for (const text of drawn.map(textOf)) {
      // A document is drawn as a whole, so a sentence may stand in it twice.
      if (texts.has(text) || texts.size >= sentences) continue;
      texts.add(text);
      document.push(text);
    }
    documents.push(document);
    onSentences?.(texts.size);
    if (texts.size >= sentences) break;
  }
  return { documents, texts };
}

function drawSentence(
  world: World,
  { kind, topic, stream }: {
    readonly kind: TextKind;
    readonly topic: NameClass;
    readonly stream: Stream;
  },
): Sentence {
  const share = stream.float();
  if (share < AMBIGUOUS_SHARE) {
    const classes = NAMED[kind];
    const drawAny = () => drawName(world, classes[stream.below(classes.length)]!, stream);
    return ambiguousSentence(drawAny, { stream, isRunningText: true });
  }
  if (kind === "domain" && share < AMBIGUOUS_SHARE + RELATION_SHARE) {
    const pairs = RELATION_PAIRS.filter((pair) => pair.includes(topic));
    const pair = pairs[stream.below(Math.max(1, pairs.length))];
    if (pair !== undefined) return relationSentence(world, { pair, stream });
  }
  return typedSentence(world, { nameClass: topic, familiarShare: FAMILIAR_SHARE[kind], stream });
}
