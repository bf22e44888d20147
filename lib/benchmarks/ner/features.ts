/**
 * Words and tags into pieces and label ids, and predictions back into tags.
 *
 * The map from words to pieces is kept, so that nothing is ever glued on "##",
 * which breaks on words such as 9/7/1992. Words cut off by the length limit are
 * predicted O and stay in the score.
 */
import type { Example } from "../benchmark.ts";
import type { TaggedSentence } from "./conll.ts";

/** What this needs of a `WordPiece`. */
export interface PieceEncoder {
  /** The ids of a text's pieces, without [CLS] and [SEP]. */
  encode(text: string): Int32Array;
  /** The id of [CLS]. */
  readonly clsId: number;
  /** The id of [SEP]. */
  readonly sepId: number;
  /** The id of [UNK]. */
  readonly unkId: number;
}

/** The piece of a word that carries its label. */
export type LabelPiece = "first" | "last";

/** How sentences become examples. */
export interface EncodeOptions {
  /** Cuts a word into pieces. */
  readonly encoder: PieceEncoder;
  /** The most pieces of an example, [CLS] and [SEP] counted; at least 3. */
  readonly length: number;
  /** Tags by label id. */
  readonly labels: readonly string[];
  /** Which piece of a word is labelled; where words end in their meaning, the last. */
  readonly labelPiece: LabelPiece;
}

/** A sentence as the model takes it; the piece that carries a word's label is learned. */
export interface NerExample extends Example {
  /** [words that it labels], the place of the piece that carries the label, -1 if it is cut off. */
  readonly wordPieces: Int32Array;
}

/** The tag of every word that no model saw. */
const OUTSIDE = "O";

/**
 * Encodes a sentence word by word. A word that encodes to no piece at all, such as
 * one of control characters, stands as [UNK], so that it too can be labelled.
 *
 * @throws Error when a tag is not among the labels or `length` is below 3, which
 *   is a bug of the caller
 */
export function encodeSentence(sentence: TaggedSentence, options: EncodeOptions): NerExample {
  const { encoder, length, labels, labelPiece } = options;
  if (length < 3) throw new Error(`an example of ${length} pieces has no room for a word`);
  const room = length - 2;
  const ids: number[] = [encoder.clsId];
  const wordPieces = new Int32Array(sentence.words.length).fill(-1);
  for (let word = 0; word < sentence.words.length && ids.length <= room; word++) {
    const encoded = encoder.encode(sentence.words[word]!);
    const pieces = encoded.length > 0 ? encoded : [encoder.unkId];
    const place = ids.length + (labelPiece === "first" ? 0 : pieces.length - 1);
    if (place <= room) wordPieces[word] = place;
    for (const id of pieces) if (ids.length <= room) ids.push(id);
  }
  ids.push(encoder.sepId);
  const targets = new Int32Array(ids.length).fill(-1);
  wordPieces.forEach((place, word) => {
    const label = labels.indexOf(sentence.tags[word]!);
    if (label < 0) throw new Error(`the tag ${sentence.tags[word]} is not among the labels`);
    if (place >= 0) targets[place] = label;
  });
  return { ids: Int32Array.from(ids), targets, wordPieces };
}

/**
 * Encodes a sentence in as many windows as it needs. Each labels words of its own, one after the
 * other, and shows up to `context` pieces, at most a third of a row, of whole words before and
 * after them. A sentence that fits is one window, as `encodeSentence` gives it.
 */
export function encodeWindows(
  sentence: TaggedSentence,
  options: EncodeOptions & { readonly context: number },
): NerExample[] {
  const { encoder, length } = options, room = length - 2;
  const sizes = sentence.words.map((word) => Math.max(1, encoder.encode(word).length));
  const sizeOf = (from: number, to: number) =>
    sizes.slice(from, to).reduce((sum, size) => sum + size, 0);
  if (sizeOf(0, sizes.length) <= room) return [encodeSentence(sentence, options)];
  const context = Math.min(options.context, Math.floor(room / 3));
  const windows: NerExample[] = [];
  for (let from = 0, to = 0; from < sizes.length; from = to) {
    let first = from, before = 0;
    while (first > 0 && before + sizes[first - 1]! <= context) before += sizes[--first]!;
    let own = 0;
    const fits = () => to < sizes.length && before + own + sizes[to]! <= room - context;
    do own += sizes[to++]!; while (fits());
    let last = to, after = 0;
    const left = Math.min(context, room - before - own);
    while (last < sizes.length && after + sizes[last]! <= left) after += sizes[last++]!;
    const { ids, targets, wordPieces } = encodeSentence({
      ...sentence,
      words: sentence.words.slice(first, last),
      tags: sentence.tags.slice(first, last),
    }, options);
    const places = wordPieces.slice(from - first, to - first);
    const isOwn = new Set(places);
    windows.push({
      ids,
      targets: targets.map((target, place) => isOwn.has(place) ? target : -1),
      wordPieces: places,
    });
  }
  return windows;
}

/**
 * The tags that outputs stand for, one a word; words cut off are O.
 *
 * @param outputs [pieces * labels], how likely each label is at each piece, of equal ones
 *   the first counts
 */
export function decodeTags(
  example: Pick<NerExample, "wordPieces">,
  outputs: Float32Array,
  labels: readonly string[],
): string[] {
  const width = labels.length;
  return Array.from(example.wordPieces, (place) => {
    if (place < 0) return OUTSIDE;
    let best = place * width;
    for (let i = best + 1; i < (place + 1) * width; i++) if (outputs[i]! > outputs[best]!) best = i;
    return labels[best - place * width]!;
  });
}

/**
 * The labels of a task in a fixed order: O, then the others alphabetically, so
 * that a label's id does not depend on the order of sentences.
 */
export function labelsOf(sentences: Iterable<Pick<TaggedSentence, "tags">>): string[] {
  const found = new Set<string>();
  for (const { tags } of sentences) for (const tag of tags) found.add(tag);
  found.delete(OUTSIDE);
  return [OUTSIDE, ...[...found].sort()];
}
