/**
 * How many columns of a terminal a text takes.
 *
 * What `string-width` says, which takes 40 ms to load, a tenth of a rerun: the tables of
 * emoji and of graphemes behind it are made here once a text needs them, and few do.
 */
import { eastAsianWidth } from "get-east-asian-width";

/** Characters of one column each that never join another: of most texts all. */
const NARROW = /^[\x20-\x7e\xa0-\xac\xae-\u02ff\u2010-\u2027\u2030-\u203b]*$/;

/** A character that leaves something on the screen. */
const VISIBLE =
  /[^\p{Default_Ignorable_Code_Point}\p{Control}\p{Format}\p{Nonspacing_Mark}\p{Enclosing_Mark}\p{Surrogate}]/u;

/** What may begin or make an emoji. */
const PICTURE = /[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]/u;

/** Characters with a column of their own though they join those before: marks, kana's dots, jamo. */
const SPACING = /[\p{Spacing_Mark}\uff00-\uffef\u1100-\u115f\ua960-\ua97c\uac00-\ud7a3]/u;

let segmenter: Intl.Segmenter | undefined;
let emoji: RegExp | undefined;

/** Columns of a text without line breaks and control characters. */
export function widthOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const grapheme of graphemesOf(text)) width += graphemeWidth(grapheme);
  return width;
}

/** A text in what a person calls characters. */
export function* graphemesOf(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

function graphemeWidth(grapheme: string): number {
  const start = grapheme.search(VISIBLE);
  if (start === -1) return 0;
  if (PICTURE.test(grapheme) && isEmoji(grapheme)) return 2;
  let width = 0, isFirst = true;
  for (const character of grapheme.slice(start)) {
    if (isFirst || SPACING.test(character)) width += eastAsianWidth(character.codePointAt(0)!);
    isFirst = false;
  }
  return width;
}

/** Whether a terminal draws one picture, two columns wide; some leave out what asks for it. */
function isEmoji(grapheme: string): boolean {
  emoji ??= new RegExp(String.raw`^(?:\p{RGI_Emoji}|[\d#*]\u20e3)$`, "v");
  return emoji.test(grapheme) ||
    grapheme.includes("\u200d") && grapheme.match(/\p{Extended_Pictographic}/gu)!.length > 1;
}
