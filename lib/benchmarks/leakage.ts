/**
 * How much of a benchmark's dev and test parts stands in the parts before them: word for word,
 * or nearly so. Rows are compared as their words, lower-cased, without punctuation and accents.
 *
 * Near copies are found by MinHash: 16 bands of 4 hashes of a row's runs of three words, so that
 * of pairs which share 80 percent of those 0.02 percent escape; what is found is then compared
 * exactly. Time and memory grow with the rows, not with their pairs: of rows that fall together,
 * as those of a form letter, a few are compared.
 */
import type { Part } from "../base/parts.ts";
import { PARTS } from "../base/parts.ts";

/** The least share of runs of words in common (Jaccard) of near copies. */
export const NEAR = 0.8;

const RUN = 3, BANDS = 16, HASHES = 4;
/** Of rows that share a band, so many are compared with one. */
const MOST_COMPARED = 50;

/** A row that stands in an earlier part too. */
export interface Copy {
  /** Its place in its part. */
  readonly row: number;
  /** The part where it stands too. */
  readonly part: Part;
  /** Its place there. */
  readonly original: number;
  /** The share of runs of words in common; 1 and `isExact` where all words are the same. */
  readonly similarity: number;
  /** Whether it is one word for word. */
  readonly isExact: boolean;
}

/** What of a part stands in earlier ones. */
export interface PartLeakage {
  /** Rows of the part. */
  readonly rows: number;
  /** Rows that repeat an earlier one of the same part, word for word. */
  readonly repeated: number;
  /** Those that stand in an earlier part, each once, with the first or nearest there. */
  readonly copies: readonly Copy[];
}

/** The leakage of each part; train has none, but may repeat itself. */
export function leakageOf(
  parts: Readonly<Record<Part, readonly string[]>>,
): Readonly<Record<Part, PartLeakage>> {
  const index = new Index(), found = {} as Record<Part, PartLeakage>;
  for (const part of PARTS) {
    const own = new Set<string>(), copies: Copy[] = [];
    let repeated = 0;
    const rows = parts[part].map((text) => wordsOf(text));
    rows.forEach((words, row) => {
      const text = words.join(" ");
      if (own.size === own.add(text).size) repeated++;
      const copy = words.length === 0 ? undefined : index.find(text);
      if (copy !== undefined) copies.push({ row, ...copy });
    });
    rows.forEach((words, row) => {
      if (words.length > 0 && part !== "test") index.add(words.join(" "), { part, row });
    });
    found[part] = { rows: rows.length, repeated, copies };
  }
  return found;
}

/** The words of a row, as rows are compared by them. */
export function wordsOf(text: string): string[] {
  const plain = text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}

interface Place {
  readonly part: Part;
  readonly row: number;
}

/** Rows by their words and by bands of their hashes; equal ones once. */
class Index {
  readonly #texts: { readonly text: string; readonly place: Place }[] = [];
  readonly #byText = new Map<string, Place>();
  readonly #byBand = new Map<number, number[]>();

  add(text: string, place: Place): void {
    if (this.#byText.has(text)) return;
    this.#byText.set(text, place);
    const id = this.#texts.push({ text, place }) - 1;
    for (const band of bandsOf(runsOf(text))) {
      const ids = this.#byBand.get(band);
      if (ids === undefined) this.#byBand.set(band, [id]);
      else if (ids.length < MOST_COMPARED) ids.push(id);
    }
  }

  find(text: string): Omit<Copy, "row"> | undefined {
    const same = this.#byText.get(text);
    if (same !== undefined) {
      return { part: same.part, original: same.row, similarity: 1, isExact: true };
    }
    const runs = runsOf(text), compared = new Set<number>();
    let nearest: Omit<Copy, "row"> | undefined;
    for (const band of bandsOf(runs)) {
      for (const id of this.#byBand.get(band) ?? []) {
        if (compared.size >= MOST_COMPARED) return nearest;
        if (compared.size === compared.add(id).size) continue;
        const { text: other, place } = this.#texts[id]!;
        const similarity = inCommon(runs, runsOf(other));
        if (similarity < NEAR || similarity <= (nearest?.similarity ?? 0)) continue;
        nearest = { part: place.part, original: place.row, similarity, isExact: false };
      }
    }
    return nearest;
  }
}

/** The runs of three words of a text; a shorter text is one run. */
function runsOf(text: string): ReadonlySet<string> {
  const words = text.split(" ");
  if (words.length < RUN) return new Set([text]);
  return new Set(words.slice(RUN - 1).map((_, i) => words.slice(i, i + RUN).join(" ")));
}

function inCommon(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const each of a) if (b.has(each)) common++;
  return common / (a.size + b.size - common);
}

/** Numbers of which sets that have much in common share at least one, very likely. */
function bandsOf(runs: ReadonlySet<string>): number[] {
  const least = new Uint32Array(BANDS * HASHES).fill(0xffffffff);
  for (const run of runs) {
    const hash = hashOf(run);
    for (let i = 0; i < least.length; i++) {
      const mixed = mix(hash ^ Math.imul(i + 1, 0x9e3779b1));
      if (mixed < least[i]!) least[i] = mixed;
    }
  }
  return Array.from({ length: BANDS }, (_, band) => {
    let hash = band + 1;
    for (let i = 0; i < HASHES; i++) hash = mix(hash ^ least[band * HASHES + i]!);
    return band * 2 ** 32 + hash;
  });
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** The finishing mixture of MurmurHash3: every bit of what goes in moves half of what comes out. */
function mix(value: number): number {
  let hash = value ^ value >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}
