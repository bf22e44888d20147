/** What readers of text files give: paragraphs or ready sentences, and where a document ends. */

/** A part of a document in the order of the text. */
export type Block =
  /** Begins a document that has to have text, and ends the one before; `line` from 1. */
  | { readonly type: "begin"; readonly line: number }
  /** Running text, still to be cut into sentences; `goesOn` where the next one continues it. */
  | { readonly type: "paragraph"; readonly text: string; readonly goesOn?: boolean }
  /** A sentence that the source marks as one. */
  | { readonly type: "sentence"; readonly text: string }
  /** Ends a document; a second end in a row ends nothing. */
  | { readonly type: "end" };

/** The end of a document. */
export const END: Block = { type: "end" };
