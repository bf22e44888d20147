/**
 * tokenizer.json: a WordPiece vocabulary as Hugging Face's fast tokenizers keep it.
 *
 * Only what cuts text as BERT does is taken; what would give other ids is refused by name.
 */
import { ExperimentError } from "../../base/errors.ts";
import { CONTINUATION, MAX_WORD_CHARACTERS, SPECIAL_PIECES, type WordPiece } from "./wordpiece.ts";

/** The name of the file, in the folder of a model. */
export const TOKENIZER_JSON = "tokenizer.json";

/** What such a file says. */
export interface TokenizerJson {
  /** By id. */
  readonly pieces: readonly string[];
  /** Whether text is lower-cased and loses its accents; absent: it does not say. */
  readonly lowercase: boolean | undefined;
}

/** What must be so where it is said. */
const EXPECTED: readonly [path: string, value: unknown][] = [
  ["model.type", "WordPiece"],
  ["model.unk_token", "[UNK]"],
  ["model.continuing_subword_prefix", CONTINUATION],
  ["model.max_input_chars_per_word", MAX_WORD_CHARACTERS],
  ["normalizer.type", "BertNormalizer"],
  ["normalizer.clean_text", true],
  ["normalizer.handle_chinese_chars", true],
  ["pre_tokenizer.type", "BertPreTokenizer"],
];

/**
 * Reads a tokenizer.json.
 *
 * @throws ExperimentError "text/bad-vocab" when it is damaged or cuts text in another way
 */
export async function readTokenizerJson(file: string): Promise<TokenizerJson> {
  let content: unknown;
  try {
    content = JSON.parse(await Deno.readTextFile(file));
  } catch (cause) {
    throw bad(file, `${TOKENIZER_JSON} cannot be read, or is no JSON`, cause);
  }
  for (const [path, wanted] of EXPECTED) {
    const found = at(content, path);
    if (found === undefined || found === wanted) continue;
    throw bad(file, `${path} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  }
  const lowercase = at(content, "normalizer.lowercase");
  const strip = at(content, "normalizer.strip_accents") ?? lowercase;
  if (strip !== lowercase) {
    throw bad(file, `strip_accents is ${strip} where lowercase is ${lowercase}`);
  }
  return {
    pieces: piecesOf(at(content, "model.vocab"), file),
    lowercase: typeof lowercase === "boolean" ? lowercase : undefined,
  };
}

/**
 * Writes a tokenizer.json that cuts text as `WordPiece` does, with [CLS] and [SEP] about each
 * text or pair of texts.
 */
export async function writeTokenizerJson(
  file: string,
  { pieces, lowercase, unkId, clsId, sepId }: WordPiece,
): Promise<void> {
  const special = (id: number, type_id: number) => ({ SpecialToken: { id: pieces[id]!, type_id } });
  const sequence = (id: "A" | "B", type_id: number) => ({ Sequence: { id, type_id } });
  const processed = (id: number) => ({ id: pieces[id]!, ids: [id], tokens: [pieces[id]!] });
  const content = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_PIECES.map((content) => ({
      id: pieces.indexOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [special(clsId, 0), sequence("A", 0), special(sepId, 0)],
      pair: [
        ...[special(clsId, 0), sequence("A", 0), special(sepId, 0)],
        ...[sequence("B", 1), special(sepId, 1)],
      ],
      special_tokens: { [pieces[clsId]!]: processed(clsId), [pieces[sepId]!]: processed(sepId) },
    },
    decoder: { type: "WordPiece", prefix: CONTINUATION, cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: pieces[unkId]!,
      continuing_subword_prefix: CONTINUATION,
      max_input_chars_per_word: MAX_WORD_CHARACTERS,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  };
  await Deno.writeTextFile(file, `${JSON.stringify(content, null, 2)}\n`);
}

function piecesOf(vocab: unknown, file: string): string[] {
  if (typeof vocab !== "object" || vocab === null) throw bad(file, "it has no model.vocab");
  const entries = Object.entries(vocab), pieces: string[] = new Array(entries.length);
  for (const [piece, id] of entries) {
    const isFree = Number.isInteger(id) && id >= 0 && id < entries.length && !(id in pieces);
    if (!isFree) throw bad(file, `the id ${id} of ${JSON.stringify(piece)} is taken or too great`);
    pieces[id] = piece;
  }
  return pieces;
}

function at(content: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (value, name) => (value as Readonly<Record<string, unknown>> | null | undefined)?.[name],
    content,
  );
}

function bad(file: string, message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("text/bad-vocab", message, {
    at: { file },
    mend: "give the vocab.txt or tokenizer.json of a BERT",
    cause,
  });
}
