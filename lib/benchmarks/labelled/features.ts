/**
 * Texts and pairs of texts into rows of pieces: [CLS] text [SEP], or [CLS] text [SEP] pair
 * [SEP]. Of a pair that is too long the longer segment is cut at its end, piece by piece, as
 * BERT does it.
 */
import { agreeing, counted } from "../../base/count.ts";
import type { Example } from "../benchmark.ts";
import type { PieceEncoder } from "../ner/features.ts";
import { endOfMarks } from "./markers.ts";
import type { LabelledData, LabelledText } from "./texts.ts";
import { type Part, PARTS } from "../../base/parts.ts";

/** A row, and what the length limit took of it. */
export interface LabelledExample extends Example {
  /** Pieces that were cut off. */
  readonly cut: number;
  /** Whether a marked entity is among them. */
  readonly losesEntity: boolean;
}

/** How texts become rows. */
export interface LabelledEncoding {
  /** The model's vocabulary. */
  readonly encoder: PieceEncoder;
  /** The most pieces of a row, [CLS] and [SEP] counted. */
  readonly length: number;
  /** By number. */
  readonly labels: readonly string[];
}

/** Encodes a text or a pair. */
export function encodeLabelled(each: LabelledText, options: LabelledEncoding): LabelledExample {
  const { encoder, length, labels } = options;
  const first = encoder.encode(each.text);
  const second = each.pair === undefined ? undefined : encoder.encode(each.pair);
  const room = length - (second === undefined ? 2 : 3);
  const [kept, keptPair] = fit(first.length, { other: second?.length ?? 0, room });
  const cut = first.length - kept + (second?.length ?? 0) - keptPair;
  const ids = [encoder.clsId, ...first.subarray(0, kept), encoder.sepId];
  const firstLength = ids.length;
  if (second !== undefined) ids.push(...second.subarray(0, keptPair), encoder.sepId);
  const label = labels.indexOf(each.label);
  if (label < 0) throw new Error(`the label ${each.label} is not among the labels`);
  return {
    ids: Int32Array.from(ids),
    ...(second === undefined
      ? {}
      : { tokenTypes: Int32Array.from(ids, (_, place) => place < firstLength ? 0 : 1) }),
    targets: Int32Array.of(label),
    cut,
    losesEntity: kept < first.length &&
      encoder.encode(each.text.slice(0, endOfMarks(each.text))).length > kept,
  };
}

/** How much of two segments stays: of the longer one is cut, of equal ones the second. */
function fit(
  first: number,
  { other, room }: { readonly other: number; readonly room: number },
): readonly [first: number, other: number] {
  if (first + other <= room) return [first, other];
  const half = Math.ceil(room / 2);
  if (other < room - half) return [room - other, other];
  if (first < half) return [first, room - first];
  return [half, room - half];
}

/** Rows of all parts; what was cut is told. */
export function encodeParts(
  { labels, parts }: LabelledData,
  { encoder, length, warn }: Omit<LabelledEncoding, "labels"> & {
    readonly warn: (message: string) => void;
  },
): Readonly<Record<Part, readonly LabelledExample[]>> {
  const encoded = PARTS.map((part) => {
    const rows = parts[part].map((each) => encodeLabelled(each, { encoder, length, labels }));
    const cut = rows.filter((row) => row.cut > 0).length;
    const losing = rows.filter((row) => row.losesEntity).length;
    if (cut > 0) {
      const lost = losing === 0
        ? ""
        : `; ${losing} of them ${agreeing(losing, "loses", "lose")} a marked entity`;
      warn(
        `${cut} of ${counted(rows.length, `${part} text`)} ${agreeing(cut, "is", "are")} cut at ` +
          `${length} pieces${lost}`,
      );
    }
    return [part, rows];
  });
  return Object.fromEntries(encoded) as Record<Part, readonly LabelledExample[]>;
}
