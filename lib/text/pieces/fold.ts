/**
 * Text as an uncased BERT sees it: lower case, accents taken away.
 *
 * As Hugging Face's `BertNormalizer` does it: canonical decomposition (NFD), every
 * non-spacing mark removed, then each character by itself in lower case, so that a
 * Greek sigma is the same at a word's end as within. Decomposition may turn a letter
 * into punctuation ("≠" becomes "="), so text is folded before it is cut into words.
 * White space and ideographs need nothing here: `basic_tokens.ts` parts them either way.
 */

/** Foldings of the code units below 0x10000, filled in as they are met. */
const folded: (string | undefined)[] = [];

/** A text in lower case and without accents. */
export function fold(text: string): string {
  // deno-lint-ignore no-control-regex -- all of ASCII is meant
  if (/^[\x00-\x7F]*$/.test(text)) return text.toLowerCase();
  let result = "";
  for (let i = 0; i < text.length;) {
    const unit = text.charCodeAt(i);
    const isPair = unit >= 0xD800 && unit <= 0xDBFF && text.codePointAt(i)! > 0xFFFF;
    const width = isPair ? 2 : 1;
    result += isPair ? foldCharacter(text.slice(i, i + width)) : foldUnit(unit);
    i += width;
  }
  return result;
}

function foldUnit(unit: number): string {
  return folded[unit] ??= foldCharacter(String.fromCharCode(unit));
}

/** One character in lower case and without accents; nothing is left of a mark that stands alone. */
export function foldCharacter(character: string): string {
  let result = "";
  for (const part of character.normalize("NFD").replace(/\p{Mn}/gu, "")) {
    result += part.toLowerCase();
  }
  return result;
}
