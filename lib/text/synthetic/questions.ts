/**
 * The benchmark of questions of the synthetic world.
 *
 * A context names three things of different classes in words that tell nothing of them; what is
 * asked is said by cues of one class ("the prognosis was diagnosed"), and the answer is the name
 * of that class. Names of train, dev and test end in different suffixes, so which name is meant
 * has to come from the corpus.
 */
import type { Part } from "../../base/parts.ts";
import { Stream } from "../../base/rng.ts";
import { distinct, type PartDraws } from "./_distinct.ts";
import { DOMAIN_CLASSES } from "./lexicon.ts";
import { clueOf, rowOfNames, textOf } from "./sentences.ts";
import { drawNameOf, type World } from "./world.ts";

/** A question and its answer. */
export interface WorldQuestion {
  /** Cues of the class that is asked for. */
  readonly question: string;
  /** A sentence of three names. */
  readonly context: string;
  /** The name that answers it. */
  readonly answer: string;
  /** Where that begins in the context, in UTF-16 units. */
  readonly start: number;
}

const NAMES = 3;

/**
 * Questions of a part, no two on equal contexts.
 *
 * @throws Error when the world has not so many different ones
 */
export function worldQuestions(
  world: World,
  { part, ...options }: PartDraws<Part>,
): WorldQuestion[] {
  const stream = new Stream(world.seed, `synthetic/questions/${part}`);
  const draw = (): WorldQuestion => {
    const classes = stream.shuffle([...DOMAIN_CLASSES]).slice(0, NAMES);
    const names = classes.map((nameClass) => drawNameOf(world, { part, nameClass, stream }));
    const asked = stream.below(NAMES);
    const { words, mentions } = rowOfNames(names, stream);
    const before = words.slice(0, mentions[asked]!.start);
    // Up to a name that begins with it, a sentence's text is that of its words.
    const start = before.length === 0 ? 0 : textOf({ words: before }).length + 1;
    return {
      question: clueOf(classes[asked]!, stream),
      context: textOf({ words }),
      answer: names[asked]!.words.join(" "),
      start,
    };
  };
  return distinct(draw, { ...options, textOf: ({ context }) => context });
}
