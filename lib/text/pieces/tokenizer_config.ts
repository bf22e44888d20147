/**
 * tokenizer_config.json: whether a vocabulary is of lower-cased text, said as Hugging
 * Face's libraries say it.
 *
 * It stands beside a vocab.txt. Where it is absent, or silent, text keeps its capitals:
 * whoever takes a vocabulary from elsewhere asks `refuseUncased` whether that can be.
 */
import { dirname, join } from "node:path";
import type { JsonObject } from "../../base/canonical.ts";
import { ExperimentError } from "../../base/errors.ts";

/** The name of the file, in the folder of a vocabulary. */
export const TOKENIZER_CONFIG = "tokenizer_config.json";

/** What such a file is to say. */
export interface TokenizerOptions {
  /** Whether text is lower-cased and loses its accents; absent: false. */
  readonly lowercase?: boolean;
  /** Pieces of the longest row that the model takes. */
  readonly maxLength?: number;
}

/**
 * Writes what Hugging Face's libraries are to know of a tokenizer: without it they would take
 * capitals and accents away, and give other ids without a word.
 */
export async function writeTokenizerConfig(dir: string, options: TokenizerOptions): Promise<void> {
  const lowercase = options.lowercase ?? false;
  const content: JsonObject = {
    do_lower_case: lowercase,
    ...(options.maxLength === undefined ? {} : { model_max_length: options.maxLength }),
    strip_accents: lowercase,
    tokenize_chinese_chars: true,
    tokenizer_class: "BertTokenizer",
  };
  const file = join(dir, TOKENIZER_CONFIG);
  await Deno.writeTextFile(file, `${JSON.stringify(content, null, 2)}\n`);
}

/**
 * Whether a tokenizer lower-cases text; undefined where the file is absent or does not say.
 *
 * @throws ExperimentError "text/bad-vocab" when it is damaged, or asks for what is not done here
 */
export async function readLowercase(file: string): Promise<boolean | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new ExperimentError("text/bad-vocab", `${TOKENIZER_CONFIG} cannot be read`, {
      at: { file },
      mend: "fetch or make the file again",
      cause,
    });
  }
  return lowercaseOf(text, file);
}

/**
 * The tokenizer_config.json beside a vocabulary's file, where there is one that says that
 * text is lower-cased. What it says then belongs to the vocabulary.
 */
export function lowercasingConfigBeside(vocabularyFile: string): string | undefined {
  const file = join(dirname(vocabularyFile), TOKENIZER_CONFIG);
  try {
    return JSON.parse(Deno.readTextFileSync(file))?.do_lower_case === true ? file : undefined;
  } catch {
    // What is wrong with it is told by whoever runs with it.
    return undefined;
  }
}

function lowercaseOf(text: string, file: string): boolean | undefined {
  const content = parse(text, file);
  const { do_lower_case: lowercase, strip_accents: strip, tokenize_chinese_chars: chinese } =
    content;
  const refuse = (message: string) =>
    new ExperimentError("text/bad-vocab", message, {
      at: { file },
      mend: "give a vocabulary that is cut as BERT's own",
    });
  if (chinese === false) throw refuse("tokenize_chinese_chars is false, which is not supported");
  if (typeof lowercase !== "boolean") return undefined;
  // Absent or null, it follows do_lower_case.
  if (typeof strip === "boolean" && strip !== lowercase) {
    throw refuse(
      `strip_accents is ${strip} where do_lower_case is ${lowercase}, which is not supported`,
    );
  }
  return lowercase;
}

function parse(text: string, file: string): Readonly<Record<string, unknown>> {
  let cause: unknown;
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content === "object" && content !== null && !Array.isArray(content)) {
      return content as Readonly<Record<string, unknown>>;
    }
  } catch (error) {
    cause = error;
  }
  throw new ExperimentError("text/bad-vocab", `${TOKENIZER_CONFIG} is no JSON mapping`, {
    at: { file },
    mend: "fetch or make the file again",
    cause,
  });
}
