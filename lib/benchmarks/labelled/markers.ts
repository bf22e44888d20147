/**
 * Entities of a text, found by marks such as << EGFR >> and [[ gefitinib ]] or by their offsets:
 * kept, put between typed markers, or replaced by their type, as BioBERT wants them.
 */
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";

/** How an entity of a text is marked, and what it is. */
export interface Marker {
  /** Stands before it: "<< ". */
  readonly open: string;
  /** Stands after it: " >>". */
  readonly close: string;
  /** What it is: "GENE". */
  readonly type: string;
}

/**
 * What becomes of entities.
 *
 * - keep: nothing, the file's own marks stay;
 * - anonymise: `@GENE$`;
 * - typed: `<GENE> EGFR </GENE>`.
 */
export type Marking = "keep" | "anonymise" | "typed";

/** An entity of a text. */
export interface Mention {
  /** The first UTF-16 unit, marks counted. */
  readonly start: number;
  /** The one after the last. */
  readonly end: number;
  /** Itself, without marks; absent: all that stands between `start` and `end`. */
  readonly entity?: string;
  /** What it is. */
  readonly type: string;
  /** What stands for it where it is anonymised: DRUG for a brand; absent: its type. */
  readonly anonymous?: string;
}

/**
 * A text with its marked entities written otherwise. The first opening mark counts, and the
 * first closing one after it: a text may hold the same signs with another meaning.
 *
 * @throws ExperimentError "benchmarks/markers" when a marked entity is not there
 */
export function markEntities(
  text: string,
  { markers, marking, at }: {
    readonly markers: readonly Marker[];
    readonly marking: Marking;
    readonly at: SourcePosition;
  },
): string {
  const found = markers.map(({ open, close, type }): Mention => {
    const start = text.indexOf(open), inside = start + open.length;
    const end = start < 0 ? -1 : text.indexOf(close, inside);
    if (end < 0) throw notMarked(start < 0 ? open : close, { type, at });
    return { start, end: end + close.length, entity: text.slice(inside, end), type };
  });
  if (marking === "keep") return text;
  found.sort((a, b) => a.start - b.start);
  if (found.some(({ start }, i) => i > 0 && start < found[i - 1]!.end)) {
    throw new ExperimentError("benchmarks/markers", "one marked entity stands in another", {
      at,
      mend: "take such lines out, or write marking: keep",
    });
  }
  return writeMentions(text, { mentions: found, marking });
}

/**
 * A text with entities written otherwise. Those that overlap become one of both types, as BLURB
 * has it: `@DRUG-DRUG$`.
 */
export function writeMentions(
  text: string,
  { mentions, marking }: { readonly mentions: readonly Mention[]; readonly marking: Marking },
): string {
  if (marking === "keep") return text;
  let written = "", from = 0;
  for (const { start, end, entity, type, anonymous } of disjoint(mentions)) {
    const inside = (entity ?? text.slice(start, end)).trim();
    written += text.slice(from, start);
    written += marking === "anonymise"
      ? `@${anonymous ?? type}$`
      : `<${type}> ${inside} </${type}>`;
    from = end;
  }
  return written + text.slice(from);
}

/** In their order, those that overlap as one. */
function disjoint(mentions: readonly Mention[]): Mention[] {
  const apart: Mention[] = [];
  for (const each of mentions.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const last = apart.at(-1);
    if (last === undefined || each.start >= last.end) {
      apart.push(each);
      continue;
    }
    apart[apart.length - 1] = {
      start: last.start,
      end: Math.max(last.end, each.end),
      type: `${last.type}-${each.type}`,
      anonymous: `${last.anonymous ?? last.type}-${each.anonymous ?? each.type}`,
    };
  }
  return apart;
}

/** What is left of an entity, and what anonymised files have. */
const MARKED = /@[\p{L}\p{N}_-]+\$|<\/[\p{L}\p{N}_-]+>/gu;

/** Where the last marked entity of a text ends, 0 where none is marked. */
export function endOfMarks(text: string): number {
  let end = 0;
  for (const match of text.matchAll(MARKED)) end = match.index + match[0].length;
  return end;
}

function notMarked(
  mark: string,
  { type, at }: { readonly type: string; readonly at: SourcePosition },
): ExperimentError {
  return new ExperimentError(
    "benchmarks/markers",
    `the text has no ${JSON.stringify(mark)} of a ${type}`,
    { at, mend: "mark both entities in every text, or correct the markers of this source" },
  );
}
