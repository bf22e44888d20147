/**
 * A study as far as it can be known before anything runs: spec, graph and plan.
 *
 * `plan`, `explain` and `run` all begin here, so that what is shown is what is run.
 */
import { ExperimentError, formatFault, type SourcePosition } from "../base/errors.ts";
import { deviceOf, DEVICES_MODULE } from "../engine/devices.ts";
import { CodeHasher } from "../executor/code_hash.ts";
import { buildGraph, type TaskGraph } from "../graph/build.ts";
import { checkBudget } from "../graph/cost.ts";
import type { Task } from "../graph/node.ts";
import { type Plan, planGraph, type PlanOptions } from "../graph/plan.ts";
import type { History, PastTask } from "../graph/reason.ts";
import type { DeviceLimit } from "../graph/schedule.ts";
import { Seeds } from "../graph/seeds.ts";
import type { Chosen, Kinds } from "../graph/task.ts";
import { type Experiment, loadExperiment } from "../experiment/experiment.ts";
import { formatCell } from "../report/text/labels.ts";
import { ArtifactStore } from "../store/objects/artifacts.ts";
import type { RecordedOutcome } from "../store/database/results.ts";
import type { CellRow, PublishedRow } from "../store/database/rows.ts";
import { type ResultsFolder, resultsFolder } from "../store/results_folder.ts";
import { readPublished } from "./published.ts";
import { fileUnder, type Filing } from "./variant.ts";

/** Which study is meant, and where its results stand. */
export interface StudyOptions {
  /** The kinds that specs can use, by the name that `uses:` gives. */
  readonly kinds: Kinds;
  /** The module that calls `serveWorker` for these kinds. */
  readonly worker: URL;
  /** The folder that entries of kinds are relative to, with deno.json; ends with "/". */
  readonly root: URL;
  /** The spec's path. */
  readonly spec: string;
  /** Overrides, each `path=value`. */
  readonly set?: readonly string[];
  /** Restrictions, each `axis=value,value`. */
  readonly only?: readonly string[];
  /** What results are filed under, in place of what follows from spec, overrides and device. */
  readonly name?: string | undefined;
  /** The folder of results. */
  readonly results: string;
  /** Where numeric tasks compute, a name of the devices. */
  readonly device: string;
  /** Whether cached results of other code count as missing. */
  readonly strictCode?: boolean;
  /** Whether every point of a training keeps its optimizer's state, to go on from later. */
  readonly keepsState?: boolean;
  /** Whether nothing is to be run, so that the store is only read. */
  readonly isReadOnly?: boolean;
  /** Whether files may be absent of which the spec declares what they hold: for a plan alone. */
  readonly allowsAbsent?: boolean;
  /** Told what is doubtful but goes on. */
  readonly onWarning?: (message: string) => void;
}

/** A study before it is planned: what its tasks are, whatever became of them. */
export interface ResolvedStudy {
  /** As it was asked for. */
  readonly options: StudyOptions;
  /** The checked spec. */
  readonly experiment: Experiment;
  /** What its results are filed under. */
  readonly filing: Filing;
  /** Its tasks. */
  readonly graph: TaskGraph;
  /** The artifacts. */
  readonly store: ArtifactStore;
  /** Where its results stand. */
  readonly folder: ResultsFolder;
  /** What others published of its benchmarks. */
  readonly published: readonly PublishedRow[];
}

/** A study that could run. */
export interface Study extends ResolvedStudy {
  /** What a run would do. */
  readonly plan: Plan;
  /** The hash of each kind's code. */
  readonly code: ReadonlyMap<string, string>;
  /** How it was planned, for what is planned in the course of a run. */
  readonly planOptions: PlanOptions;
  /** What the records of artifacts said that the plan found, by key. */
  readonly outcomes: ReadonlyMap<string, RecordedOutcome>;
}

/**
 * Reads the spec and builds the graph.
 *
 * @throws ExperimentError with all that is wrong with the spec
 */
export async function resolveStudy(options: StudyOptions): Promise<ResolvedStudy> {
  const { onWarning } = options;
  const folder = resultsFolder(options.results);
  const experiment = await load(options);
  const { device, name: asked } = options;
  const { name, overrides } = experiment;
  const filing = fileUnder({ name, overrides, device, asked });
  for (const each of experiment.warnings) onWarning?.(formatFault(each));
  const store = await ArtifactStore.open(folder.store, {
    onWarning,
    isReadOnly: options.isReadOnly ?? false,
  });
  const { numerics } = deviceOf(options.device);
  const { allowsAbsent = false } = options;
  // Under strict code a choice may be another one than that which is there.
  const chosenOf = options.strictCode === true ? undefined : choiceFinder(store);
  const graph = await buildGraph(experiment.requests, { numerics, allowsAbsent, chosenOf });
  const published = await readPublished(experiment.published);
  return { options, experiment, filing, graph, store, folder, published };
}

/**
 * Reads the spec, builds the graph and plans it.
 *
 * @throws ExperimentError with all that is wrong with the spec
 */
export async function openStudy(options: StudyOptions): Promise<Study> {
  const resolved = await resolveStudy(options);
  const { filing, graph, store, folder: { database } } = resolved;
  const { onWarning } = options;
  // A kind that opens a device runs the code of the chosen one, not of all in the table.
  const instead = new Map([[DEVICES_MODULE.href, deviceOf(options.device).module.href]]);
  const hasher = new CodeHasher(options.root, { instead });
  const code = new Map(
    await Promise.all(
      [...graph.kinds.values()].map(async ({ kind, entry }) =>
        [kind, await hasher.hash(entry)] as const
      ),
    ),
  );
  const outcomes = new Map<string, RecordedOutcome>();
  let unfinished: Promise<ReadonlySet<string>> | undefined;
  const planOptions: PlanOptions = {
    async lookup(key) {
      const found = await store.look(key);
      if (typeof found === "object") outcomes.set(key, { kind: found.kind, ...found.outcome });
      return found;
    },
    verify: (key) => store.verify(key),
    code,
    strictCode: options.strictCode ?? false,
    // What `only` leaves out may go on from what is run now.
    keepsState: options.keepsState === true || (options.only ?? []).length > 0,
    history: () => orWithout(() => historyOf(database, filing), onWarning),
    past: async (keys) => await orWithout(() => statesOf(database, keys), onWarning) ?? new Map(),
    checkpointOf: async ({ key, kind }) => {
      unfinished ??= store.unfinished();
      if (!(await unfinished).has(key)) return undefined;
      return await graph.kinds.get(kind)!.checkpointStep?.(store.taskScratchOf(key));
    },
  };
  const plan = await planGraph(graph, planOptions);
  return { ...resolved, plan, planOptions, code, outcomes };
}

/** What choices came to whose artifacts are there, as their records say. */
export function choiceFinder(store: ArtifactStore): (key: string) => Promise<Chosen | undefined> {
  return async (key) => {
    const found = await store.look(key);
    return typeof found === "object" ? found.outcome.chosen : undefined;
  };
}

/**
 * What a question to the database gives; nothing before the first run, nor, with a warning,
 * where it cannot be asked now.
 */
async function orWithout<T>(
  ask: () => Promise<T>,
  onWarning?: (message: string) => void,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ExperimentError && error.code === "store/no-database") return undefined;
    const { isPassing } = await import("../store/database/results.ts");
    if (!isPassing(error)) throw error;
    onWarning?.(`what earlier runs recorded is not known: ${error.message}`);
    return undefined;
  }
}

/** What became of tasks when a run had them last. */
async function statesOf(
  database: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, PastTask>> {
  const { readStates } = await import("../store/database/results.ts");
  return await readStates(database, keys);
}

/** What stood at each cell before, of a variant and of what it is a variant of. */
async function historyOf(database: string, { experiment, name }: Filing): Promise<History> {
  // DuckDB takes a while to load, and where all is cached nothing is asked.
  const { loadHistory } = await import("../store/database/history.ts");
  const histories: History[] = [];
  for (const each of new Set([experiment, name])) {
    // The database keeps identities as the JSON that they are.
    histories.push(await loadHistory(database, each) as History);
  }
  return {
    keysAt: (cell) => histories.flatMap((history) => history.keysAt(cell)),
    identity: (key) =>
      histories.map((history) => history.identity(key)).find((each) => each !== undefined),
  };
}

/**
 * Checks what is left to run against the spec's budget, if it states one.
 *
 * @throws ExperimentError "graph/over-budget"
 */
export function checkStudyBudget({ experiment, plan }: Study): void {
  if (experiment.budget === undefined) return;
  const { at, ...budget } = experiment.budget;
  checkBudget(plan.costs.left, { budget, at });
}

/** How many places a study's device has, and how many of them each task takes. */
export function deviceLimitOf({ options, graph }: Pick<Study, "options" | "graph">): DeviceLimit {
  const device = deviceOf(options.device);
  return {
    slots: device.slots(),
    takes({ task }) {
      const { isNumeric, sharesDevice } = graph.kinds.get(task.kind)!;
      return !isNumeric ? 0 : sharesDevice === true ? 1 : device.trainingSlots();
    },
  };
}

function load(
  { kinds, spec, set = [], only = [], allowsAbsent = false }: StudyOptions,
): Promise<Experiment> {
  return loadExperiment(spec, { kinds, set, only, allowsAbsent });
}

/**
 * The task at every cell of the spec, at those that `only` leaves out too. Those are
 * missing where their keys cannot be told, as when a file that they read is not there.
 *
 * @param keyOf the key of what stands under one in the graph, after a run
 */
export async function allCells(
  { options, experiment, graph, store }: ResolvedStudy,
  keyOf: (place: string) => string,
): Promise<CellRow[]> {
  const own = cellRows(experiment, graph, keyOf);
  if ((options.only ?? []).length === 0) return own;
  try {
    const whole = await load({ ...options, only: [] });
    const { numerics } = deviceOf(options.device);
    const chosenOf = choiceFinder(store);
    return cellRows(whole, await buildGraph(whole.requests, { numerics, chosenOf }));
  } catch (error) {
    if (error instanceof ExperimentError) return own;
    throw error;
  }
}

/** Which task stands at each cell, in the order of the spec. */
export function cellRows(
  { requests }: Experiment,
  graph: TaskGraph,
  keyOf = (place: string) => place,
): CellRow[] {
  const seeds = new Seeds(graph);
  return requests.map(({ id, cell, at: { file, line } }, place) => {
    const stands = graph.ofRequest.get(id)!;
    return {
      ...cell,
      key: keyOf(stands),
      seed: seeds.of(stands),
      place,
      at: { file, ...(line === undefined ? {} : { line }) },
    };
  });
}

/** Where the spec asks for a task, by its key: the first of its stages. */
export function placesOf(
  { experiment, graph }: Study,
): (key: string) => SourcePosition | undefined {
  const places = new Map<string, SourcePosition>();
  for (const { id, at } of experiment.requests) {
    const key = graph.ofRequest.get(id)!;
    if (!places.has(key)) places.set(key, at);
  }
  return (key) => places.get(key);
}

/** A task as a person would name it: its first stage and cell, or what it is the trunk of. */
export function labelOf(task: Task): string {
  const [cell] = task.cells;
  if (cell !== undefined) return formatCell(cell.stage, cell.axes);
  return `${task.kind}{trunk to step ${task.trajectory?.step ?? "?"}}`;
}
