/**
 * The NER benchmark of the synthetic world.
 *
 * All its sentences are ambiguous, and names in train, dev and test end in
 * different suffixes, so that what fine-tuning shows of a type does not reach the
 * test: which suffix means which type has to come from the corpus.
 */
import type { Part } from "../../base/parts.ts";
import { Stream } from "../../base/rng.ts";
import { DOMAIN_CLASSES } from "./lexicon.ts";
import { distinct, type PartDraws } from "./_distinct.ts";
import { ambiguousSentence, type Sentence, textOf } from "./sentences.ts";
import { drawNameOf, type World } from "./world.ts";

/**
 * Sentences of a part, no two alike. Classes are drawn evenly, then the suffixes of
 * the part evenly, so that the score does not hang on a few frequent ones.
 *
 * @throws Error when the world has not so many different sentences
 */
export function nerSentences(world: World, { part, ...options }: PartDraws<Part>): Sentence[] {
  const stream = new Stream(world.seed, `synthetic/ner/${part}`);
  const drawAny = () => {
    const nameClass = DOMAIN_CLASSES[stream.below(DOMAIN_CLASSES.length)]!;
    return drawNameOf(world, { part, nameClass, stream });
  };
  return distinct(() => ambiguousSentence(drawAny, { stream, isRunningText: false }), {
    ...options,
    textOf,
  });
}
