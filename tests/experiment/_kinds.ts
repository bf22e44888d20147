/**
 * Task kinds for the tests of `experiment/`, made up: the shapes that specs have to do with,
 * and no work. None has the name of a real one.
 */
import { z } from "zod";
import type { TaskKind } from "../../lib/graph/task.ts";

const idle = {
  version: 1,
  isNumeric: false,
  entry: "tests/experiment/_kinds.ts",
  run: () => Promise.resolve({ facts: {}, scores: [] }),
};

const world: TaskKind = {
  ...idle,
  kind: "imaginary-world",
  about: "A small world in text.",
  params: z.strictObject({
    seed: z.int().min(0).default(1).describe("Decides every name and fact."),
    path: z.string().min(1).optional(),
  }),
  inputs: {},
  produces: { "": "world", general: "corpus", domain: "corpus", ner: "ner-data" },
};

const vocab: TaskKind = {
  ...idle,
  kind: "words",
  about: "A vocabulary of word pieces.",
  params: z.object({ size: z.int().min(100).max(60_000) }), // not strict: zod drops other keys
  inputs: { corpora: { types: ["corpus"], about: "What is counted.", many: true } },
  produces: { "": "vocab" },
};

const shards: TaskKind = {
  ...idle,
  kind: "pieces",
  about: "A corpus as tokens.",
  params: z.strictObject({}),
  inputs: {
    corpus: { types: ["corpus"], about: "What is tokenised." },
    vocab: { types: ["vocab"], about: "The pieces." },
  },
  produces: { "": "shards" },
};

const schedule = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("constant") }),
  z.strictObject({ type: z.literal("linear"), warmup: z.int().min(0) }),
]);

const pretrain: TaskKind = {
  ...idle,
  kind: "practise",
  about: "Masked-language-model training.",
  params: z.strictObject({
    steps: z.int().min(0).describe("Optimizer updates."),
    lr: z.number().positive().default(1e-3).describe("The highest learning rate."),
    learning_rate_decay: z.number().min(0).max(1).optional(),
    warmup: z.int().min(0).default(0),
    seed: z.int().min(0).default(1),
    tokens: z.union([z.literal("all"), z.int().min(1)]).default("all"),
    optimizer: z.enum(["adamw", "sgd"]).default("adamw"),
    isTied: z.boolean().default(true),
    schedule: schedule.default({ type: "constant" }),
    tags: z.array(z.string()).default([]),
    note: z.string().optional(),
    piece: z.string().regex(/^\S+$/, "a piece has no spaces").optional(),
    holdOut: z.union([
      z.strictObject({ words: z.int().min(1) }),
      z.strictObject({ fraction: z.number().gt(0).lt(1) }),
    ]).optional(),
  }),
  inputs: {
    corpus: { types: ["shards"], about: "The tokens." },
    validation: { types: ["shards"], about: "Held-out tokens.", optional: true },
    init: { types: ["model"], about: "Weights to start from.", optional: true },
  },
  produces: { "": "model" },
  isNumeric: true,
  seed: ({ seed }) => seed,
  scores: () =>
    ["lossNats", "maskedAccuracy"].map((metric) => ({
      benchmark: "mlm",
      metric,
      split: "validation",
    })),
  check: ({ warmup, steps }) =>
    warmup <= steps ? [] : [{
      path: "warmup",
      message: `warmup is ${warmup}, more than steps (${steps})`,
      mend: "give at most as many as steps",
      ...(steps === 7 ? { isWarning: true as const } : {}),
    }],
};

const ner: TaskKind = {
  ...idle,
  kind: "tag",
  about: "Named-entity recognition.",
  params: z.strictObject({
    epochs: z.number().positive().default(3),
    seed: z.int().default(1),
    benchmark: z.string().default("ner"),
  }),
  inputs: {
    model: { types: ["model"], about: "What is fine-tuned." },
    data: { types: ["ner-data"], about: "Tagged sentences." },
  },
  produces: { "": "scores" },
  isNumeric: true,
  seed: ({ seed }) => seed,
  scores: ({ benchmark }) =>
    ["dev", "test"].flatMap((split) =>
      ["f1", "recall"].map((metric) => ({ benchmark, metric, split }))
    ),
};

/** Kinds by name. */
export const kinds: ReadonlyMap<string, TaskKind> = new Map(
  [world, vocab, shards, pretrain, ner].map((kind) => [kind.kind, kind]),
);
