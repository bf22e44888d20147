/** The parts of studies that run.sh runs, as arguments of `run`. */

/** What is run of two studies: on a GPU, and where tiny shapes are tried on a CPU. */
export interface Corner {
  /** The study. */
  readonly spec: string;
  /** What of it. */
  readonly only: readonly string[];
  /** What is changed in it. */
  readonly set: readonly string[];
}

/** The synthetic world, whole on a GPU. */
export const ABLATION = (small: boolean): Corner => ({
  spec: "experiments/ablation.yaml",
  ...small
    ? {
      only: ["seed=1", "tokens=1000", "steps=75", "stage=ner"],
      set: ["stages.general.with.steps=20", "stages.ner.with.epochs=1"],
    }
    : { only: [], set: [] },
});

const DATA = "$(env.TITRATE_DATA)";

/** MiniLM goes on with biomedical text, and finds entities; on a CPU so little of it that it takes minutes. */
export const BIOBERT_SMALL = (small: boolean): Corner => ({
  spec: "experiments/biobert_small.yaml",
  ...small
    ? {
      only: ["seed=1", "stage=ner"],
      set: [
        "axes.tokens=[4000]",
        "axes.steps=[2]",
        "stages.general_text.with.sources=" +
        `[{ format: wikitext, path: ${DATA}/pretrain_general/wikitext2_raw/valid.txt.gz }]`,
        "stages.biomedical_text.with.sources=[{ format: jsonl, text: [title, abstract.text], " +
        `path: ${DATA}/pretrain_bio/pubmed_abstracts/medline_abstracts_shared.jsonl.gz }]`,
        "stages.start.with.steps=2",
        ...["start", "pretrain"].flatMap((stage) => [
          `stages.${stage}.with.rowPieces=32`,
          `stages.${stage}.with.evaluation.rows=16`,
        ]),
        "stages.ncbi.with.maxTrainSentences=32",
        "stages.ner.with.epochs=1",
        "stages.ner.with.evaluate=[dev]",
      ],
    }
    : { only: ["stage=ner,ner_start", "tokens=4000000", "steps=150", "seed=1"], set: [] },
});

/** The arguments of a corner. */
export function argumentsOf({ spec, only, set }: Corner): readonly string[] {
  return [
    spec,
    ...only.flatMap((each) => ["--only", each]),
    ...set.flatMap((each) => ["--set", each]),
  ];
}
