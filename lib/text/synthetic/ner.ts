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
import { ambiguousSentence, type Sentence, textOf } from "./sentences.ts";
import type { World } from "./world.ts";

/** A world in which so many draws on end give nothing new has not enough to say. */
const MOST_DRAWS = 10_000;

/**
 * Sentences of a part, no two alike. Classes are drawn evenly, then the suffixes of
 * the part evenly, so that the score does not hang on a few frequent ones.
 *
 * @throws Error when the world has not so many different sentences
 */
export function nerSentences(
  world: World,
  { part, sentences, onSentence }: {
    readonly part: Part;
    readonly sentences: number;
    /** Called after each new sentence. */
    readonly onSentence?: () => void;
  },
): Sentence[] {
  const stream = new Stream(world.seed, `synthetic/ner/${part}`);
  const drawAny = () => {
    const nameClass = DOMAIN_CLASSES[stream.below(DOMAIN_CLASSES.length)]!;
    const suffixes = world.partSuffixes[part][nameClass]!;
    return world.names.get(suffixes[stream.below(suffixes.length)]!)!.draw(stream);
  };
  const chosen = new Map<string, Sentence>();
  for (let draws = 0; chosen.size < sentences; draws++) {
    if (draws > MOST_DRAWS * sentences) throw new Error("the world has too few sentences");
    const sentence = ambiguousSentence(drawAny, { stream, isRunningText: false });
    const text = textOf(sentence);
    if (chosen.has(text)) continue;
    chosen.set(text, sentence);
    onSentence?.();
  }
  return [...chosen.values()];
}
