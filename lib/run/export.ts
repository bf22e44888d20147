/**
 * The model of a task as a folder for others, with a card that says what it is and how it was
 * made: from the spec's graph and from the records of the artifacts before it.
 */
import { join } from "node:path";
import { ExperimentError } from "../base/errors.ts";
import type { Task } from "../graph/node.ts";
import { readManifest } from "../hub/manifest.ts";
import { architectureOfModel, exportModel } from "../model/weights/export.ts";
import type { Model } from "../model/weights/model_artifact.ts";
import {
  type CardBase,
  type CardTask,
  formatModelCard,
  type ModelCard,
} from "../report/text/model_card.ts";
import type { ArtifactRecord } from "../store/objects/record.ts";
import { startingModel } from "../tasks/finetune/fine_tuned.ts";
import { hubModelOf, model as modelKind, type ModelParams } from "../tasks/model.ts";
import { labelOf, type ResolvedStudy } from "./study.ts";
import { VERSION } from "./provenance.ts";

/** What was exported. */
export interface Exported {
  /** The class of transformers that loads it. */
  readonly architecture: string;
  /** What of it that class does not fill or take; a sentence each. */
  readonly notes: readonly string[];
}

/** Whether tasks of a kind leave a model. */
export function leavesModel({ graph }: ResolvedStudy, { kind }: Task): boolean {
  return startingModel.types.includes(graph.kinds.get(kind)!.produces[""] ?? "");
}

/**
 * Exports the model of a task.
 *
 * @param folder an empty folder
 * @throws ExperimentError "run/no-model" when the task has no artifact, or one without a model
 */
export async function exportTask(
  study: ResolvedStudy,
  task: Task,
  folder: string,
): Promise<Exported> {
  const { model, record } = await openModel(study, task);
  const { name: architecture, missing, unexpected } = await architectureOfModel(model);
  const notes = [
    ...(missing.length === 0
      ? []
      : [`It lacks ${missing.join(", ")}, which ${architecture} draws afresh.`]),
    ...(unexpected.length === 0
      ? []
      : [`It holds ${unexpected.join(", ")}, which ${architecture} does not use.`]),
  ];
  const card = await cardOf(study, task, { model, record, architecture, notes });
  await exportModel(model, folder, { card: formatModelCard(card) });
  return { architecture, notes };
}

async function openModel(
  study: ResolvedStudy,
  task: Task,
): Promise<{ readonly model: Model; readonly record: ArtifactRecord }> {
  const { graph, store } = study;
  const record = await store.verify(task.key);
  if (record === undefined) {
    throw new ExperimentError("run/no-model", `${labelOf(task)} has no artifact`, {
      mend: "run it first; deno task explain says why it is not there",
    });
  }
  if (graph.kinds.get(task.kind)!.dropsModel === true && record.outcome.hasModel !== true) {
    throw new ExperimentError("run/no-model", `${labelOf(task)} was kept without its model`, {
      mend: isOfMeans(study, task)
        ? "a mean has none: export a stage that is given this one as choice: and has keepModel: true"
        : "write keepModel: true beside uses: of the stage and run again, which makes it anew",
    });
  }
  return { model: await startingModel.open(store.dirOf(task.key)), record };
}

/** Whether a task chooses among what has no model. */
function isOfMeans(study: ResolvedStudy, { kind, inputs }: Task): boolean {
  const { kinds, tasks } = study.graph;
  return kinds.get(kind)!.chooses === true &&
    Object.values(inputs).flat().some(({ key }) => !leavesModel(study, tasks.get(key)!));
}

async function cardOf(
  study: ResolvedStudy,
  task: Task,
  { model, record, architecture, notes }: {
    readonly model: Model;
    readonly record: ArtifactRecord;
    readonly architecture: string;
    readonly notes: readonly string[];
  },
): Promise<ModelCard> {
  const { experiment, graph, store } = study;
  const before = tasksBefore(study, task);
  const bases: CardBase[] = [];
  for (const { kind, params } of [...before, task]) {
    if (kind === modelKind.kind) bases.push(await baseOf(params as ModelParams));
  }
  const scores: ModelCard["scores"][number][] = [];
  const readers = [...graph.tasks.values()].filter((each) =>
    Object.values(each.inputs).flat().some(({ key }) => key === task.key)
  );
  for (const each of [task, ...readers]) {
    const outcome = each === task ? record.outcome : (await store.find(each.key))?.outcome;
    for (const score of outcome?.scores ?? []) scores.push({ of: labelOf(each), ...score });
  }
  return {
    task: cardTask(study, task),
    architecture,
    notes,
    experiment: experiment.name,
    about: experiment.about,
    version: VERSION,
    startedAt: record.startedAt,
    facts: record.outcome.facts,
    labels: model.head?.labels ?? [],
    scores,
    before: before.map((each) => cardTask(study, each)),
    bases,
    spec: experiment.files,
    overrides: experiment.overrides,
  };
}

/** A model from elsewhere, as far as what it was read from still tells. */
async function baseOf(params: ModelParams): Promise<CardBase> {
  const folder = params.folder!, named = hubModelOf(params);
  const manifest = named === undefined ? undefined : await readManifest(folder);
  const license = manifest?.license ?? await licenseIn(join(folder, "README.md"));
  return {
    name: named?.name ?? folder,
    ...(named === undefined ? {} : { hub: named.name }),
    ...(manifest === undefined ? {} : { commit: manifest.commit }),
    ...(license === undefined ? {} : { license }),
  };
}

/** The licence that a model card of the Hugging Face Hub names in its head. */
async function licenseIn(file: string): Promise<string | undefined> {
  const text = await Deno.readTextFile(file).catch(() => "");
  const head = /^---\r?\n([^]*?)\r?\n---/.exec(text)?.[1] ?? "";
  return /^license:\s*["']?([\w.+-]+)["']?\s*$/m.exec(head)?.[1];
}

function cardTask({ graph }: ResolvedStudy, task: Task): CardTask {
  const { kind, version, key, params } = task;
  const files = graph.kinds.get(kind)!.files?.(params) ?? [];
  return {
    label: labelOf(task),
    kind: `${kind} ${version}`,
    key,
    files: files.map(({ file }) => file),
  };
}

/** The tasks whose artifacts a task was made from, from the first on. */
function tasksBefore({ graph }: ResolvedStudy, task: Task): Task[] {
  const found = new Set<string>(), open = [task];
  for (const { inputs } of open) {
    for (const { key } of Object.values(inputs).flat()) {
      if (found.has(key)) continue;
      found.add(key);
      open.push(graph.tasks.get(key)!);
    }
  }
  // The graph has every task after its inputs.
  return [...graph.tasks.values()].filter(({ key }) => found.has(key));
}
