/**
 * BERT's basic tokenisation: text into words and single punctuation marks.
 *
 * Control and format characters vanish, CJK ideographs stand alone, white space
 * separates, every punctuation mark is a word of its own. Case and accents stay as
 * they are: for uncased models text goes through `fold.ts` first.
 */

const UNKNOWN = 0, LETTER = 1, SPACE = 2, SINGLE = 3, REMOVED = 4;

/** Classes of the code units below 0x10000, filled in as they are met. */
const classes = new Uint8Array(0x10000);

/**
 * Calls back for every word of a text, in order, with where it begins; a word within which a
 * character vanished is no slice of the text.
 *
 * @see `BasicTokenizer` of google-research/bert
 */
export function forEachWord(
  text: string,
  visit: (word: string, start: number) => void,
): void {
  let start = 0;
  let kept = "";
  const end = text.length;
  for (let i = 0; i < end;) {
    const unit = text.charCodeAt(i);
    let kind = classes[unit]!;
    let width = 1;
    if (kind === UNKNOWN) {
      const point = text.codePointAt(i)!;
      if (point > 0xFFFF) width = 2;
      kind = classify(point);
    }
    if (kind !== LETTER) {
      if (kind === REMOVED) {
        kept += text.slice(start, i);
      } else {
        if (i > start || kept !== "") visit(kept + text.slice(start, i), start - kept.length);
        if (kind === SINGLE) visit(text.slice(i, i + width), i);
        kept = "";
      }
      start = i + width;
    }
    i += width;
  }
  if (end > start || kept !== "") visit(kept + text.slice(start), start - kept.length);
}

/** Whether a character vanishes: control and format characters, and what no encoding could read. */
export function isRemoved(point: number): boolean {
  const kind = point > 0xFFFF ? UNKNOWN : classes[point]!;
  return (kind === UNKNOWN ? classify(point) : kind) === REMOVED;
}

function classify(point: number): number {
  const kind = classOf(point);
  // A surrogate's class depends on its partner, so it is never remembered.
  if (point <= 0xFFFF && !(point >= 0xD800 && point <= 0xDFFF)) classes[point] = kind;
  return kind;
}

function classOf(point: number): number {
  const character = String.fromCodePoint(point);
  if (point === 0x09 || point === 0x0A || point === 0x0D) return SPACE;
  if (point === 0xFFFD || /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u.test(character)) return REMOVED;
  if (/\p{White_Space}/u.test(character)) return SPACE;
  if (isAsciiPunctuation(point) || /\p{P}/u.test(character)) return SINGLE;
  return isIdeograph(point) ? SINGLE : LETTER;
}

/** All of ASCII that is neither letter, digit nor space: "$" and "^" too, unlike Unicode. */
function isAsciiPunctuation(point: number): boolean {
  return (point >= 33 && point <= 47) || (point >= 58 && point <= 64) ||
    (point >= 91 && point <= 96) || (point >= 123 && point <= 126);
}

/** The CJK blocks that BERT's code lists; Hangul and kana are not among them. */
function isIdeograph(point: number): boolean {
  return (point >= 0x4E00 && point <= 0x9FFF) || (point >= 0x3400 && point <= 0x4DBF) ||
    (point >= 0x20000 && point <= 0x2A6DF) || (point >= 0x2A700 && point <= 0x2B73F) ||
    (point >= 0x2B740 && point <= 0x2B81F) || (point >= 0x2B820 && point <= 0x2CEAF) ||
    (point >= 0xF900 && point <= 0xFAFF) || (point >= 0x2F800 && point <= 0x2FA1F);
}
