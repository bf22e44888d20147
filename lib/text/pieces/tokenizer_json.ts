/**
 * tokenizer.json: a WordPiece vocabulary as Hugging Face's fast tokenizers keep it.
 *
 * Only what cuts text as BERT does is taken; what would give other ids is refused by name.
 */
import { ExperimentError } from "../../base/errors.ts";

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
  ["model.continuing_subword_prefix", "##"],
  ["model.max_input_chars_per_word", 100],
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
