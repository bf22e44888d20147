/** Texts that say nothing: a row of one would be learned and scored as if it did. */

/** Whether a text has nothing but white space, and characters that no tokenizer keeps. */
export function isBlank(text: string): boolean {
  return !SEEN.test(text);
}

/** What is neither a space nor removed before words are cut into pieces, as BERT removes it. */
const SEEN = /[^\s\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]/u;
