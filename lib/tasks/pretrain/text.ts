/** The text of a pre-training, opened and cut into rows. */
import type { TaskContext } from "../../graph/task.ts";
import { checkSameVocabulary } from "../../model/vocabulary.ts";
import type { Model } from "../../model/weights/model_artifact.ts";
import type { Split } from "../../text/corpus/format.ts";
import type { Shards } from "../../text/pieces/shards_artifact.ts";
import type { RowSource } from "../../train/batches.ts";
import { CorpusRows } from "../../train/corpus_rows.ts";
import { PairRows } from "../../train/pair_rows.ts";
import type { PretrainInputs, PretrainParams } from "./params.ts";

/** The text that a training reads, cut into rows. */
export interface TrainingText {
  /** What is trained on. */
  readonly corpus: RowSource;
  /** What is measured on: full rows, whatever is trained on, so that models compare. */
  readonly heldOut: CorpusRows;
  /** The training text as full rows, where it is to be measured on. */
  readonly seen?: CorpusRows;
  /** What next-sentence prediction is measured on, where it is trained. */
  readonly heldOutPairs?: PairRows;
}

/** What a pre-training opened. */
export interface OpenInputs {
  /** The text to train on. */
  readonly corpus: Shards;
  /** The model to start from. */
  readonly init: Model | undefined;
  /** Of order, masks, pairs and dropout. */
  readonly seed: number;
  /** Where what is opened is put, to be closed at the end. */
  readonly resources: AsyncDisposableStack;
}

/** Opens the text; tells what is odd about its pairs. */
export async function openText(
  { params, inputs, emit }: TaskContext<PretrainParams, PretrainInputs>,
  { corpus, init, seed, resources }: OpenInputs,
): Promise<TrainingText> {
  const validation = await inputs.validation?.open() ?? corpus;
  const as = placed(corpus);
  for (const other of [validation, init]) {
    if (other !== undefined && other !== corpus) checkSameVocabulary(placed(other), as);
  }
  const { rowPieces, shortRows } = params;
  const cut = { rowPieces, pieces: corpus.vocabulary };
  const names = { train: "corpus", validation: "validation split" } as const;
  const open = async (shards: Shards, split: Split, limitTokens?: number) => ({
    stream: resources.use(await shards.stream(split, { limitTokens })),
    documents: params.nextSentence
      ? resources.use(await shards.sentences(split, { limitTokens }))
      : undefined,
  });
  const train = await open(corpus, "train", params.tokens);
  const held = await open(validation, "validation");
  const pairs = ({ stream, documents }: typeof train, split: Split) => {
    if (documents === undefined) return undefined;
    const ofTraining = split === "train";
    const made = new PairRows({ stream, documents }, {
      ...cut,
      shortRows,
      name: names[split],
      // Held-out pairs are the same for every training.
      seed: ofTraining ? seed : 0,
      generations: ofTraining && params.masking === "static" ? params.dupeFactor : 2,
    });
    if (made.warning !== undefined) emit({ type: "warning", message: made.warning });
    return made;
  };
  const heldOutPairs = pairs(held, "validation");
  return {
    corpus: pairs(train, "train") ?? new CorpusRows(train.stream, { ...cut, name: names.train }),
    heldOut: new CorpusRows(held.stream, { ...cut, name: names.validation }),
    ...(params.evaluation.trainingRows === 0
      ? {}
      : { seen: new CorpusRows(train.stream, { ...cut, name: names.train }) }),
    ...(heldOutPairs === undefined ? {} : { heldOutPairs }),
  };
}

function placed({ vocabulary, vocabularyFile }: Shards | Model) {
  return { vocabulary, file: vocabularyFile };
}
