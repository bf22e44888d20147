/** A file of text and what stands in it. */
export interface TextFile {
  /** Its path as it was given, or as another file led to it. */
  readonly file: string;
  /** Every byte of it as it was written, comments included. */
  readonly text: string;
}
