/**
 * Marked entities of a text, such as << EGFR >> and [[ gefitinib ]]: kept, put between typed
 * markers, or replaced by their type, as BioBERT wants them.
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
 * What becomes of marked entities.
 *
 * - keep: nothing, the file's own marks stay;
 * - anonymise: `@GENE$`;
 * - typed: `<GENE> EGFR </GENE>`.
 */
export type Marking = "keep" | "anonymise" | "typed";

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
  const found = markers.map(({ open, close, type }) => {
    const start = text.indexOf(open), inside = start + open.length;
    const end = start < 0 ? -1 : text.indexOf(close, inside);
    if (end < 0) throw notMarked(start < 0 ? open : close, { type, at });
    return { start, end: end + close.length, entity: text.slice(inside, end), type };
  });
  if (marking === "keep") return text;
  found.sort((a, b) => a.start - b.start);
  let marked = "", from = 0;
  for (const { start, end, entity, type } of found) {
    if (start < from) {
      throw new ExperimentError("benchmarks/markers", "one marked entity stands in another", {
        at,
        mend: "take such lines out, or write marking: keep",
      });
    }
    marked += text.slice(from, start);
    marked += marking === "anonymise" ? `@${type}$` : `<${type}> ${entity.trim()} </${type}>`;
    from = end;
  }
  return marked + text.slice(from);
}

/** What `markEntities` leaves of an entity, and what anonymised files have. */
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
