/** What readers of text files give: paragraphs or ready sentences, and where a document ends. */

/** A part of a document in the order of the text. */
export type Block =
  /** Running text, still to be cut into sentences. */
  | { readonly type: "paragraph"; readonly text: string }
  /** A sentence that the source marks as one. */
  | { readonly type: "sentence"; readonly text: string }
  /** Ends a document; a second end in a row ends nothing. */
  | { readonly type: "end" };

/** The end of a document. */
export const END: Block = { type: "end" };
