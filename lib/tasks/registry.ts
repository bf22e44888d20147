/** Every kind of task, by the name that `uses:` gives; each is loaded when it is asked for. */
import { loadKinds } from "../graph/kinds.ts";
import type { Kinds, TaskKind } from "../graph/task.ts";

type Load = () => Promise<TaskKind>;

/**
 * What a module exports. Deno reads whatever a literal name leads to, called for or not: all of
 * the science, where a command needs none of it.
 */
async function from<Exported>(module: string, name: string): Promise<Exported> {
  const { [name]: exported } = await import(new URL(module, import.meta.url).href);
  if (exported === undefined) throw new Error(`${module} has no ${name}`);
  return exported;
}

/** A kind that a module exports. */
const kind = (module: string, name: string): Load => () => from<TaskKind>(module, name);

type Make<Of> = (of: Of) => TaskKind;

/** A kind that a module makes of something: of a benchmark, or of what other kinds declare. */
const made = <Of>(module: string, name: string, of: () => Promise<Of>): Load => async () =>
  (await from<Make<Of>>(module, name))(await of());

/** What models are fine-tuned for and scored by. */
const benchmarks: Readonly<Record<string, () => Promise<unknown>>> = {
  ner: () => from("../benchmarks/ner/ner.ts", "nerBenchmark"),
  relations: () => from("../benchmarks/relations/relations.ts", "relationsBenchmark"),
  classification: () =>
    from("../benchmarks/classification/classification.ts", "classificationBenchmark"),
  squad: () => from("../benchmarks/squad/squad.ts", "squadBenchmark"),
  "bioasq-factoid": () => from("../benchmarks/bioasq_factoid/factoid.ts", "factoidBenchmark"),
};

/** The kinds that measure, and what they measure on. */
const measuring: Readonly<Record<string, Load>> = {
  "synthetic-world": kind("./synthetic_world.ts", "syntheticWorld"),
  corpus: kind("./corpus.ts", "corpus"),
  vocab: kind("./vocab.ts", "vocab"),
  shards: kind("./shards.ts", "shards"),
  conll: kind("./conll.ts", "conll"),
  "labelled-texts": kind("./labelled_texts.ts", "labelledTexts"),
  questions: kind("./questions.ts", "questions"),
  model: kind("./model.ts", "model"),
  pretrain: kind("./pretrain/kind.ts", "pretrain"),
  ...ofBenchmarks((name) => name, "./finetune/kind.ts", "finetuning"),
  ...ofBenchmarks((name) => `evaluate-${name}`, "./finetune/evaluate_kind.ts", "evaluation"),
};

/** The kinds that reduce what others measured. */
const reducing: Readonly<Record<string, Load>> = {
  choose: made("./reduce/choose.ts", "choose", metrics),
  mean: made("./reduce/mean.ts", "mean", metrics),
};

const loads: ReadonlyMap<string, Load> = new Map(Object.entries({
  ...measuring,
  ...reducing,
  fit: made("./fit.ts", "fit", () => kindsOf({ ...measuring, ...reducing })),
}));

const loaded = new Map<string, Promise<TaskKind>>();

/** The kinds that specs can use. */
export const kinds: Kinds = {
  keys: () => loads.keys(),
  get(name) {
    const load = loads.get(name);
    if (load === undefined) return undefined;
    let kind = loaded.get(name);
    if (kind === undefined) loaded.set(name, kind = load());
    return kind;
  },
};

/** A kind of every benchmark. */
function ofBenchmarks(
  nameOf: (benchmark: string) => string,
  module: string,
  maker: string,
): Record<string, Load> {
  return Object.fromEntries(
    Object.entries(benchmarks).map(([name, of]) => [nameOf(name), made(module, maker, of)]),
  );
}

async function kindsOf(some: Readonly<Record<string, Load>>): Promise<TaskKind[]> {
  return [...(await loadKinds(kinds, Object.keys(some))).values()];
}

async function metrics(): Promise<unknown> {
  const { metricsOf } = await import("./reduce/metrics.ts");
  return metricsOf(await kindsOf(measuring));
}
