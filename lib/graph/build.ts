/**
 * From requests to tasks: keys computed, equal tasks merged, trajectories linked.
 *
 * A trajectory is one training that several tasks are points of. Each point may
 * start from the one before, an edge of order that is no part of the key, so a
 * further point changes no other's key.
 */
import { canonical, type JsonObject } from "../base/canonical.ts";
import { sha256 } from "../base/digest.ts";
import { ExperimentError } from "../base/errors.ts";
import type { Numerics } from "../base/numerics.ts";
import { compareText, sortTopologically } from "../base/order.ts";
import { asSet, choicesRead, type TaskParts, type Waiting, withChoices } from "./choices.ts";
import { digestFiles, type FileAsk, type ReadFileDigest } from "./files.ts";
import { digestsByPath, filledRoles, type Identity, identityOf, keyOf } from "./key.ts";
import type { ModelKeeping, Task, TaskCell } from "./node.ts";
import type { RequestRef, TaskRequest } from "./request.ts";
import type { Chosen, InputRef, InputRoles, TaskKind } from "./task.ts";

/** All tasks of an experiment, and how they hang together. */
export interface TaskGraph {
  /** By key, in an order in which every task comes after its inputs and its start. */
  readonly tasks: ReadonlyMap<string, Task>;
  /** The task's key by the id of a request. */
  readonly ofRequest: ReadonlyMap<string, string>;
  /** What each key is the hash of. */
  readonly identities: ReadonlyMap<string, Identity>;
  /** The kinds that the tasks are of, by name. */
  readonly kinds: ReadonlyMap<string, TaskKind>;
  /** The keys on a trajectory by its id, sorted by step and then by key. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** The hidden task, by the key of the annealed one that branches off it. */
  readonly trunkOf: ReadonlyMap<string, string>;
  /** Why a task cannot share its training with others, where its kind says so. */
  readonly unshared: ReadonlyMap<string, string>;
  /** Files that are not there, of which the spec declares what they hold. */
  readonly absent: ReadonlySet<string>;
  /** Those that have no key yet, by the key under which they stand until choices are made. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** The choices that a task follows, by its key: what they chose is part of the key. */
  readonly follows: ReadonlyMap<string, readonly string[]>;
  /** What choices have come to, of those that are made. */
  readonly chosen: ReadonlyMap<string, Chosen>;
  /** What identities were made with besides the requests. */
  readonly made: MadeWith;
}

/** What identities are made with besides requests. */
export interface MadeWith {
  /** What computes. */
  readonly numerics: Numerics;
  /** Digests of outside files by their paths. */
  readonly digests: ReadonlyMap<string, string>;
}

/** What `buildGraph` needs besides the requests. */
export interface BuildOptions {
  /** What computes; enters the keys of numeric kinds. */
  readonly numerics: Numerics;
  /** Digests of outside files; reads them from disk if absent. */
  readonly readFileDigest?: ReadFileDigest;
  /**
   * Whether files may be absent of which the spec declares what they hold. Keys of what is made
   * from them are then no keys of a run: such a graph is for a plan alone.
   */
  readonly allowsAbsent?: boolean;
  /** What the choice of a key has come to, if it is made; none is if absent. */
  readonly chosenOf?: ((key: string) => Promise<Chosen | undefined>) | undefined;
}

/**
 * The graph that an experiment's requests make.
 *
 * @param requests every request that another refers to is among them, in any
 *   order and without a cycle
 * @throws ExperimentError "graph/missing-file" or "graph/unreadable-file" for
 *   every outside file that cannot be read
 */
export async function buildGraph(
  requests: readonly TaskRequest[],
  options: BuildOptions,
): Promise<TaskGraph> {
  const asks = requests.flatMap(fileAsks);
  const { readFileDigest: read, allowsAbsent, numerics, chosenOf } = options;
  const { digests, absent } = await digestFiles(asks, { read, allowsAbsent });
  const draft = new GraphDraft({ numerics, digests });
  for (const request of inputsFirst(requests)) {
    const key = draft.add(request);
    // What waits for another choice has made none.
    if (request.kind.chooses !== true) continue;
    draft.choices.set(key, draft.waiting.has(key) ? undefined : await chosenOf?.(key));
  }
  return { ...draft.finish(), absent };
}

function fileAsks(request: TaskRequest): FileAsk[] {
  const files = request.kind.files?.(request.params) ?? [];
  const isDeclared = request.kind.isDeclared?.(request.params) ?? false;
  return files.map(({ path, namedBy, file, mend }) => ({
    file,
    isDeclared,
    at: request.positionOf(namedBy ?? path),
    mend,
  }));
}

/** The requests, each after those that it refers to; otherwise in the order given. */
function inputsFirst(requests: readonly TaskRequest[]): TaskRequest[] {
  const byId = new Map(requests.map((request) => [request.id, request]));
  if (byId.size < requests.length) throw new Error("two requests have one id");
  return inOrder(byId.keys(), (id) => {
    const refs: RequestRef[] = Object.values(byId.get(id)!.inputs).flat();
    return refs.map((ref) => ref.request);
  }).map((id) => byId.get(id)!);
}

/** As `sortTopologically`, of names that have an order: a circle is a bug of the caller. */
function inOrder(
  names: Iterable<string>,
  needs: (name: string) => readonly string[],
): readonly string[] {
  const { sorted, circles } = sortTopologically(names, needs);
  const [circle] = circles;
  if (circle === undefined) return sorted;
  throw new Error(`these need each other: ${circle.map((each) => `"${each}"`).join(", ")}`);
}

/** What stands beside the parts of a task that is added. */
export interface Addition {
  /** Where it stands. */
  readonly cells: readonly TaskCell[];
  /** Why its model is kept. */
  readonly keepsModel?: ModelKeeping | undefined;
  /** What it waits for; absent: nothing. */
  readonly waiting?: Waiting | undefined;
}

/** A graph while tasks are added to it, each after those that it reads. */
export class GraphDraft {
  /** By key those that choose: what they have come to, undefined where that is not known. */
  readonly choices = new Map<string, Chosen | undefined>();
  /** Those that have no key yet. */
  readonly waiting = new Map<string, Waiting>();
  readonly #tasks = new Map<string, Task>();
  readonly #cells = new Map<string, Map<string, TaskCell>>();
  readonly #keepsModel = new Map<string, ModelKeeping>();
  readonly #ofRequest = new Map<string, string>();
  readonly #identities = new Map<string, Identity>();
  readonly #kinds = new Map<string, TaskKind>();
  readonly #trunkOf = new Map<string, string>();
  readonly #unshared = new Map<string, string>();
  readonly #follows = new Map<string, readonly string[]>();

  /** Nothing is in it yet. */
  constructor(readonly made: MadeWith) {}

  /** Adds the task that a request asks for, unless an equal one is there; returns its key. */
  add(request: TaskRequest): string {
    const inputs: Record<string, readonly InputRef[]> = {};
    const roles: InputRoles = request.kind.inputs;
    for (const [role, refs] of Object.entries(request.inputs)) {
      const found = refs.map((ref) => ({
        key: this.#ofRequest.get(ref.request)!,
        output: ref.output,
      }));
      inputs[role] = roles[role]?.isSet === true ? asSet(found) : found;
    }
    const { kind, params, cell, keepsModel, taken = [] } = request;
    const parts = { kind, params, inputs: filledRoles(inputs) };
    const key = this.#addFollowing(parts, { cells: [cell], keepsModel, taken });
    this.#ofRequest.set(request.id, key);
    return key;
  }

  /** Adds a task with what was chosen in the place of choices, as far as they are made. */
  #addFollowing(
    parts: TaskParts,
    { taken, ...addition }: Omit<Addition, "waiting"> & { readonly taken: readonly string[] },
  ): string {
    if (this.choices.size === 0) return this.addParts(parts, addition);
    const read = choicesRead(parts, (key) => this.choices.has(key));
    const open = new Set(read.filter((key) => this.choices.get(key) === undefined));
    for (const { key } of Object.values(parts.inputs).flat()) {
      for (const choice of this.waiting.get(key)?.choices ?? []) open.add(choice);
    }
    if (open.size > 0) {
      return this.addParts(parts, { ...addition, waiting: { choices: open, taken } });
    }
    if (read.length === 0) return this.addParts(parts, addition);
    try {
      const chosenOf = (key: string) => this.choices.get(key);
      const key = this.addParts(withChoices(parts, { chosenOf, taken }), addition);
      this.#follows.set(key, read);
      return key;
    } catch (error) {
      if (!(error instanceof ExperimentError)) throw error;
      // The task fails with it when it is its turn.
      const choices = new Set(read);
      return this.addParts(parts, { ...addition, waiting: { choices, taken } });
    }
  }

  /** Adds the task of some parts unless an equal one is there; returns its key. */
  addParts(parts: TaskParts, { cells, keepsModel, waiting }: Addition): string {
    const key = this.#addTask(parts, waiting);
    for (const cell of cells) this.#cells.get(key)!.set(canonical(cell), cell);
    // What one stage asks for is not undone by another that only reads it.
    if (keepsModel !== undefined && this.#keepsModel.get(key) !== "asked") {
      this.#keepsModel.set(key, keepsModel);
    }
    return key;
  }

  /** A task that was added; its start is not known before all are. */
  taskOf(key: string): Task {
    return this.#tasks.get(key)!;
  }

  /** Adds the task if it is new, with the trunk it branches off; returns its key. */
  #addTask(parts: TaskParts, waiting: Waiting | undefined): string {
    const { kind, params, inputs } = parts;
    const files = digestsByPath(kind.files?.(params) ?? [], this.made.digests);
    const identity = identityOf({ ...parts, numerics: this.made.numerics, files });
    const key = keyOf(identity);
    if (this.#tasks.has(key)) return key;
    if (waiting !== undefined) this.waiting.set(key, waiting);
    this.#kinds.set(kind.kind, kind);
    this.#identities.set(key, identity);
    this.#cells.set(key, new Map());
    const trunk = kind.trunk?.(params) as JsonObject | undefined;
    if (trunk !== undefined) {
      this.#trunkOf.set(key, this.#addTask({ ...parts, params: trunk }, waiting));
    }
    const trajectory = trunk === undefined ? this.#trajectoryOf(key, parts, files) : undefined;
    this.#tasks.set(key, {
      key,
      kind: kind.kind,
      version: kind.version,
      params,
      inputs,
      ...(trajectory === undefined ? {} : { trajectory }),
      cells: [],
    });
    return key;
  }

  #trajectoryOf(
    key: string,
    { kind, params, inputs }: TaskParts,
    files: ReadonlyMap<string, string>,
  ): { id: string; step: number } | undefined {
    const point = kind.trajectory?.(params);
    if (point === undefined) return undefined;
    if ("whyNot" in point) {
      this.#unshared.set(key, point.whyNot);
      return undefined;
    }
    const id = sha256(canonical({
      kind: kind.kind,
      version: kind.version,
      shared: point.shared,
      inputs,
      files: Object.fromEntries(files),
      numerics: kind.isNumeric ? this.made.numerics : null,
    }));
    return { id, step: point.step };
  }

  /** What was added, in order; inputs that are not in it are taken to be there. */
  finish(): Omit<TaskGraph, "absent"> {
    const chains = this.#chains();
    const starts = new Map(this.#trunkOf);
    for (const chain of chains.values()) {
      for (const [key, start] of this.#startsAlong(chain)) starts.set(key, start);
    }
    const order = inOrder(this.#tasks.keys(), (key) => {
      const start = starts.get(key);
      const inputs = Object.values(this.#tasks.get(key)!.inputs).flat().map((ref) => ref.key)
        .filter((input) => this.#tasks.has(input));
      return start === undefined ? inputs : [...inputs, start];
    });
    const tasks = new Map(order.map((key) => {
      const start = starts.get(key);
      const cells = [...this.#cells.get(key)!.values()];
      const keepsModel = this.#keepsModel.get(key);
      const kept = keepsModel === undefined ? {} : { keepsModel };
      const task = { ...this.#tasks.get(key)!, ...kept, cells };
      return [key, start === undefined ? task : { ...task, start }];
    }));
    return {
      tasks,
      ofRequest: this.#ofRequest,
      identities: this.#identities,
      kinds: this.#kinds,
      chains,
      trunkOf: this.#trunkOf,
      unshared: this.#unshared,
      waiting: this.waiting,
      follows: this.#follows,
      chosen: new Map([...this.choices].flatMap(([key, chosen]) => chosen ? [[key, chosen]] : [])),
      made: this.made,
    };
  }

  #chains(): Map<string, string[]> {
    const chains = new Map<string, string[]>();
    for (const { key, trajectory } of this.#tasks.values()) {
      if (trajectory === undefined) continue;
      const chain = chains.get(trajectory.id);
      if (chain === undefined) chains.set(trajectory.id, [key]);
      else chain.push(key);
    }
    const stepOf = (key: string) => this.#tasks.get(key)!.trajectory!.step;
    for (const chain of chains.values()) {
      chain.sort((a, b) => stepOf(a) - stepOf(b) || compareText(a, b));
    }
    return chains;
  }

  /** For each point but the first its start: the point before, at a smaller step. */
  *#startsAlong(chain: readonly string[]): Iterable<[string, string]> {
    const stepOf = (key: string) => this.#tasks.get(key)!.trajectory!.step;
    let before: string | undefined;
    let previous: string | undefined;
    for (const key of chain) {
      if (previous !== undefined && stepOf(previous) < stepOf(key)) before = previous;
      if (before !== undefined) yield [key, before];
      previous = key;
    }
  }
}
