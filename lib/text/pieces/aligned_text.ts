/**
 * Text as it is cut into pieces, each of its code units with the place it came from.
 *
 * What vanishes (control characters, accents of an uncased vocabulary) is left out here,
 * so that every word is a slice, and a piece's place in the text is known exactly.
 */
import { isRemoved } from "./basic_tokens.ts";
import { foldCharacter } from "./fold.ts";

/** What is cut, and where its code units stand in the text as given. */
export interface AlignedText {
  /** The text without what vanishes. */
  readonly text: string;
  /** [units of `text`], where the character that a unit came from begins. */
  readonly starts: Int32Array;
  /** [units of `text`], where it ends. */
  readonly ends: Int32Array;
}

/** Aligns a text, lower-cased and without accents where the vocabulary is uncased. */
export function alignText(text: string, options: { readonly lowercase: boolean }): AlignedText {
  const starts: number[] = [], ends: number[] = [];
  let seen = "", start = 0;
  for (const character of text) {
    const end = start + character.length;
    if (!isRemoved(character.codePointAt(0)!)) {
      const part = options.lowercase ? foldCharacter(character) : character;
      for (let unit = 0; unit < part.length; unit++) {
        starts.push(start);
        ends.push(end);
      }
      seen += part;
    }
    start = end;
  }
  return { text: seen, starts: Int32Array.from(starts), ends: Int32Array.from(ends) };
}
