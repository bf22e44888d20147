/**
 * Full rows of a corpus: [CLS], consecutive pieces, [SEP].
 *
 * The corpus is cut into such rows once, whatever documents they are of, and the rest that
 * fills no row is left out.
 */
import { ExperimentError } from "../base/errors.ts";
import type { PieceIds, PlainRow, RowSource, TokenSource } from "./batches.ts";

/** A corpus cut into rows. */
export class CorpusRows implements RowSource {
  /** How many rows the corpus fills. */
  readonly count: number;
  /** Corpus pieces in those rows, [CLS] and the closing [SEP] not counted. */
  readonly tokens: number;
  readonly isPaired = false;

  /**
   * Cuts a corpus into rows.
   *
   * @param options rowPieces: pieces a row with [CLS] and [SEP], at least 3; name: what the
   *   corpus is called in messages
   * @throws ExperimentError "train/corpus" when the pieces fill no row
   */
  constructor(
    readonly source: TokenSource,
    readonly options: {
      readonly rowPieces: number;
      readonly pieces: PieceIds;
      readonly name: string;
    },
  ) {
    const { rowPieces, name } = options;
    this.count = Math.floor(source.tokens / (rowPieces - 2));
    this.tokens = this.count * (rowPieces - 2);
    if (this.count === 0) {
      throw new ExperimentError(
        "train/corpus",
        `the ${name} has ${source.tokens} tokens, and one row takes ${rowPieces - 2}`,
        { mend: "give more text, or make rowPieces smaller" },
      );
    }
  }

  get rowTokens(): number {
    return this.options.rowPieces - 2;
  }

  countOf(): number {
    return this.count;
  }

  rowAt(_generation: number, index: number): PlainRow {
    return { ids: this.row(index) };
  }

  /** A row: [rowPieces] with [CLS] and [SEP]. */
  row(index: number): Int32Array {
    const { rowPieces, pieces } = this.options;
    const row = new Int32Array(rowPieces);
    row[0] = pieces.clsId;
    row.set(this.source.read(index * (rowPieces - 2), rowPieces - 2), 1);
    row[rowPieces - 1] = pieces.sepId;
    return row;
  }
}
