/**
 * The files of a shards artifact: a corpus as one stream of piece ids, tokenised once.
 *
 * `train.bin` and `validation.bin` are little-endian uint16, or uint32 for
 * vocabularies above 65,536 pieces; `shards.json` has their lengths. The stream
 * is the corpus in its own order with [SEP] after each document, so smaller
 * corpora are prefixes of larger ones. Reading takes constant memory. Where sentences end
 * stands beside them, in the files of `sentence_index.ts`.
 */
import { grouped } from "../../base/count.ts";
import { ExperimentError } from "../../base/errors.ts";
import { writeAll } from "../../base/files.ts";
import { type Split, SPLITS } from "../corpus/format.ts";
import { SentenceIndexWriter } from "./sentence_index.ts";

/** The content of `shards.json`. */
export interface ShardsSummary {
  /** Pieces of each split, [SEP] included. */
  readonly tokens: Readonly<Record<Split, number>>;
  /** Documents of each split: so many pieces are [SEP]. */
  readonly documents: Readonly<Record<Split, number>>;
  /** Ids are below it. */
  readonly vocabSize: number;
  /** The width of an id in the streams. */
  readonly bytesPerToken: 2 | 4;
}

const BUFFER_TOKENS = 1 << 18;

/** Writes one split of a shards artifact; `close`, or disposing of it, finishes the file. */
export class ShardWriter implements AsyncDisposable {
  readonly #file: Deno.FsFile;
  readonly #buffer: Uint16Array | Uint32Array;
  readonly #sepId: number;
  readonly #index: SentenceIndexWriter;
  #used = 0;
  #tokens = 0;
  /** Where the current document began. */
  #start = 0;
  #documents = 0;
  #isOpen = true;

  /**
   * Makes the file of a split in an existing folder.
   *
   * @param options the vocabulary's size, which decides the width, and the id of [SEP]
   */
  constructor(
    dir: string,
    split: Split,
    options: { readonly vocabSize: number; readonly sepId: number },
  ) {
    this.#file = Deno.openSync(shardPath(dir, split), {
      write: true,
      create: true,
      truncate: true,
    });
    const width = bytesPerToken(options.vocabSize);
    this.#buffer = width === 2 ? new Uint16Array(BUFFER_TOKENS) : new Uint32Array(BUFFER_TOKENS);
    this.#sepId = options.sepId;
    this.#index = new SentenceIndexWriter(dir, split);
  }

  /** Pieces written so far, [SEP] included. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Documents written so far. */
  get documents(): number {
    return this.#documents;
  }

  /** Adds the pieces of one sentence of the current document. */
  async writeSentence(ids: Int32Array): Promise<void> {
    await this.#index.addSentence(ids.length);
    await this.#write(ids);
  }

  /** Ends the current document with [SEP]. */
  async endDocument(): Promise<void> {
    await this.#index.endDocument(this.#start);
    await this.#write(Int32Array.of(this.#sepId));
    this.#documents++;
    this.#start = this.#tokens;
  }

  async #write(ids: Int32Array): Promise<void> {
    for (let start = 0; start < ids.length;) {
      if (this.#used === this.#buffer.length) await this.#flush();
      const part = ids.subarray(start, start + this.#buffer.length - this.#used);
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      start += part.length;
    }
    this.#tokens += ids.length;
  }

  /** Writes what is buffered and closes the file. */
  async close(): Promise<void> {
    await this[Symbol.asyncDispose]();
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      await this.#flush();
    } finally {
      this.#file.close();
      await this.#index.close();
    }
  }

  async #flush(): Promise<void> {
    const { buffer, BYTES_PER_ELEMENT } = this.#buffer;
    await writeAll(this.#file, new Uint8Array(buffer, 0, this.#used * BYTES_PER_ELEMENT));
    this.#used = 0;
  }
}

/** Two bytes hold the ids of up to 65,536 pieces. */
export function bytesPerToken(vocabSize: number): 2 | 4 {
  return vocabSize <= 0x10000 ? 2 : 4;
}

function shardPath(dir: string, split: Split): string {
  return `${dir}/${split}.bin`;
}

function summaryPath(dir: string): string {
  return `${dir}/shards.json`;
}

/** Writes how many tokens and documents there are, beside the streams. */
export async function writeShardsSummary(dir: string, summary: ShardsSummary): Promise<void> {
  await Deno.writeTextFile(summaryPath(dir), `${JSON.stringify(summary, null, 2)}\n`);
}

/**
 * Reads how many tokens and documents there are.
 *
 * @throws ExperimentError "text/bad-shards" when the folder is no shards artifact
 */
export async function readShardsSummary(dir: string): Promise<ShardsSummary> {
  const file = summaryPath(dir);
  try {
    const summary = JSON.parse(await Deno.readTextFile(file)) as ShardsSummary;
    const isWhole = SPLITS.every((split) => Number.isInteger(summary.tokens[split])) &&
      summary.bytesPerToken === bytesPerToken(summary.vocabSize);
    if (isWhole) return summary;
    throw new Error("the counts are incomplete");
  } catch (cause) {
    throw damaged(file, "cannot read the token counts", cause);
  }
}

/** One split of a shards artifact, read by position in constant memory. */
export class TokenShard implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #width: 2 | 4;

  private constructor(
    file: Deno.FsFile,
    path: string,
    width: 2 | 4,
    /** How many pieces can be read. */
    readonly tokens: number,
    /** Ids are below it. */
    readonly vocabSize: number,
  ) {
    this.#file = file;
    this.#path = path;
    this.#width = width;
  }

  /**
   * Opens a split, or its first `limitTokens` pieces: the nested subset of that size.
   *
   * @throws ExperimentError "text/bad-shards" when the files do not fit each other,
   *   "text/short-corpus" when there are fewer than `limitTokens` pieces
   */
  static async open(
    dir: string,
    split: Split,
    options: { readonly limitTokens?: number | undefined } = {},
  ): Promise<TokenShard> {
    const summary = await readShardsSummary(dir);
    const path = shardPath(dir, split);
    const total = summary.tokens[split];
    const tokens = options.limitTokens ?? total;
    if (tokens > total) throw tooShort(split, { asked: tokens, total });
    let file: Deno.FsFile;
    try {
      file = await Deno.open(path);
    } catch (cause) {
      throw damaged(path, "cannot open the token stream", cause);
    }
    const { size } = await file.stat();
    if (size !== total * summary.bytesPerToken) {
      file.close();
      const wanted = total * summary.bytesPerToken;
      throw damaged(path, `the token stream has ${size} bytes where ${wanted} belong`);
    }
    return new TokenShard(file, path, summary.bytesPerToken, tokens, summary.vocabSize);
  }

  /**
   * The pieces [start, start + count), which must lie within the shard.
   *
   * @throws RangeError when they do not, which is a bug of the caller
   * @throws ExperimentError "text/bad-shards" when an id is not below `vocabSize`
   */
  read(start: number, count: number): Int32Array {
    if (!(start >= 0 && count >= 0 && start + count <= this.tokens)) {
      throw new RangeError(`[${start}, ${start + count}) is not within [0, ${this.tokens})`);
    }
    const bytes = new Uint8Array(count * this.#width);
    this.#file.seekSync(start * this.#width, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) {
      const got = this.#file.readSync(bytes.subarray(done));
      if (got === null) throw damaged(this.#path, "the token stream was cut off while in use");
      done += got;
    }
    const ids = Int32Array.from(
      this.#width === 2 ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer),
    );
    for (const id of ids) {
      if (id >= this.vocabSize || id < 0) {
        throw damaged(this.#path, `the id ${id} is not in the vocabulary of ${this.vocabSize}`);
      }
    }
    return ids;
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function damaged(file: string, message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("text/bad-shards", message, {
    at: { file },
    mend: "remove the artifact that this file belongs to, so that it is made anew",
    cause,
  });
}

function tooShort(
  split: Split,
  { asked, total }: { readonly asked: number; readonly total: number },
): ExperimentError {
  return new ExperimentError(
    "text/short-corpus",
    `${grouped(asked)} tokens of ${split} text are asked for, but there are ${grouped(total)}`,
    { mend: `ask for at most ${total} tokens, or add text to the corpus` },
  );
}
